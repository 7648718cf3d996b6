"""Settings from files and the environment: flags beat variables, then the project's, the user's and the system's file.

A key that nobody knows is an error with the nearest name, never ignored: a typing error in a threshold or a
suppression would otherwise look like a setting that works.
"""

import datetime as dt
import difflib
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from doctor.errors import UsageError
from doctor.text import one_line

if TYPE_CHECKING:
    from doctor.check import Check

MAX_BYTES = 1 << 20
PREFIX = "LLM_DOCTOR_"
Words = tuple[str, ...]


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A target under a name of the user's own; its key comes from a file or from a command's first line."""

    url: str
    model: str = ""
    api_key_file: str = ""
    api_key_command: Words = ()


class Suppression(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A symptom or cause that is known and accepted, until a day; at one target or everywhere."""

    id: str
    reason: str
    until: dt.date
    target: str = ""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a file may set. A value of None was not set."""

    depth: str | None = None
    deadline: float | None = None
    fail_on: str | None = None
    format: str | None = None
    redact: str | None = None
    only: Words | None = None
    skip: Words | None = None
    plugins: Words | None = None
    interval: float | None = None
    targets: dict[str, Named] = {}
    suppress: tuple[Suppression, ...] = ()
    thresholds: dict[str, dict[str, float]] = {}


SCALARS = ("depth", "deadline", "fail_on", "format", "redact", "only", "skip", "plugins", "interval")
LISTS = ("only", "skip", "plugins")


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """All places together, and where each value comes from."""

    settings: Settings
    origins: dict[str, str]  # "depth", "targets.NAME", "suppress.ID", "thresholds.CHECK.NAME" -> a file or variable


def read(path: Path) -> Settings:
    """One file. Raises UsageError with its name and, for an unknown key, the nearest one that exists."""
    shown = one_line(str(path), 200)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(f"{shown} is larger than 1 MiB, which no configuration is")
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{shown} cannot be read: {error.strerror or error}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{shown} is not TOML: {one_line(str(error), 200)}") from error
    _known(document, shown)
    try:
        return msgspec.convert(document, Settings)
    except msgspec.ValidationError as error:
        raise UsageError(f"{shown}: {one_line(str(error), 300).replace('`', '')}") from error


def _known(document: dict[str, Any], shown: str) -> None:
    """Keys of every level against the fields that there are. Raises UsageError."""
    _keys(document, Settings, shown, "")
    for name, value in (document.get("targets") or {}).items() if isinstance(document.get("targets"), dict) else ():
        _keys(value, Named, shown, f"targets.{name}.")
    for value in document.get("suppress") or () if isinstance(document.get("suppress"), list) else ():
        _keys(value, Suppression, shown, "suppress.")


def _keys(value: Any, kind: type[msgspec.Struct], shown: str, where: str) -> None:  # noqa: ANN401 - TOML
    fields = kind.__struct_fields__
    for key in value if isinstance(value, dict) else ():
        if key not in fields:
            near = difflib.get_close_matches(key, fields, n=1, cutoff=0.5)
            hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(fields)}"
            raise UsageError(f"{shown}: there is no setting {one_line(where + key, 80)}{hint}")


def merged(files: list[Path], environment: Mapping[str, str]) -> Merged:
    """The files, the strongest first, and above them the variables. Raises UsageError."""
    values: dict[str, Any] = {"targets": {}, "thresholds": {}, "suppress": ()}
    origins: dict[str, str] = {}
    for name, value in _from_variables(environment).items():
        values[name], origins[name] = value, PREFIX + name.upper()
    for path in files:
        _add(read(path), str(path), values, origins)
    return Merged(settings=msgspec.convert(values, Settings, strict=False), origins=origins)


def _add(settings: Settings, origin: str, values: dict[str, Any], origins: dict[str, str]) -> None:
    """A weaker file under what is there already."""
    for name in SCALARS:
        if getattr(settings, name) is not None and name not in values:
            values[name], origins[name] = getattr(settings, name), origin
    for name, target in settings.targets.items():
        if name not in values["targets"]:
            values["targets"][name], origins[f"targets.{name}"] = target, origin
    for check, limits in settings.thresholds.items():
        there = values["thresholds"].setdefault(check, {})
        for limit in limits.keys() - there.keys():
            there[limit], origins[f"thresholds.{check}.{limit}"] = limits[limit], origin
    values["suppress"] += settings.suppress
    origins.update({f"suppress.{one.id}": origin for one in settings.suppress})


def _from_variables(environment: Mapping[str, str]) -> dict[str, Any]:
    """`LLM_DOCTOR_DEPTH` and its like; lists are separated by commas. Raises UsageError for an unknown one."""
    found: dict[str, Any] = {}
    for variable, text in environment.items():
        name = variable.removeprefix(PREFIX).lower()
        if not variable.startswith(PREFIX) or not text:
            continue
        if name not in SCALARS:
            near = difflib.get_close_matches(name, SCALARS, n=1, cutoff=0.5)
            raise UsageError(
                f"there is no setting {variable}" + (f"; did you mean {PREFIX}{near[0].upper()}?" if near else "")
            )
        try:
            found[name] = tuple(text.split(",")) if name in LISTS else float(text) if name in NUMBERS else text
        except ValueError as error:
            raise UsageError(f"{variable}: {one_line(text, 40)!r} is no number") from error
    return found


NUMBERS = ("deadline", "interval")


def with_thresholds(limits: Mapping[str, Mapping[str, float]], checks: Sequence["Check"]) -> tuple["Check", ...]:
    """The checks, those with limits read anew with other constants: the others and later runs keep their own.

    Raises UsageError for a check or constant that does not exist.
    """
    known = {check.id: check for check in checks}
    for id_ in limits:
        if id_ not in known:
            raise UsageError(f"thresholds: there is no check {one_line(id_, 60)!r}{_near(id_, list(known))}")
    return tuple(_limited(check, limits[check.id]) if check.id in limits else check for check in checks)


def _limited(check: "Check", values: Mapping[str, float]) -> "Check":
    from doctor.plugins import load_check

    own = load_check(check.path, check.category, check.origin)
    constants = own.run.__globals__
    numbers = sorted(name for name, value in constants.items() if name.isupper() and _is_number(value))
    for name, value in values.items():
        if name.upper() not in numbers:
            there = ", ".join(numbers) or "none"
            raise UsageError(f"thresholds.{check.id}: there is no {one_line(name, 60)!r}; known are {there}")
        constants[name.upper()] = type(constants[name.upper()])(value)
    return own


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _near(word: str, names: list[str]) -> str:
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else ""
