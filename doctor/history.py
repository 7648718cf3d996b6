"""Past reports on this machine: one file each in the state folder, the newest kept, broken ones set aside."""

import contextlib
import datetime as dt
import re
import secrets
from pathlib import Path
from typing import NamedTuple

from doctor.errors import ReportError
from doctor.model import Report
from doctor.text import one_line

KEEP = 100  # a report of one server is about 60 KB
KEEP_DAYS = 90
NAME = re.compile(r"(?P<time>\d{8}T\d{6}Z)-(?P<state>ok|warning|critical|unknown)-[0-9a-f]{6}\.json\Z")


class Entry(NamedTuple):
    """A saved report, as its file's name tells."""

    path: Path
    time: dt.datetime
    state: str


def add(report: Report, folder: Path, keep: int = KEEP, keep_days: int = KEEP_DAYS) -> Path:
    """Save a report, redacted as it is, and forget those that are too old or too many. Raises OSError."""
    from doctor.report import render

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    time = _time(report.started).strftime("%Y%m%dT%H%M%SZ")
    path = folder / f"{time}-{report.state}-{secrets.token_hex(3)}.json"
    temporary = path.with_suffix(".new")
    temporary.write_text(render(report, "json"), encoding="ascii")
    temporary.chmod(0o600)
    temporary.replace(path)
    forget(folder, keep, keep_days)
    return path


def entries(folder: Path) -> list[Entry]:
    """What is kept, newest first. Files of other names are nobody's business."""
    found = []
    with contextlib.suppress(FileNotFoundError):
        for path in folder.iterdir():
            match = NAME.match(path.name)
            if match:
                with contextlib.suppress(ValueError):
                    time = dt.datetime.strptime(match["time"], "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
                    found.append(Entry(path, time, match["state"]))
    return sorted(found, key=lambda entry: (entry.time, entry.path.name), reverse=True)


def forget(folder: Path, keep: int, keep_days: int) -> int:
    """Remove what is beyond the number or the age; how many went."""
    limit = dt.datetime.now(dt.UTC) - dt.timedelta(days=keep_days)
    old = [entry for place, entry in enumerate(entries(folder)) if place >= keep or entry.time < limit]
    for entry in old:
        entry.path.unlink(missing_ok=True)
    return len(old)


def read(word: str, folder: Path) -> Report:
    """A report by `last`, by its number in the history (1 is the newest), by a date, or by a file's name.

    Raises ReportError with a sentence.
    """
    from doctor.report.json import read_file

    kept = entries(folder)
    if word == "last" or word.isdecimal():
        number = 1 if word == "last" else int(word)
        if not 1 <= number <= len(kept):
            raise ReportError(f"the history has {len(kept)} reports, none with number {number}")
        return read_file(str(kept[number - 1].path))
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}(?:T.*)?", word):
        time = _time(word)
        before = [entry for entry in kept if entry.time <= time]
        if not before:
            raise ReportError(f"the history has no report from {one_line(word, 40)} or before")
        return read_file(str(before[0].path))
    return read_file(word)


def _time(text: str) -> dt.datetime:
    """A moment; a date means its end. Raises ReportError."""
    try:
        time = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise ReportError(f"{one_line(text, 40)!r} is no date; write it as 2026-01-31 or 2026-01-31T14:25") from error
    if len(text) == 10:
        time += dt.timedelta(days=1, seconds=-1)
    return time.astimezone(dt.UTC)
