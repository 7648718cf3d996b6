"""Open WebUI's data folder: its settings for retrieval, and the names behind its collections' ids.

`webui.db` is an SQLite database, `vector_db` a Chroma folder. The table `config` had one row with everything under
`data` and has one row a setting since 2026; both are read. Collections are named by ids of knowledge bases and files.
"""

import contextlib
import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from doctor.errors import StoreError
from doctor.stores.snapshot import Snapshot
from doctor.stores.store import Recorded
from doctor.text import one_line

DATABASE = "webui.db"
VECTORS = "vector_db"
# Open WebUI's own defaults (0.6 to 0.9), for settings that were never changed.
DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
DEFAULT_TOP_K = 3
DEFAULT_CHUNK_SIZE = 1000
MAX_NAMES = 10_000


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the database says about retrieval."""

    recorded: Recorded
    titles: Mapping[str, str] = {}


def is_data_folder(path: Path) -> bool:
    """Whether a folder holds Open WebUI's database and vectors."""
    return path.is_dir() and (path / DATABASE).is_file() and (path / VECTORS).is_dir()


def settings(folder: Path) -> Settings:
    """The settings, read from a copy of the database. Raises StoreError."""
    copy = Snapshot(folder, only=(DATABASE, DATABASE + "-wal"))
    try:
        with contextlib.closing(sqlite3.connect(copy.path / DATABASE)) as database:
            return Settings(recorded=_recorded(_config(database)), titles=_titles(database))
    except sqlite3.Error as error:
        raise StoreError(f"{folder / DATABASE} cannot be read: {one_line(str(error))}") from error
    finally:
        copy.close()


def _config(database: sqlite3.Connection) -> dict[str, Any]:
    """Settings by their path, `rag.top_k`; empty where nothing was saved."""
    columns = {row[1] for row in database.execute("PRAGMA table_info(config)")}
    if {"key", "value"} <= columns:
        return {str(key): _decoded(value) for key, value in database.execute("SELECT key, value FROM config")}
    if "data" in columns:
        row = database.execute("SELECT data FROM config ORDER BY id DESC LIMIT 1").fetchone()
        return dict(_paths("", _decoded(row[0]))) if row else {}
    return {}


def _decoded(value: Any) -> Any:  # noqa: ANN401 - a JSON column
    with contextlib.suppress(ValueError, TypeError, RecursionError):
        return json.loads(value)
    return value


def _paths(under: str, value: Any) -> list[tuple[str, Any]]:  # noqa: ANN401 - decoded JSON
    """Every value of nested objects with its path."""
    if not isinstance(value, dict):
        return [(under, value)]
    return [pair for key, inner in value.items() for pair in _paths(f"{under}.{key}" if under else str(key), inner)]


def _recorded(config: Mapping[str, Any]) -> Recorded:
    engine = str(config.get("rag.embedding_engine") or "")
    url = {
        "openai": config.get("rag.openai_api_base_url"),
        "ollama": config.get("rag.ollama.url"),
        "azure_openai": config.get("rag.azure_openai.base_url"),
    }.get(engine)
    return Recorded(
        model=str(config.get("rag.embedding_model") or DEFAULT_MODEL),
        url=str(url or ""),
        by="Open WebUI" if engine else "Open WebUI, which embeds inside its own process",
        top_k=_number(config.get("rag.top_k")) or DEFAULT_TOP_K,
        chunk_size=_number(config.get("rag.chunk_size")) or DEFAULT_CHUNK_SIZE,
    )


def _number(value: Any) -> int | None:  # noqa: ANN401 - decoded JSON
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _titles(database: sqlite3.Connection) -> dict[str, str]:
    """Names of knowledge bases and files by the names of their collections."""
    titles: dict[str, str] = {}
    for sql, form in (("SELECT id, name FROM knowledge", "{}"), ("SELECT id, filename FROM file", "file-{}")):
        with contextlib.suppress(sqlite3.Error):  # a table that this version does not have
            rows = database.execute(f"{sql} LIMIT {MAX_NAMES}")
            titles |= {form.format(id_): one_line(str(name), 80) for id_, name in rows}
    return titles
