"""What a check file is, once loaded."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from doctor.context import Context
from doctor.model import Category, Depth, Symptom, Verdict

Thresholds = dict[str, dict[str, float]]  # check id -> constant of its file -> value


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """A check: its identity comes from its file, its words from the file's docstring."""

    id: str
    category: Category
    title: str
    doc: str
    depth: Depth
    symptoms: tuple[Symptom, ...]
    run: Callable[[Context], Awaitable[Verdict]]
    path: Path
    deadline_s: float = 30.0
    subject: str = "server"  # what it examines: "server"; "index" in `llm-doctor rag`; "embedder" in both
    origin: str = "bundled"  # "bundled", or the folder it was loaded from
    broken: str = ""  # why the file cannot be used; such a check crashes with this reason
