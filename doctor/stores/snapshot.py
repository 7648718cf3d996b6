"""A private copy of an index, for stores whose library writes into whatever it opens.

Chroma changes its database on opening (measured with 1.5), Qdrant's local mode writes a lock file and SQLite may leave
files of its own beside a database. The copy is made file by file while the original is only read, checked for writers
that were at work meanwhile, and thrown away at the end.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from doctor.errors import StoreError
from doctor.text import mib

TRIES = 3
SPARE_BYTES = 256 << 20  # left free on the disk that takes the copy
State = tuple[tuple[str, int, int], ...]


class Snapshot:
    """A copy that lives until `close`; `path` is the copied folder or file."""

    def __init__(self, source: Path, only: Sequence[str] = ()) -> None:
        """Copy a folder, or the files named in `only` from it. Raises StoreError."""
        self._folder = Path(tempfile.mkdtemp(prefix="llm-doctor-index-"))
        self.path = self._folder / "copy"
        with self.unless_opened():
            _copy(source, self.path, only)

    @contextlib.contextmanager
    def unless_opened(self) -> "Iterator[Snapshot]":
        """The copy, which is removed when the block that opens it fails."""
        with contextlib.ExitStack() as stack:
            stack.callback(self.close)
            yield self
            stack.pop_all()

    def close(self) -> None:
        """Remove the copy."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _copy(source: Path, target: Path, only: Sequence[str]) -> None:
    try:
        for _ in range(TRIES):
            before = state(source, only)
            _room_for(sum(size for _, size, _ in before), target.parent)
            shutil.rmtree(target, ignore_errors=True)
            for name, _, _ in before:
                _copy_file(source / name, target / name)
            if state(source, only) == before:
                return
    except OSError as error:
        raise StoreError(f"the index at {source} cannot be read: {error.strerror or error}") from error
    raise StoreError(f"the index at {source} is being written to just now; stop the indexing and try again")


def state(source: Path, only: Sequence[str] = ()) -> State:
    """Every file below a folder with its size and time of change in nanoseconds. Raises OSError."""
    found = []
    for path in _files(source, only):
        told = path.stat()
        found.append((path.relative_to(source).as_posix(), told.st_size, told.st_mtime_ns))
    return tuple(sorted(found))


def _files(source: Path, only: Sequence[str]) -> Iterator[Path]:
    if only:
        yield from (source / name for name in only if (source / name).is_file())
        return
    for folder, folders, names in os.walk(source, onerror=_raise):
        folders[:] = [name for name in folders if not (Path(folder) / name).is_symlink()]
        yield from (path for path in (Path(folder) / name for name in names) if path.is_file())


def _raise(error: OSError) -> None:
    raise error


def _room_for(size_bytes: int, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < size_bytes + SPARE_BYTES:
        raise StoreError(
            f"a copy of the index needs {mib(size_bytes)} in {folder.parent}, where {mib(free)} are free; "
            "set TMPDIR to a folder on a larger disk"
        )


def _copy_file(source: Path, target: Path) -> None:
    """Copy contents; on file systems that can, the copy shares its blocks with the original."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if hasattr(os, "copy_file_range"):
        with contextlib.suppress(OSError), source.open("rb") as old, target.open("wb") as new:
            while os.copy_file_range(old.fileno(), new.fileno(), 1 << 30):
                pass
            if target.stat().st_size == source.stat().st_size:
                return
    shutil.copyfile(source, target)
