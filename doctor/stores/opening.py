"""Which store lies at a place, and the store opened: the one place that knows all of them.

Raises StoreError with a sentence that says what was looked for, or what to install.
"""

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from doctor.errors import StoreError
from doctor.nearest import nearest
from doctor.stores import open_webui
from doctor.stores.store import Fields, Recorded, Store
from doctor.text import one_line

SQLITE_MAGIC = b"SQLite format 3\0"
POSTGRES = ("postgresql://", "postgres://")
KINDS = ("chroma", "qdrant", "lancedb", "faiss", "sqlite-vec", "pgvector")
# Store -> the modules of its library; the extra has the store's name.
LIBRARIES: Mapping[str, tuple[str, ...]] = {
    "chroma": ("chromadb",),
    "qdrant": ("qdrant_client",),
    "lancedb": ("lancedb",),
    "faiss": ("faiss",),
    "sqlite-vec": ("sqlite_vec", "apsw", "numpy"),
    "pgvector": ("psycopg", "numpy"),
}
NAMES = {"chroma": "Chroma", "qdrant": "Qdrant", "lancedb": "LanceDB", "faiss": "FAISS"}
WHAT_IS_KNOWN = (
    "known are a folder of Chroma, of Qdrant's local mode or of LanceDB, a .faiss file, an SQLite file with vec0 "
    "tables, Open WebUI's data folder, and the addresses of a Chroma, Qdrant or PostgreSQL server"
)


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """An opened store, what its surroundings say about how it was made, and names for its collections."""

    store: Store
    recorded: Recorded = Recorded()
    titles: Mapping[str, str] = {}  # collection -> the name that people gave it
    within: str = ""  # the folder that was named, where the store is a part of it

    @property
    def place(self) -> str:
        """What to open to come here again, without a password."""
        return self.within or self.store.place


def opened(place: str, fields: Fields | None = None, *, kind: str = "", api_key: str = "") -> Found:
    """Open what lies at a path or address, for reading only. Raises StoreError."""
    fields = fields or Fields()
    if kind and kind not in KINDS:
        raise StoreError(f"there is no store {kind!r}{nearest(kind, KINDS)}; known: {', '.join(KINDS)}")
    if place.startswith(POSTGRES):
        return Found(store=_opener("pgvector", "open_server")(place, fields))
    if place.startswith(("http://", "https://")):
        if kind not in ("chroma", "qdrant"):
            raise StoreError(f"{one_line(place, 80)} is neither a Chroma nor a Qdrant server; --store says which")
        return Found(store=_server(kind, place, fields, api_key))
    path = Path(place).expanduser()
    if not path.exists():
        raise StoreError(f"there is nothing at {one_line(str(path))}")
    if not kind and open_webui.is_data_folder(path):
        return _open_webui(path, fields)
    return Found(store=_local(kind or kind_of(path), path.absolute(), fields))


def kind_of(path: Path) -> str:
    """The store whose files lie here, told by their contents. Raises StoreError when there is none."""
    try:
        if path.is_file():
            with path.open("rb") as file:
                head = file.read(16)
            return "sqlite-vec" if head == SQLITE_MAGIC and path.name != "chroma.sqlite3" else _of_file(path, head)
        names = {entry.name for entry in path.iterdir()}
    except OSError as error:
        raise StoreError(f"{one_line(str(path))} cannot be read: {error.strerror or error}") from error
    if "chroma.sqlite3" in names:
        return "chroma"
    if "meta.json" in names and ("collection" in names or ".lock" in names):
        return "qdrant"
    if any(name.endswith(".lance") for name in names):
        return "lancedb"
    if any(name.endswith(".faiss") for name in names):
        return "faiss"
    raise StoreError(f"no index was found in {one_line(str(path))}; {WHAT_IS_KNOWN}")


def _of_file(path: Path, head: bytes) -> str:
    if path.name == "chroma.sqlite3":
        raise StoreError(f"{path} is a part of a Chroma folder; name the folder {path.parent}")
    if not head:
        raise StoreError(f"{path} is empty")
    # FAISS files begin with four letters: IxFI, IxF2, IwFl, IHNf, IxMp and the like.
    if head[:1] == b"I" and head[:4].isalnum():
        return "faiss"
    raise StoreError(f"{one_line(str(path))} is no index that is known; {WHAT_IS_KNOWN}")


def _local(kind: str, path: Path, fields: Fields) -> Store:
    if kind == "chroma":
        return _opener(kind, "open_folder")(path)
    if kind == "pgvector":
        raise StoreError("pgvector needs an address: postgresql://user@host/database")
    return _opener(kind, "open_file" if kind in ("faiss", "sqlite-vec") else "open_folder")(path, fields)


def _server(kind: str, url: str, fields: Fields, api_key: str) -> Store:
    open_server = _opener(kind, "open_server")
    return open_server(url, api_key) if kind == "chroma" else open_server(url, fields, api_key)


def _opener(kind: str, function: str) -> Callable[..., Store]:
    """The function that opens a store, its module imported now. Raises StoreError without its library."""
    missing = [name for name in LIBRARIES[kind] if importlib.util.find_spec(name) is None]
    if missing:
        name = NAMES.get(kind, kind)
        raise StoreError(f'reading {name} needs {", ".join(missing)}: pip install "llm-doctor[{kind}]"')
    module = importlib.import_module(f"doctor.stores.{kind.replace('-', '_')}")
    opener: Callable[..., Store] = getattr(module, function)
    return opener


def _open_webui(folder: Path, fields: Fields) -> Found:
    settings = open_webui.settings(folder)
    store = _local("chroma", (folder / open_webui.VECTORS).absolute(), fields)
    return Found(store=store, recorded=settings.recorded, titles=settings.titles, within=str(folder.absolute()))
