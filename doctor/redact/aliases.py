"""Aliases: one value, one alias, in order of first appearance, and nothing of the value in it.

Values are looked up by a keyed digest, so that the table of a run gives nothing away. The key is random and lives as
long as the output, unless the user asks for the same aliases in every report; then key and table are kept in a file
that only the user can read.
"""

import hashlib
import hmac
import ipaddress
import json
import os
import secrets
from collections import Counter
from pathlib import Path
from typing import Any

from doctor.errors import UsageError
from doctor.redact.late import late

KEY_BYTES = 32


class Aliases:
    """The table of one output. `counts` says how many replacements were made, by kind."""

    def __init__(self, key: bytes | None = None, table: dict[str, str] | None = None) -> None:
        self.key = key or secrets.token_bytes(KEY_BYTES)
        self.table = table or {}
        self.counts: Counter[str] = Counter()
        self._next: Counter[str] = Counter()
        for alias in self.table.values():
            name, _, number = alias.rpartition("-")
            self._next[name] = max(self._next[name], int(number))

    def of(self, kind: str, value: str) -> str:
        """The alias of a value."""
        if kind == "home":
            return "~"
        if kind in ("lan", "wan"):
            return self._address(value)
        # Whatever gave a secret away, the same one has the same alias: two places that hold one key can be told.
        return self._numbered(kind if kind in NAMED else "removed-secret", canonical(kind, value))

    def _numbered(self, name: str, value: str) -> str:
        digest = hmac.new(self.key, f"{name}\0{value}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()
        alias = self.table.get(digest)
        if alias is None:
            self._next[name] += 1
            alias = self.table[digest] = f"{name}-{self._next[name]}"
        return alias

    def _address(self, value: str) -> str:
        """`lan-1.4`: the fourth address seen of the first private network; `wan-1` for a public one."""
        address = ipaddress.ip_address(value)
        if not is_private(address):
            return self._numbered("wan", address.compressed)
        prefix = 24 if address.version == 4 else 64
        network = self._numbered("lan", str(ipaddress.ip_network((address, prefix), strict=False)))
        return network + "." + self._numbered(f"{network}.", address.compressed).rpartition("-")[2]


# What an alias looks like, so that a text that was redacted already stays as it is.
ALIAS_WORD = late(
    r"(?:removed-[a-z-]{1,20}-\d+|(?:user|host|lan|wan|mac|gpu|person|email|serial|uuid|remote)-\d+(?:\.\d+)?|~)"
)
NAMED = frozenset({"user", "host", "mac", "gpu", "person", "email", "serial", "uuid", "remote"})


def is_private(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address belongs to an inner network, the carrier-grade range that VPNs use included."""
    return address.is_private or (address.version == 4 and address in CARRIER)


CARRIER = ipaddress.ip_network("100.64.0.0/10")


def canonical(kind: str, value: str) -> str:
    """The form in which two spellings of one thing are the same."""
    if kind == "mac":
        return value.lower().replace("-", ":")
    if kind in ("host", "email", "gpu", "uuid"):
        return value.lower().rstrip(".")
    return value


def stable(path: Path) -> Aliases:
    """The aliases of earlier reports, or a new table. Raises UsageError for a file that cannot be trusted."""
    if not path.exists():
        return Aliases()
    try:
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise UsageError(f"{path} can be read by others, so its aliases protect nobody: chmod 600 it, or remove it")
        saved: Any = json.loads(path.read_text(encoding="utf-8"))
        return Aliases(bytes.fromhex(saved["key"]), {str(k): str(v) for k, v in saved["aliases"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        msg = f"{path} does not hold aliases any more; remove it to begin anew"
        raise UsageError(msg) from error


def keep(aliases: Aliases, path: Path) -> None:
    """Save the table for the next report, readable by the user alone. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump({"key": aliases.key.hex(), "aliases": aliases.table}, file)
    temporary.replace(path)
