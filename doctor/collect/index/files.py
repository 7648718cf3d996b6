"""The files that chunks name as their source, looked up on this machine: gone, or no longer holding the chunk's text.

A file that is newer than the index is not stale by that alone: copying changes dates. What proves it is a chunk whose
text the file no longer has, or a file that is gone from a folder that is still there.
"""

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path

from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import SourceFiles
from doctor.retrieval.words import words
from doctor.stores.store import Chunk

# Names of the metadata field that pipelines use, most telling first.
FIELDS = ("source", "file_path", "filepath", "path", "file", "source_file", "file_name", "filename", "name")
MAX_FILES = 200
MAX_FILE_BYTES = 5 << 20
PLAIN = (".txt", ".md", ".markdown", ".rst", ".csv", ".json", ".html", ".htm", ".py", ".toml", ".yaml", ".yml", ".log")
RUN = 8  # words in a row that must still stand in the file
HELD = 0.5  # of the chunk's runs; a changed file still holds what was not changed


async def collect_source_files(context: Context) -> SourceFiles:
    """Compare sampled chunks with their files. Raises Skip when no chunk names a file of this machine."""
    index = context.index
    chunks = await index.sample()
    field = next((name for name in FIELDS if any(isinstance(c.metadata.get(name), str) for c in chunks)), "")
    if not field:
        raise Skip("the chunks do not say which file they come from")
    return await asyncio.to_thread(compared, chunks, field, index.wish.documents, index.found.store.place)


def compared(chunks: Sequence[Chunk], field: str, documents: str, place: str) -> SourceFiles:
    """The same, in a thread of its own. Raises Skip."""
    folder = Path(documents).expanduser() if documents else None
    if folder is not None and not folder.is_dir():
        raise Skip(f"there is no folder {folder}")
    by_name: dict[str, list[str]] = {}
    for chunk in chunks:
        if isinstance(chunk.metadata.get(field), str) and chunk.text:
            by_name.setdefault(str(chunk.metadata[field]), []).append(chunk.text)
    placed = [(name, path) for name in sorted(by_name)[:MAX_FILES] if (path := _place(name, folder)) is not None]
    if not placed:
        raise Skip("the files that the chunks come from are not on this machine; name their folder with --documents")
    written_s = _last_written_s(Path(place))
    missing = [name for name, path in placed if not path.is_file()]
    newer = [n for n, path in placed if n not in missing and written_s and path.stat().st_mtime > written_s]
    read = {name: _text(path) for name, path in placed if name not in missing}
    changed = [name for name, text in read.items() if text and not _all_held(by_name[name], text)]
    return SourceFiles(
        field=field,
        named=len(by_name),
        checked=len(placed),
        missing=tuple(missing),
        newer=tuple(newer),
        changed=tuple(changed),
        compared=sum(bool(text) for text in read.values()),
    )


def _place(name: str, folder: Path | None) -> Path | None:
    """Where the file should be; None when that cannot be said: an address, or a place that is not on this machine."""
    if ("://" in name and not name.startswith("file://")) or "\0" in name:
        return None
    path = Path(name.removeprefix("file://"))
    if folder is not None:
        return next((p for p in (folder / path, folder / path.name) if p.is_file()), folder / path.name)
    if path.is_absolute() and path.parent.is_dir():
        return path
    return None


def _last_written_s(index: Path) -> float:
    """When a file of the index was last changed; 0 for a server."""
    if index.is_file():
        return index.stat().st_mtime
    if not index.is_dir():
        return 0.0
    return max((path.stat().st_mtime for path in index.rglob("*") if path.is_file()), default=0.0)


def _text(path: Path) -> str:
    """The words of a plain-text file, joined; "" for one that cannot be compared."""
    if path.suffix.lower() not in PLAIN or path.stat().st_size > MAX_FILE_BYTES:
        return ""
    return " ".join(words(path.read_text(encoding="utf-8", errors="replace")))


def _all_held(texts: Iterable[str], file_text: str) -> bool:
    return all(_held(text, file_text) for text in texts)


def _held(text: str, file_text: str) -> bool:
    """Whether half of the chunk's runs of words still stand in the file."""
    all_words = words(text)
    if len(all_words) < RUN:
        return True
    runs = [" ".join(all_words[i : i + RUN]) for i in range(0, len(all_words) - RUN + 1, RUN)]
    return sum(run in file_text for run in runs) >= HELD * len(runs)
