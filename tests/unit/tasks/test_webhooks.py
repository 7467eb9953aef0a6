"""The signature of webhooks, and the addresses that they may be sent to."""

from __future__ import annotations

import pytest

from jotbase.tasks.webhooks import is_public, message_id, read_secrets, signatures

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of the Standard Webhooks libraries comes out as there."""
    body = b'{"test": 2432232314}'
    made = signatures(read_secrets(SECRET), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)

    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_is_changed_without_a_gap() -> None:
    """Of an old and a new one, each signs."""
    both = signatures(read_secrets(f"{SECRET} {SECRET[:-4]}AAAA"), "m", 1, b"").split()
    assert len(both) == len(set(both)) == 2
    assert both[0] == signatures(read_secrets(SECRET), "m", 1, b"")


@pytest.mark.parametrize(
    "text", ["", "whsec_é", "whsec_", "whsec_short", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
)
def test_a_weak_secret_is_refused(text: str) -> None:
    """A key has 24 bytes at least."""
    with pytest.raises(ValueError, match="24 to 64 bytes"):
        read_secrets(text)


def test_an_id_has_no_full_stop() -> None:
    """A key's time has one, which the signed text would be split at."""
    assert message_id("webhook-a/7/2026-01-01T00:00:00.123Z") == (
        "webhook-a_7_2026-01-01T00_00_00_123Z"
    )


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
    ],
)
def test_private_addresses_are_told(address: str) -> None:
    """Loopback, private, link-local and shared ones, and what stands for one of them."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111"])
def test_public_addresses_are_told(address: str) -> None:
    """An address that anybody could send to."""
    assert is_public(address)
