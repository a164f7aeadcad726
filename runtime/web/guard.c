#define _GNU_SOURCE
#include "web/guard.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

bool pn_guard_is_local(const char *host) {
    struct in_addr four;
    struct in6_addr six;
    if (strcasecmp(host, "localhost") == 0) return true;
    if (inet_pton(AF_INET, host, &four) == 1) return ntohl(four.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

int pn_guard_make_token(char token[PN_TOKEN]) {
    static const char digits[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    unsigned char random[32];
    if (getrandom(random, sizeof random, 0) != sizeof random) return -1;
    for (size_t i = 0; i < sizeof random; i++) token[i] = digits[random[i] & 63];
    token[sizeof random] = '\0';
    return 0;
}

bool pn_guard_same(const char *given, const char *token) {
    const size_t size = strlen(token), other = strlen(given);
    volatile unsigned char differ = size != other;
    for (size_t i = 0; i < other; i++)
        differ |= (unsigned char)(given[i] ^ token[size ? i % size : 0]);
    return !differ;
}

/* The name in "name", "name:port" or "[address]:port"; false when it is none of these. */
static bool host_name(const char *host, char *name, size_t room) {
    const char *end = NULL;
    if (*host == '[') {
        end = strchr(++host, ']');
        if (!end || (end[1] && end[1] != ':')) return false;
    } else {
        end = host + strcspn(host, ":");
    }
    const char *port = *end == ']' ? end + 1 : end;
    if (*port == ':' && (!port[1] || port[1 + strspn(port + 1, "0123456789")])) return false;
    const size_t size = (size_t)(end - host);
    if (size == 0 || size >= room) return false;
    memcpy(name, host, size);
    name[size] = '\0';
    return true;
}

bool pn_guard_host(const pn_guard *guard, const char *host) {
    char name[256];
    if (!host || !host_name(host, name, sizeof name)) return false;
    return !guard->local || pn_guard_is_local(name);
}

bool pn_guard_origin(const char *origin, const char *host, const char *site) {
    if (site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0) return false;
    if (!origin) return true;
    const char *at = strstr(origin, "://");
    return at && host && strcasecmp(at + 3, host) == 0;
}

void pn_guard_cookie(const char *host, char name[PN_COOKIE]) {
    const char *colon = host ? strrchr(host, ':') : NULL;
    const size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;
    const bool port = digits > 0 && digits <= 5 && colon[1 + digits] == '\0';
    snprintf(name, PN_COOKIE, "pneuma_token_%s", port ? colon + 1 : "80");
}

bool pn_guard_token(const pn_guard *guard, const char *authorization, const char *cookie) {
    static const char bearer[] = "Bearer ";
    if (!guard->token[0]) return true;
    if (authorization && strncasecmp(authorization, bearer, sizeof bearer - 1) == 0)
        return pn_guard_same(authorization + sizeof bearer - 1, guard->token);
    return cookie && pn_guard_same(cookie, guard->token);
}
