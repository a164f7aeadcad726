/* Under which addresses other machines reach this one. */
#ifndef PN_WEB_ADDRESSES_H
#define PN_WEB_ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>

enum { PN_ADDRESS = 64 };

/* Whether a server that listens at `host` listens at all addresses of the machine. */
bool pn_address_is_every(const char *host);

/* Fills in at most `most` addresses as they stand in a URL, those of IPv6 in brackets and only
 * where `host` is one of IPv6; not the machine's own (127.0.0.1) and not those of one link. Returns
 * how many. */
size_t pn_address_list(const char *host, char (*address)[PN_ADDRESS], size_t most);

#endif
