"""The journal of a treatment: one line a record, on the disk before the change that it announces.

A treatment has a folder of its own below `$XDG_STATE_HOME/llm-doctor/treatments`, readable by its owner only, because a
server's environment may hold keys. A last line that a crash cut short is left out on reading: what it would have said
had not begun.
"""

import contextlib
import datetime as dt
import errno
import os
import re
import secrets
import sys
from collections.abc import Iterator, Mapping
from io import FileIO
from pathlib import Path
from typing import IO

import msgspec

from doctor import __version__
from doctor.errors import TreatError
from doctor.treat.acts import AnyAct, Began, Did, Doing, Ended, Record, Started, Undid
from doctor.treat.sync import sync_folder

NAME = "journal.jsonl"
IDENTITY = re.compile(r"[0-9]{8}-[0-9]{6}-[a-z0-9-]{1,60}-[0-9a-f]{4}")
MAX_BYTES = 64 << 20


def root(environment: Mapping[str, str] = os.environ, home: Path | None = None) -> Path:
    """Where all treatments are kept."""
    state = environment.get("XDG_STATE_HOME") or environment.get("LOCALAPPDATA")
    return (Path(state) if state else (home or Path.home()) / ".local" / "state") / "llm-doctor" / "treatments"


class Journal:
    """One treatment's journal, open for writing."""

    def __init__(self, folder: Path, file: FileIO) -> None:
        self.folder = folder
        self._file = file

    @property
    def id(self) -> str:
        """The treatment's name."""
        return self.folder.name

    def write(self, record: Record) -> None:
        """Append a record; it is on the disk when this returns. Raises TreatError; then nothing of it is left."""
        line = msgspec.json.encode(record) + b"\n"
        try:
            _append(self._file, line)
        except OSError as error:
            raise TreatError(f"the journal {self.folder / NAME} cannot be written: {error.strerror}") from error


def _append(file: FileIO, line: bytes) -> None:
    """Write the whole line or nothing: what is begun on a full disk would spoil the next one. Raises OSError."""
    begins = file.seek(0, os.SEEK_END)
    written = -1
    try:
        written = file.write(line)
        os.fsync(file.fileno())
    finally:
        if written != len(line):
            with contextlib.suppress(OSError):
                file.truncate(begins)
    if written != len(line):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@contextlib.contextmanager
def begun(cause: str, say: str, url: str, place: Path) -> Iterator[Journal]:
    """A new journal below `place`. Raises TreatError when it cannot be written: then nothing may be changed."""
    time = dt.datetime.now(dt.UTC)
    identity = f"{time:%Y%m%d-%H%M%S}-{re.sub(r'[^a-z0-9-]', '-', cause.lower())[:60]}-{secrets.token_hex(2)}"
    folder = place / identity
    with contextlib.ExitStack() as stack:
        try:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            stack.enter_context(_locked(place))
            folder.mkdir(mode=0o700)
            file = stack.enter_context((folder / NAME).open("xb", buffering=0))
            (folder / NAME).chmod(0o600)
            sync_folder(folder)
            sync_folder(place)
        except OSError as error:
            raise TreatError(f"no journal can be kept in {folder}: {error.strerror}; nothing was changed") from error
        journal = Journal(folder, file)
        journal.write(
            Began(
                id=identity, cause=cause, say=say, url=url, time=time.isoformat(timespec="seconds"), version=__version__
            )
        )
        yield journal


@contextlib.contextmanager
def reopened(folder: Path) -> Iterator[Journal]:
    """The journal of an earlier treatment, to be written on. Raises TreatError."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(_locked(folder.parent))
            file = stack.enter_context((folder / NAME).open("r+b", buffering=0))
            content = file.read()
            file.truncate(content.rfind(b"\n") + 1)  # what a crash cut short is no record
            file.seek(0, os.SEEK_END)
        except OSError as error:
            raise TreatError(f"the journal {folder / NAME} cannot be opened: {error.strerror}") from error
        yield Journal(folder, file)


def records(folder: Path) -> tuple[Record, ...]:
    """What a journal holds. Raises TreatError when it is no journal."""
    try:
        with (folder / NAME).open("rb") as file:
            content = file.read(MAX_BYTES)
    except OSError as error:
        raise TreatError(f"there is no journal in {folder}: {error.strerror}") from error
    lines = content.split(b"\n")[:-1]
    try:
        return tuple(msgspec.json.decode(line, type=Record) for line in lines)
    except (msgspec.DecodeError, RecursionError) as error:
        raise TreatError(f"{folder / NAME} is not a journal of this program: {error}") from error


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """What a journal says happened. `started` is the last process that an act started, by the act's number."""

    began: Began
    acts: dict[int, AnyAct]
    did: frozenset[int]
    undid: frozenset[int]
    started: dict[int, Started]
    outcome: str

    @property
    def open(self) -> tuple[int, ...]:
        """Acts that were begun and not taken back, the last one first."""
        return tuple(number for number in sorted(self.acts, reverse=True) if number not in self.undid)


def course(folder: Path) -> Course:
    """A treatment's course. Raises TreatError."""
    read = records(folder)
    began = next((record for record in read if isinstance(record, Began)), None)
    if began is None:
        raise TreatError(f"{folder / NAME} is not a journal of this program")
    return Course(
        began=began,
        acts={record.number: record.act for record in read if isinstance(record, Doing)},
        did=frozenset(record.number for record in read if isinstance(record, Did)),
        undid=frozenset(record.number for record in read if isinstance(record, Undid)),
        started={record.number: record for record in read if isinstance(record, Started)},
        outcome=next((record.outcome for record in reversed(read) if isinstance(record, Ended)), ""),
    )


def courses(place: Path) -> dict[Path, Course]:
    """What is known of all treatments, the newest first. One whose journal says nothing had not begun."""
    found: dict[Path, Course] = {}
    for folder in folders(place):
        with contextlib.suppress(TreatError):
            found[folder] = course(folder)
    return found


def folders(place: Path) -> list[Path]:
    """All treatments, the newest first."""
    try:
        return sorted((entry for entry in place.iterdir() if IDENTITY.fullmatch(entry.name)), reverse=True)
    except OSError:
        return []


@contextlib.contextmanager
def _locked(place: Path) -> Iterator[None]:
    """One treatment at a time: two would undo each other's changes. Raises TreatError."""
    with (place / "lock").open("ab") as file:
        try:
            _lock(file)
        except OSError:
            raise TreatError("another treatment is under way on this machine: wait until it has ended") from None
        yield


def _lock(file: IO[bytes]) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
