"""What counts as this machine."""

import pytest

from doctor.address import is_loopback


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST.", "127.0.0.1", "127.8.9.1", "::1", "[::1]", "0.0.0.0", "a.localhost"]
)
def test_these_are_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["192.168.1.5", "10.0.0.1", "example.org", "fe80::1", "localhost.evil.org", ""])
def test_these_are_not(host: str) -> None:
    assert not is_loopback(host)
