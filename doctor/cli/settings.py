"""The settings of this run: where the files are, and what they give to the options of a command."""

import functools
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from doctor.cli.places import config_folder
from doctor.errors import UsageError
from doctor.text import one_line

if TYPE_CHECKING:
    from doctor.check import Thresholds
    from doctor.config import Merged, Named
    from doctor.context import Target

PROJECT_FILE = "llm-doctor.toml"
SYSTEM_FILE = Path("/etc/llm-doctor/config.toml")
KEY_COMMAND_S = 10
# The names that options have in our commands, by the names of settings.
OPTIONS = {"fail_on": "fail_on", "format": "format_name", "redact": "level"}


def files() -> list[Path]:
    """The files that exist, the strongest first. `LLM_DOCTOR_CONFIG` names one instead of all of them."""
    given = os.environ.get("LLM_DOCTOR_CONFIG", "")
    if given:
        return [Path(given)]
    return [path for path in (Path(PROJECT_FILE), config_folder() / "config.toml", SYSTEM_FILE) if path.is_file()]


@functools.cache
def current() -> "Merged | None":
    """All settings, None where there are none: then nothing of this is imported."""
    found = files()
    variables = {name: value for name, value in os.environ.items() if name.startswith("LLM_DOCTOR_")}
    variables.pop("LLM_DOCTOR_CONFIG", None)
    if not found and not variables:
        return None
    from doctor.config import merged

    return merged(found, variables)


def defaults() -> dict[str, Any]:
    """Settings as defaults of a command's options."""
    now = current()
    if now is None:
        return {}
    values = {name: getattr(now.settings, name) for name in now.origins if hasattr(now.settings, name)}
    return {
        OPTIONS.get(name, name): list(value) if isinstance(value, tuple) else value for name, value in values.items()
    }


def thresholds() -> "Thresholds":
    """The limits of checks that the settings change."""
    now = current()
    return now.settings.thresholds if now else {}


def named(word: str) -> "Named | None":
    """The target that the settings hold under this name."""
    now = current()
    return now.settings.targets.get(word) if now else None


def configured_targets() -> "tuple[Target, ...]":
    """Every target that the settings name."""
    now = current()
    return tuple(target_of(name, one) for name, one in now.settings.targets.items()) if now else ()


def target_of(name: str, one: "Named", model: str = "") -> "Target":
    """A named target with its key. Raises UsageError."""
    from doctor.cli.check import key_of
    from doctor.discover import parse_target

    key = key_of(one.api_key_file, (one.url,)) if one.api_key_file else ""
    if one.api_key_command:
        key = _from_command(name, one.api_key_command)
    return parse_target(one.url, origin=f"target {name}", model=model or one.model, api_key=key)


def _from_command(name: str, words: tuple[str, ...]) -> str:
    """The first line that the command prints. Raises UsageError without a word of its output."""
    shown = one_line(words[0], 100)
    try:
        ended = subprocess.run(  # noqa: S603 - the user's own words, no shell
            list(words), capture_output=True, text=True, timeout=KEY_COMMAND_S, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        why = (
            "did not end" if isinstance(error, subprocess.TimeoutExpired) else getattr(error, "strerror", None) or error
        )
        raise UsageError(f"the key of target {name} cannot be had: {shown} {why}") from error
    key = next(iter(ended.stdout.splitlines()), "").strip()
    if ended.returncode != 0 or not key:
        raise UsageError(
            f"the key of target {name} cannot be had: {shown} ended with {ended.returncode} and gave no line"
        )
    return key
