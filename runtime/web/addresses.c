#define _GNU_SOURCE
#include "web/addresses.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

static const char every_four[] = "0.0.0.0", every_six[] = "::";

bool pn_address_is_every(const char *host) {
    return strcmp(host, every_four) == 0 || strcmp(host, every_six) == 0;
}

static bool write_four(const struct sockaddr *from, char to[PN_ADDRESS]) {
    const struct sockaddr_in *a = (const struct sockaddr_in *)(const void *)from;
    return inet_ntop(AF_INET, &a->sin_addr, to, PN_ADDRESS) != NULL;
}

static bool write_six(const struct sockaddr *from, char to[PN_ADDRESS]) {
    const struct sockaddr_in6 *a = (const struct sockaddr_in6 *)(const void *)from;
    char text[INET6_ADDRSTRLEN];
    if (IN6_IS_ADDR_LINKLOCAL(&a->sin6_addr)) return false; /* would need the link's name, too */
    if (!inet_ntop(AF_INET6, &a->sin6_addr, text, sizeof text)) return false;
    snprintf(to, PN_ADDRESS, "[%s]", text);
    return true;
}

size_t pn_address_list(const char *host, char (*address)[PN_ADDRESS], size_t most) {
    const bool six = strcmp(host, every_six) == 0;
    struct ifaddrs *all;
    size_t count = 0;
    if (getifaddrs(&all) != 0) return 0;
    for (const struct ifaddrs *i = all; i && count < most; i = i->ifa_next) {
        if (!i->ifa_addr || !(i->ifa_flags & IFF_UP) || (i->ifa_flags & IFF_LOOPBACK)) continue;
        if (i->ifa_addr->sa_family == AF_INET)
            count += write_four(i->ifa_addr, address[count]);
        else if (six && i->ifa_addr->sa_family == AF_INET6)
            count += write_six(i->ifa_addr, address[count]);
    }
    freeifaddrs(all);
    return count;
}
