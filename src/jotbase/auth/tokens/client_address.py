"""The client's address, from the connection or `X-Forwarded-For`, as a key for rate limits.

In charge of which address is trusted, and of mapping all IPv6 addresses of one subscriber to one
key. Must not know what is limited.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address

from jotbase.values import Principal, Request

#: The hosts by which a machine calls itself.
LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))
#: The prefix length of one subscriber's IPv6 network (RFC 6177), who could otherwise use a new
#: address for each request.
_SUBSCRIBER_PREFIX = 64


@lru_cache(maxsize=4096)
def client_name(address: str) -> str:
    """Return the client's key: an IPv4 address, the /64 network of an IPv6 address, else ""."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(IPv6Network((ip, _SUBSCRIBER_PREFIX), strict=False))
    return str(ip)


def client_of(headers: Mapping[str, str], peer: str, proxies: int) -> str:
    """Return the key of the client behind that many trusted proxies; `peer` is the connection's
    address.

    Each proxy appends the address of its own client to `X-Forwarded-For`, so only the last
    `proxies` entries can be trusted; the ones before them may be forged.
    """
    if proxies == 0:
        return client_name(peer)
    forwarded = [part.strip() for part in headers.get("x-forwarded-for", "").split(",")]
    chain = [*filter(None, forwarded), peer]
    return client_name(_without_port(chain[max(0, len(chain) - 1 - proxies)]))


def share_owner(caller: Principal, request: Request, proxies: int, before: str = "") -> str:
    """Return the owner of a share of threads: a user, or the client of a caller without one.

    "" is returned for the service role, which has no share. A view's own request, which has
    no client, takes the share of who was counted `before`.
    """
    if caller.is_service:
        return ""
    if caller.id or not request.client:
        return caller.id or before or caller.role
    return f"{caller.role} {client_of(request.headers, request.client, proxies)}"


def _without_port(address: str) -> str:
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address
