"""A server's command line with options set and taken away, and nothing else moved."""

from collections.abc import Iterator, Mapping, Sequence

from doctor.plan.options import Option, option
from doctor.secret_names import is_secret

Flags = Mapping[str, str | int | float | bool]


def changed(command: Sequence[str], flags: Flags, runtime: str) -> tuple[str, ...]:
    """The command line with each option set to its value, given (true) or taken away (false).

    An option keeps its place and spelling; of several, which override each other, one is left. A new one comes last,
    spelled as in `flags`.
    """
    words = list(command)
    for name, value in flags.items():
        found = option(runtime, name) or Option(name=name, value=not isinstance(value, bool))
        words = _with(words, found, value, name)
    return tuple(words)


def variables_in_the_way(environment: Mapping[str, str], flags: Flags, runtime: str) -> dict[str, str]:
    """Variables that would bring back an option that is taken away, each with "" for being unset.

    One that holds a secret is never seen, so it is unset whether or not it is there.
    """
    gone = [option(runtime, name) for name, value in flags.items() if value is False]
    names = [found.variable for found in gone if found and found.variable]
    return {name: "" for name in names if name in environment or is_secret(name)}


def is_set(command: Sequence[str], environment: Mapping[str, str], name: str, runtime: str) -> bool:
    """Whether an option is given on the command line or by its variable. Any variable's name may be asked for too."""
    found = option(runtime, name)
    if found is None:
        return name in command or name in environment
    return any(_spelling(word, found.names) for word in command) or found.variable in environment


def is_known(runtime: str, name: str) -> bool:
    """Whether a remedy may set this option: it exists in the version that was read."""
    found = option(runtime, name)
    return found is not None and not found.older


def _with(words: list[str], found: Option, value: str | float | bool, name: str) -> list[str]:
    kept: list[str] = []
    placed = value is False
    rest = iter(words)
    for word in rest:
        spelling = _spelling(word, found.names)
        if spelling:
            before = _value(word, rest) if found.value else ""
            if not placed:
                kept += _given(spelling, found, value, before, glued="=" in word)
                placed = True
        elif value is False or not _spelling(word, found.opposite):
            kept.append(word)
    return kept if placed else kept + _given(name, found, value, "", glued=False)


def _value(word: str, rest: Iterator[str]) -> str:
    """What stands behind the equals sign, else the next word, which is taken from the rest."""
    return word.partition("=")[2] if "=" in word else next(rest, "")


def _given(name: str, found: Option, value: str | float | bool, before: str, *, glued: bool) -> list[str]:
    if not found.value:
        return [name]
    text = _joined(before, str(value)) if found.joins and before else str(value)
    return [f"{name}={text}"] if glued else [name, text]


def _joined(before: str, value: str) -> str:
    """Values of the same key are replaced, the others kept: `a=1,b=2` and `b=3` give `a=1,b=3`."""
    key = value.partition("=")[0]
    return ",".join([part for part in before.split(",") if part.partition("=")[0] != key] + [value])


def _spelling(word: str, names: Sequence[str]) -> str:
    """The option's name as it stands in this word (`--max_model_len=4096` -> `--max_model_len`), or nothing."""
    name = word.partition("=")[0] if word.startswith("--") else word
    return name if name in names or (name.startswith("--") and name.replace("_", "-") in names) else ""
