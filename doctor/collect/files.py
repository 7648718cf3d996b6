"""Small reads of files that the kernel or the system writes: bounded, and None instead of an error."""

from pathlib import Path

MAX_BYTES = 1 << 20


def text(path: Path, limit: int = MAX_BYTES) -> str | None:
    """The first `limit` bytes of the file as text; None when it is missing or unreadable."""
    try:
        with path.open("rb") as file:
            return file.read(limit).decode(errors="replace")
    except (OSError, ValueError):
        return None


def word(path: Path) -> str | None:
    """The file's text without outer space; None when there is none."""
    read = text(path, 4096)
    return read.strip() or None if read is not None else None


def number(path: Path) -> float | None:
    """The number that the file starts with; None for anything else, such as the `max` of a cgroup."""
    read = word(path)
    if read is None:
        return None
    try:
        return float(read.split()[0])
    except ValueError:
        return None


def entries(path: Path, pattern: str) -> list[Path]:
    """Matching entries of a directory in order; none when it is missing or unreadable."""
    try:
        return sorted(path.glob(pattern))
    except OSError:
        return []
