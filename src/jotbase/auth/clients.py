"""Which client asks: an address as text to the name under which its requests are counted.

In charge of taking the addresses that one subscriber has for one. Must not know how the address was
found (`http`) nor what is counted.
"""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network, ip_address

#: A subscriber is given 2^64 addresses of IPv6 (RFC 6177), and could else ask under each of them.
_SUBSCRIBER = 64


def client_name(address: str) -> str:
    """Return the client's name: an IPv4 address, a /64 of IPv6, "" for what is no address."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(IPv6Network((found, _SUBSCRIBER), strict=False))
    return str(found)
