"""Chat templates of our own, for models whose family is known by the markers in their vocabulary."""

import os
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

CHATML_MARKER, CHATML_END = "<|im_start|>", "<|im_end|>"
JINJA, GO = "chatml.jinja", "chatml.go.txt"


def text(name: str) -> str:
    """The template of this file name."""
    return resources.files("doctor.plan.templates").joinpath(name).read_text(encoding="utf-8")


def place(environment: Mapping[str, str] = os.environ, home: Path | None = None) -> Path:
    """Where a treatment puts the Jinja template, so that a server can be started with it at any later time."""
    data = environment.get("XDG_DATA_HOME") or environment.get("LOCALAPPDATA")
    return (Path(data) if data else (home or Path.home()) / ".local" / "share") / "llm-doctor" / JINJA
