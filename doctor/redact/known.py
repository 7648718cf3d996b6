"""What is known on this machine and must not leave it: names of people and hosts, serial numbers, keys at hand."""

import contextlib
import getpass
import os
import platform
import re
import socket
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from doctor.redact.late import late
from doctor.redact.names import is_placeholder, is_secret_name
from doctor.redact.vocabulary import words

# Names that many machines share: they tell nothing about anybody, and some are words of every log line.
COMMON_USERS = words("common_users")
COMMON_HOSTS = words("common_hosts")
# A user called Max is aliased in paths and addresses only; as a bare word his name is in every report.
MIN_BARE_NAME = 5
COMMON_WORDS = words("common_words")
DMI = Path("/sys/class/dmi/id")
DMI_FILES = ("product_serial", "board_serial", "chassis_serial", "product_uuid")
MACHINE_IDS = ("/etc/machine-id", "/var/lib/dbus/machine-id")
NO_SERIAL = late(
    r"(?i)(?:to be filled.*|default string|not (?:specified|applicable|available)|none|n/?a|system serial number|0+"
    r"|[x*. -]*)\Z"
)
TOKEN_FILES = (".cache/huggingface/token", ".huggingface/token", ".config/llm-doctor/api-key")
MIN_SECRET = 8
MAX_FILE_BYTES = 4096


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Literals of this machine by kind. `secrets` are replaced at every level, the rest only where names are."""

    secrets: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    full_names: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    homes: tuple[str, ...] = ()
    serials: tuple[str, ...] = ()


def gather(environment: Mapping[str, str] | None = None, secrets: Iterable[str] = ()) -> Known:
    """What this process can learn about its machine without asking anybody; `secrets` are keys that it was given."""
    variables = os.environ if environment is None else environment
    users, full_names = _people(variables)
    return Known(
        secrets=_secrets(variables, secrets),
        users=users,
        full_names=full_names,
        hosts=_hosts(),
        homes=_homes(variables),
        serials=_serials(),
    )


def worth_hiding(value: str) -> bool:
    """Whether a secret can be replaced wherever it stands: not if it is short or an everyday word."""
    if len(value) < MIN_SECRET or is_placeholder(value):
        return False
    kinds = sum(bool(re.search(kind, value)) for kind in ("[a-z]", "[A-Z]", "[0-9]", "[^A-Za-z0-9]"))
    return kinds >= 2 or len(value) >= 16


def _secrets(variables: Mapping[str, str], more: Iterable[str]) -> tuple[str, ...]:
    found = [*more, *(value for name, value in variables.items() if is_secret_name(name))]
    for name in TOKEN_FILES:
        with contextlib.suppress(OSError, RuntimeError, UnicodeDecodeError):
            path = Path.home() / name
            if path.stat().st_size <= MAX_FILE_BYTES:
                found.append(path.read_text(encoding="utf-8").strip())
    return tuple(dict.fromkeys(value for value in found if worth_hiding(value)))


def _people(variables: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    names = [variables.get(name, "") for name in ("USER", "LOGNAME", "USERNAME", "SUDO_USER")]
    full_names: list[str] = []
    with contextlib.suppress(
        OSError, KeyError, ImportError
    ):  # an account without a name; which error depends on Python
        names.append(getpass.getuser())
    if sys.platform != "win32":
        import pwd

        for name in filter(None, set(names)):
            with contextlib.suppress(KeyError):
                full_names.append(pwd.getpwnam(name).pw_gecos.split(",")[0].strip())
    users = tuple(dict.fromkeys(name for name in names if name and name.lower() not in COMMON_USERS))
    return users, tuple(name for name in full_names if " " in name and len(name) >= MIN_BARE_NAME)


def _hosts() -> tuple[str, ...]:
    names = {socket.gethostname(), platform.node()}
    names |= {name.partition(".")[0] for name in names}
    return tuple(sorted((name for name in names if is_telling_host(name)), key=len, reverse=True))


def is_telling_host(name: str) -> bool:
    """Whether a host's name says something about whose it is."""
    return len(name) >= 3 and name.lower().rstrip(".") not in COMMON_HOSTS and not name.isdigit()


def _homes(variables: Mapping[str, str]) -> tuple[str, ...]:
    homes = [variables.get("HOME", ""), variables.get("USERPROFILE", "")]
    with contextlib.suppress(RuntimeError, OSError):
        homes += [str(Path.home()), str(Path.home().resolve())]
    return tuple(dict.fromkeys(home.rstrip("/\\") for home in homes if len(home.rstrip("/\\")) > 3))


def _serials() -> tuple[str, ...]:
    found = []
    for path in (*(DMI / name for name in DMI_FILES), *map(Path, MACHINE_IDS)):
        with contextlib.suppress(OSError, UnicodeDecodeError):
            text = path.read_text(encoding="ascii").strip()
            if len(text) >= 6 and not NO_SERIAL.match(text):
                found.append(text)
    return tuple(dict.fromkeys(found))
