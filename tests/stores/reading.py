"""Open an index as the command does, and show that a folder was not changed."""

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

from doctor.stores import Store, opened
from tests.rag.indexes import Place


@contextlib.contextmanager
def reading(place: Place, **options) -> Iterator[Store]:
    store = opened(place[0], place[1], **options).store
    try:
        yield store
    finally:
        store.close()


def state(path: str) -> dict[str, tuple[int, int, str]]:
    """Size, time of change and hash of every file below a path, and the times of its folders."""
    root = Path(path)
    found = {}
    for entry in [root, *root.rglob("*")]:
        told = entry.stat()
        digest = hashlib.sha256(entry.read_bytes()).hexdigest() if entry.is_file() else "folder"
        found[str(entry)] = (told.st_size, told.st_mtime_ns, digest)
    return found


def content(path: str) -> dict[str, str]:
    """A hash of every file below a path, read piece by piece."""
    root = Path(path)
    files = [root] if root.is_file() else [entry for entry in root.rglob("*") if entry.is_file()]
    found = {}
    for file in files:
        with file.open("rb") as opened_file:
            found[str(file)] = hashlib.file_digest(opened_file, "sha256").hexdigest()
    return found
