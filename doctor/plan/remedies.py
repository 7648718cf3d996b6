"""Remedies of a playbook as what to do on this machine: blanks filled, declarative steps turned into exact ones."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from doctor.model import Remedy, Step
from doctor.plan.command_line import is_set
from doctor.plan.ollama_model import copied
from doctor.plan.server import BLANK, server_steps
from doctor.plan.situation import Situation
from doctor.plan.versions import fits

# A name that may stand in a command or request that the doctor itself carries out (reports, section 5).
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,199}")


def fitting(remedies: tuple[Remedy, ...], here: Situation) -> tuple[Remedy, ...]:
    """The remedies for this runtime, version and operating system: its own, then those for `any`, none said twice.

    Those for `other` are for runtimes that have none of their own in the playbook.
    """
    fit = [remedy for remedy in remedies if _fits(remedy, here)]
    own = [remedy for remedy in fit if remedy.runtime == here.runtime]
    own += [remedy for remedy in fit if remedy.runtime == "other" and not own]
    said = {remedy.say for remedy in own}
    return (*own, *(remedy for remedy in fit if remedy.runtime == "any" and remedy.say not in said))


def _fits(remedy: Remedy, here: Situation) -> bool:
    system = not remedy.os or not here.os or here.os in remedy.os
    return system and fits(remedy.version, here.version) and _needs_met(remedy, here)


def _needs_met(remedy: Remedy, here: Situation) -> bool:
    """Whether one of the options that it needs is set, and none that must not be. Unknown where none can be seen."""
    if not here.command:
        return True

    def given(name: str) -> bool:
        return is_set(here.command, here.environment, name, here.runtime)

    wanted = [name for name in remedy.needs if not name.startswith("!")]
    return not any(given(name[1:]) for name in remedy.needs if name.startswith("!")) and (
        not wanted or any(map(given, wanted))
    )


def planned(remedy: Remedy, here: Situation) -> Remedy:
    """The remedy for this machine: every step is a command, a request, an edit, a restart or a text."""
    values = here.values
    steps = tuple(exact for step in remedy.steps for exact in _exact(_filled(step, values), here))
    return msgspec.structs.replace(
        remedy, say=_words(remedy.say, values), effect=_words(remedy.effect, values), steps=steps
    )


def _exact(step: Step, here: Situation) -> tuple[Step, ...]:
    if step.kind in ("flag", "environment"):
        return server_steps(step, here)
    if step.kind == "modelfile" and step.modelfile is not None:
        return (_copy(step, here),)
    if step.kind == "request":
        return (msgspec.structs.replace(step, automatic=not _has_blank(step.request)),)
    if step.kind == "run":
        return (msgspec.structs.replace(step, automatic=here.local and _may_run(step)),)
    return (step,)


def _copy(step: Step, here: Situation) -> Step:
    """The copy of the model, or the words for it where a blank stays open or the model's name is no plain name."""
    wanted = step.modelfile or {}
    model = str(wanted.get("model") or here.model)
    if not NAME.fullmatch(model) or _has_blank(wanted):
        return Step(kind="by-hand", text=step.text or "Make a copy of the model with other settings: ollama create.")
    return copied(wanted, model, here.version)


def _may_run(step: Step) -> bool:
    """Whether the doctor may run a command by itself: only one that it can take back, of plain words."""
    return bool(step.undo_command) and all(_plain(word) for word in (*step.command, *step.undo_command))


def _plain(word: str) -> bool:
    return bool(NAME.fullmatch(word.lstrip("-")))


def _has_blank(value: object) -> bool:
    return any(BLANK.search(text) for text in _texts(value))


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    return [text for item in value for text in _texts(item)] if isinstance(value, (list, tuple)) else []


def _filled(step: Step, values: Mapping[str, str]) -> Step:
    fields = (
        "command",
        "request",
        "edit",
        "undo_command",
        "undo_request",
        "flag",
        "environment",
        "model",
    )
    return msgspec.structs.replace(
        step,
        modelfile=_fill(step.modelfile, values),
        text=_words(step.text, values),
        undo=_words(step.undo, values),
        **{name: _fill(getattr(step, name), values) for name in fields},
    )


def _fill(value: Any, values: Mapping[str, str]) -> Any:  # noqa: ANN401 - walks JSON-like data
    if isinstance(value, str):
        return _text(value, values)
    if isinstance(value, dict):
        return {key: _fill(item, values) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_fill(item, values) for item in value)
    return value


def _text(text: str, values: Mapping[str, str]) -> str:
    """`{model}` and the like filled in, in one pass: what a value brings along is never filled again."""
    return BLANK.sub(lambda found: values.get(found[0][1:-1], found[0]), text)


def _words(text: str, values: Mapping[str, str]) -> str:
    """The same for words that people read, where a blank that nothing fills stands as WINDOW, not as a code."""
    return BLANK.sub(lambda found: values.get(found[0][1:-1], found[0][1:-1].upper()), text)
