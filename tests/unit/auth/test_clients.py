"""Clients by their addresses."""

from __future__ import annotations

import pytest

from jotbase.auth.clients import client_name


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", ""),
        ("unknown", ""),
        ("192.0.2.7, 10.0.0.1", ""),
    ],
)
def test_addresses_of_one_subscriber_are_one_client(address: str, name: str) -> None:
    """IPv4 by its address, IPv6 by its /64; what is no address is nobody."""
    assert client_name(address) == name
