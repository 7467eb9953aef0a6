"""Clients by their addresses."""

from __future__ import annotations

import pytest

from jotbase.auth.tokens.client_address import client_name, client_of, share_owner
from jotbase.values import ANONYMOUS, SERVICE, Principal, Request


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


@pytest.mark.parametrize(
    ("forwarded", "proxies", "name"),
    [
        (None, 0, "192.0.2.1"),
        ("198.51.100.7", 0, "192.0.2.1"),
        ("198.51.100.7", 1, "198.51.100.7"),
        ("203.0.113.1, 198.51.100.7", 1, "198.51.100.7"),
        ("203.0.113.1, 198.51.100.7,10.0.0.1", 2, "198.51.100.7"),
        ("198.51.100.7:4711", 1, "198.51.100.7"),
        ("[2001:db8::1]:4711", 1, "2001:db8::/64"),
        ("198.51.100.7", 3, "198.51.100.7"),
        ("nonsense", 1, ""),
        (None, 1, "192.0.2.1"),
        (" , ", 1, "192.0.2.1"),
    ],
)
def test_a_proxys_word_is_taken_where_there_is_one(
    forwarded: str | None, proxies: int, name: str
) -> None:
    """From the right, as many as there are proxies: what a client writes itself stands before."""
    headers = {} if forwarded is None else {"x-forwarded-for": forwarded}

    assert client_of(headers, "192.0.2.1", proxies) == name


ANA = Principal(id="a1", role="authenticated")


@pytest.mark.parametrize(
    ("caller", "client", "before", "owner"),
    [
        (ANA, "192.0.2.1", "", "a1"),
        (ANA, "", "b2", "a1"),
        (ANONYMOUS, "192.0.2.1", "", "anon 198.51.100.7"),
        (Principal(role="guest"), "192.0.2.1", "b2", "guest 198.51.100.7"),
        (ANONYMOUS, "", "b2", "b2"),
        (ANONYMOUS, "", "", "anon"),
        (Principal(role=SERVICE), "192.0.2.1", "b2", ""),
    ],
)
def test_a_share_of_threads_is_a_users_or_a_clients(
    caller: Principal, client: str, before: str, owner: str
) -> None:
    """Without an account the address counts; a view's own request counts for the view's caller."""
    headers = {"x-forwarded-for": "203.0.113.1, 198.51.100.7"}
    asked = Request("GET", "/rest/v1/jobs", "", headers, client=client)

    assert share_owner(caller, asked, 1, before) == owner
