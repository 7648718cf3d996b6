"""Options of model servers: spellings, opposites and variables, as data with the version they were read at."""

import functools
import tomllib
from importlib import resources
from typing import Any

import msgspec

# Builds of one program under several names.
SAME_OPTIONS = {"ik_llama.cpp": "llama.cpp", "llamafile": "llama.cpp"}


class Option(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One option; `variable` does the same where the option is absent."""

    name: str = ""
    also: tuple[str, ...] = ()
    opposite: tuple[str, ...] = msgspec.field(name="not", default=())
    value: bool = True
    variable: str = ""
    joins: bool = False  # several values are joined with commas
    older: bool = False  # only builds before the one that was read have it: never to be set

    @property
    def names(self) -> tuple[str, ...]:
        """Every spelling that means the same."""
        return (self.name, *self.also)


@functools.cache
def options(runtime: str) -> dict[str, Option]:
    """Every known option of a runtime by each of its spellings; empty for a runtime without command line options."""
    table = _file().get(SAME_OPTIONS.get(runtime, runtime), {})
    found = [msgspec.structs.replace(msgspec.convert(entry, Option), name=name) for name, entry in table.items()]
    found += [inverse(option) for option in found if option.opposite]
    return {spelling: option for option in found for spelling in option.names}


def inverse(option: Option) -> Option:
    """The switch that says the opposite: `--no-jinja` of `--jinja`."""
    return Option(
        name=option.opposite[0],
        also=option.opposite[1:],
        opposite=option.names,
        value=False,
        variable=option.variable.replace("LLAMA_ARG_", "LLAMA_ARG_NO_"),
        older=option.older,
    )


def option(runtime: str, name: str) -> Option | None:
    """The option of this spelling, or None. vLLM and SGLang read `_` as `-`."""
    return options(runtime).get(name) or options(runtime).get(name.replace("_", "-"))


def variables(runtime: str) -> tuple[str, ...]:
    """Environment variables that a runtime is known to read, besides those of its options."""
    return tuple(_file()["variables"].get(runtime, ()))


@functools.cache
def _file() -> dict[str, Any]:
    return tomllib.loads(resources.files("doctor.plan").joinpath("options.toml").read_text(encoding="utf-8"))
