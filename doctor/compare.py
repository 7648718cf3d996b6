"""Two reports of the same server: what changed, what got worse, and the cause or the change that explains it."""

from typing import Any, NamedTuple

import msgspec

from doctor.model import Report, State, TargetReport
from doctor.report.figures import figures

# A rate moves by a tenth from run to run on a quiet machine; a fifth is more than that, and is felt.
MIN_CHANGE = 0.2
ORDER = [State.OK, State.WARNING, State.UNKNOWN, State.CRITICAL]
# Settings worth a line: fact, field, and how to call it. What differs here is what somebody or something changed.
SETTINGS: dict[str, tuple[str, str]] = {
    "model": ("Models", "chosen"),
    "quantisation": ("ModelCard", "quantization"),
    "model file size": ("ModelCard", "size_bytes"),
    "context window": ("Window", "per_request"),
    "slots": ("Slots", "total"),
    "chat template": ("ChatTemplate", "text"),
    "system prompt": ("ModelCard", "system_prompt"),
    "model parameters": ("ModelCard", "parameters_text"),
}
MACHINE: dict[str, tuple[str, str]] = {
    "operating system": ("System", "release"),
    "container": ("System", "container"),
    "on battery": ("System", "on_battery"),
    "memory": ("Memory", "total_bytes"),
    "memory limit": ("Memory", "limit_bytes"),
    "processor": ("Cpu", "name"),
}
LONG = 60


class Change(NamedTuple):
    """One thing that differs; `worse` is None where neither is better."""

    what: str
    before: str
    after: str
    worse: bool | None = None


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """One target then and now."""

    url: str
    state: tuple[str, str]
    changes: tuple[Change, ...] = ()
    figures: tuple[Change, ...] = ()
    came: tuple[str, ...] = ()  # causes and signs that were not there before
    went: tuple[str, ...] = ()
    explains: str = ""  # the cause that came, or what changed, in one sentence

    @property
    def worse(self) -> bool:
        """Whether somebody should look."""
        before, after = (ORDER.index(State(state)) for state in self.state)
        return after > before or bool(self.came) or any(figure.worse for figure in self.figures)


def compare(before: Report, after: Report) -> list[Comparison]:
    """Targets that both reports have, by address, or by place where there is one in each."""
    old = {target.url: target for target in before.targets}
    if len(before.targets) == len(after.targets) == 1:
        old = {after.targets[0].url: before.targets[0]}
    machine = _settings(before.host, after.host, MACHINE) + _gpus(before.host, after.host)
    return [_compared(old[target.url], target, machine) for target in after.targets if target.url in old]


def _compared(before: TargetReport, after: TargetReport, machine: list[Change]) -> Comparison:
    changes = [
        *_versions(before, after),
        *_options(before, after),
        *_settings(before.facts, after.facts, SETTINGS),
        *machine,
    ]
    was, now = _wrong(before), _wrong(after)
    came = {id_: title for id_, title in now.items() if id_ not in was}
    moved = _figures(before, after)
    return Comparison(
        url=after.url,
        state=(before.state.value, after.state.value),
        changes=tuple(changes),
        figures=tuple(moved),
        came=tuple(f"{title} ({id_})" for id_, title in came.items()),
        went=tuple(f"{title} ({id_})" for id_, title in was.items() if id_ not in now),
        explains=_explanation(after, came, changes, moved),
    )


def _versions(before: TargetReport, after: TargetReport) -> list[Change]:
    told = [
        ("runtime", before.runtime, after.runtime),
        (f"{after.runtime or 'server'} version", before.version, after.version),
    ]
    return [Change(what, was or "unknown", now or "unknown") for what, was, now in told if was != now]


def _options(before: TargetReport, after: TargetReport) -> list[Change]:
    """Command line and environment, option by option."""
    was, now = _words(before), _words(after)
    if was is None or now is None:
        return []
    return [
        Change(name, was.get(name, "not set"), now.get(name, "not set"))
        for name in dict.fromkeys([*was, *now])
        if was.get(name) != now.get(name)
    ]


def _words(target: TargetReport) -> dict[str, str] | None:
    process = target.facts.get("ServerProcess")
    if not isinstance(process, dict) or "command" not in process:
        return None
    found = {str(name): _short(value) for name, value in dict(process.get("environment") or {}).items()}
    for command in (process.get("command") or [], *(process.get("children") or [])):
        words = [str(word) for word in command]
        for place, word in enumerate(words[1:], 1):
            if not word.startswith("-") or word == "-":
                continue
            name, equals, value = word.partition("=")
            follows = words[place + 1] if place + 1 < len(words) else ""
            found[name] = _short(value if equals else "on" if not follows or follows.startswith("--") else follows)
    return found


def _settings(before: dict[str, Any], after: dict[str, Any], wanted: dict[str, tuple[str, str]]) -> list[Change]:
    changes = []
    for name, (fact, field) in wanted.items():
        was, now = before.get(fact), after.get(fact)
        if (
            isinstance(was, dict)
            and isinstance(now, dict)
            and field in was
            and field in now
            and was[field] != now[field]
        ):
            changes.append(Change(name, _short(was[field]), _short(now[field])))
    return changes


def _gpus(before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    was, now = _drivers(before), _drivers(after)
    return (
        [Change("graphics", was or "none", now or "none")] if was is not None and now is not None and was != now else []
    )


def _drivers(host: dict[str, Any]) -> str | None:
    gpus = host.get("Gpus")
    if not isinstance(gpus, dict) or "devices" not in gpus:
        return None
    return ", ".join(
        f"{gpu.get('name')} (driver {gpu.get('driver') or 'unknown'})"
        for gpu in gpus["devices"]
        if isinstance(gpu, dict)
    )


def _short(value: Any) -> str:  # noqa: ANN401 - a value of a fact
    text = " ".join(str(value).split()) if value not in (None, "") else "none"
    if len(text) <= LONG:
        return text
    import hashlib

    return f"{len(str(value))} characters, sha256 {hashlib.sha256(str(value).encode()).hexdigest()[:8]}"


def _figures(before: TargetReport, after: TargetReport) -> list[Change]:
    """Numbers that moved by more than what differs from run to run."""
    old = {figure.name: figure for figure in figures(before)}
    moved = []
    for figure in figures(after):
        was = old.get(figure.name)
        if was is None or figure.more_is_better is None:
            continue
        low, high = sorted((was.value, figure.value))
        if high > 0 and (high - low) / high >= MIN_CHANGE:
            unit = "" if figure.unit == "1" else f" {figure.unit}"
            worse = (figure.value < was.value) is figure.more_is_better
            moved.append(
                Change(figure.name.replace("_", " "), f"{was.value:.3g}{unit}", f"{figure.value:.3g}{unit}", worse)
            )
    return moved


def _wrong(target: TargetReport) -> dict[str, str]:
    """Confirmed causes, and signs worse than a note that none of them explains."""
    found = {cause.id: cause.title for cause in target.causes if cause.verdict == "confirmed"}
    return found | {f.symptom: f.summary for f in target.findings if f.severity != "note" and not f.explained_by}


def _explanation(after: TargetReport, came: dict[str, str], changes: list[Change], moved: list[Change]) -> str:
    new = [cause for cause in after.causes if cause.verdict == "confirmed" and cause.id in came]
    if new:
        return f"{new[0].title} (llm-doctor explain {new[0].id})"
    if came or any(figure.worse for figure in moved):
        if not changes:
            return "nothing that was read changed; look at what else runs on the machine"
        first = changes[0]
        more = f", and {len(changes) - 1} more" if len(changes) > 1 else ""
        return f"no cause is proven; what changed is {first.what} ({first.before} -> {first.after}){more}"
    return ""
