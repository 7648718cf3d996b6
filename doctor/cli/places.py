"""Where this program keeps its own files: the XDG folders, and their like on other systems."""

import os
import sys
from pathlib import Path

NAME = "llm-doctor"


def _folder(variable: str, *usual: str) -> Path:
    given = os.environ.get(variable, "")
    if given and Path(given).is_absolute():
        return Path(given) / NAME
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / NAME
    return Path.home().joinpath(*usual) / NAME


def state_folder() -> Path:
    """What is kept between runs: history and aliases."""
    return _folder("XDG_STATE_HOME", ".local", "state")


def config_folder() -> Path:
    """The user's settings."""
    return _folder("XDG_CONFIG_HOME", ".config")


def history_folder() -> Path:
    """Reports that were kept."""
    return state_folder() / "history"
