"""Webhooks: the signature of a message, and which addresses one may be sent to.

In charge of both as rules. Must not know how a message is sent. Sources: Standard Webhooks
(https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md), and
the IANA's registries of special-purpose addresses as `ipaddress` has them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

#: What begins a secret, which is base64 behind it.
PREFIX = "whsec_"
#: IPv6 addresses that stand for an IPv4 one, wherever it is: NAT64, 6to4, Teredo, IPv4-compatible.
_TRANSLATED = tuple(
    map(IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96"))
)


def read_secrets(text: str) -> list[bytes]:
    """Return the keys of a secret, or of several with blanks between them: the old one and the new.

    Raises ValueError for one of less than 24 or more than 64 bytes.
    """
    return [_read_secret(one) for one in text.split() or [""]]


def _read_secret(text: str) -> bytes:
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except ValueError:
        key = b""
    if not text.startswith(PREFIX) or not 24 <= len(key) <= 64:
        raise ValueError(f"a webhook's secret is {PREFIX} and the base64 of 24 to 64 bytes")
    return key


def message_id(key: str) -> str:
    """Return a task's key as a message's id, which holds no full stop: the text is split there."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", key)


def signatures(keys: Sequence[bytes], identity: str, timestamp: int, body: bytes) -> str:
    """Return the `webhook-signature` of a message, by each of the keys."""
    signed = f"{identity}.{timestamp}.".encode() + body
    made = (hmac.new(key, signed, hashlib.sha256).digest() for key in keys)
    return " ".join(f"v1,{base64.b64encode(one).decode()}" for one in made)


def is_public(text: str) -> bool:
    """Return whether an address is one of the public internet, and stands for no other."""
    address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(str(address.ipv4_mapped))
        if any(address in network for network in _TRANSLATED):
            return False
    return address.is_global and not address.is_multicast
