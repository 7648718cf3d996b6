"""Measurements as pictures, where one says more than the table: chosen by the check that measured.

Pure functions of the facts in a finished report; a fact that is not there, or not as expected, draws nothing.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from doctor.facts import (
    CanaryText,
    ChatTemplate,
    DecodeBound,
    DecodeSpeed,
    DepthSweep,
    Fact,
    Footprint,
    ModelCard,
    PromptAccounting,
    Rendered,
    ToolAnswer,
    ToolTrial,
    Window,
)
from doctor.families import Family, families_of_text, family_of_model
from doctor.text import mib, one_line, plain
from doctor.tui.page import Bars, Block, Compared, Heading, Marked, Matrix, Paragraph, Slice, Spot, Stacked, Strip

F = TypeVar("F", bound=Fact)
Facts = Mapping[str, Any]

SPEED = frozenset(
    {"decode-rate", "gpu-rate", "offload", "gpu-use", "threads", "cpu-flags", "throttle", "build", "moe-placement"}
)
MEMORY = frozenset(
    {
        "headroom",
        "spill-forecast",
        "gpu-memory",
        "kv-cache",
        "ram",
        "offload",
        "gpu-split",
        "long-prompt",
        "load-memory",
    }
)
DEPTHS = frozenset({"canary", "depth-sweep"})
TOKENS = frozenset({"prompt-accounting", "window", "window-asked", "window-end", "overflow", "canary", "limits"})
CALLS = frozenset(
    {"tool-call", "tool-items", "tool-use", "tool-arguments", "tool-schema", "tool-support", "tool-offer"}
)
TEMPLATES = frozenset({"markers", "chat-template", "template-family", "template-roles", "raw-text", "bos", "end-token"})
MAX_LINES, MAX_TEXT, MAX_ROWS = 24, 4000, 12
ITEM_CHARACTERS = 60


def pictures(checks: Iterable[str], facts: Facts) -> list[Block]:
    """The pictures for what these checks measured, each once."""
    asked = set(checks)
    found: list[Block] = []
    for wanted, title, draw in DRAWN:
        blocks = draw(facts) if asked & wanted else []
        if blocks:
            found += [Heading(text=title), *blocks]
    return found


def fact(facts: Facts, kind: type[F]) -> F | None:
    """The fact of this type; None when it was not collected or is of another version."""
    value = facts.get(kind.__name__)
    if not isinstance(value, dict) or set(value) == {"skipped"}:
        return None
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError:
        return None


def _roofline(facts: Facts) -> list[Block]:
    """The measured rate against what the memory's bandwidth allows."""
    bound, speed = fact(facts, DecodeBound), fact(facts, DecodeSpeed)
    if bound is None or speed is None:
        return []
    bars = [
        Marked(
            label="measured",
            value=speed.tok_s,
            says=_rate(speed.tok_s),
            tone="warn" if speed.tok_s < bound.best_slow_below_tok_s else "good",
        )
    ]
    if bound.placed_tok_s and abs(bound.placed_tok_s - bound.best_tok_s) > 0.05 * bound.best_tok_s:
        bars.append(
            Marked(label="as placed", value=bound.placed_tok_s, says=f"{_rate(bound.placed_tok_s)} would be right")
        )
    bars.append(
        Marked(label="possible", value=bound.best_tok_s, says=f"{_rate(bound.best_tok_s)} with the best placement")
    )
    slow = bound.best_slow_below_tok_s
    bars.append(Marked(label="slow below", value=slow, says=_rate(slow), tone="faint"))
    caption = (
        f"What one stream reaches on {one_line(bound.device, 60)}." if bound.device else "What one stream reaches."
    )
    if bound.advise_only:
        caption += f" A guide only: {one_line(bound.why_advise_only)}."
    return [Bars(bars=tuple(bars), caption=caption)]


def _rate(value: float) -> str:
    return f"{value:.3g} tok/s" if value < 1000 else f"{value:.0f} tok/s"


def _memory(facts: Facts) -> list[Block]:
    """What the model takes, and the room it has: free now plus what it holds already."""
    took = fact(facts, Footprint)
    if took is None:
        return []
    slices = (
        Slice(label="weights", bytes=took.weights_bytes),
        Slice(label="KV cache", bytes=took.kv_bytes),
        Slice(label="compute", bytes=took.compute_bytes),
    )
    room = None if took.free_bytes is None else took.free_bytes + sum(part.bytes for part in slices)
    told: list[Block] = [Stacked(slices=slices, room_bytes=room, where=took.where or "memory")]
    if took.bytes_per_token:
        per_thousand = mib(took.bytes_per_token * 1024)
        told.append(Paragraph(text=f"Each further 1024 tokens of context take {per_thousand}.", tone="faint"))
    return told


def _depths(facts: Facts) -> list[Block]:
    """Where in a long text something was found again."""
    canary, sweep = fact(facts, CanaryText), fact(facts, DepthSweep)
    texts = [(f"{canary.words} words", canary)] if canary else []
    if sweep is not None:
        texts += [
            (f"{share * 100:.0f} % of the window", text) for share, text in zip(sweep.shares, sweep.texts, strict=False)
        ]
    strips: list[Block] = [
        Strip(label=label, spots=tuple(Spot(depth=n.depth, found=n.found) for n in text.needles))
        for label, text in texts
        if text.needles
    ]
    return strips


def _tokens(facts: Facts) -> list[Block]:
    """Tokens sent, tokens read, and the window."""
    counted = fact(facts, PromptAccounting)
    if counted is None:
        return []
    lost = counted.counted < 0.9 * counted.expected
    exact = "" if counted.exact else ", computed from two small prompts"
    bars = [
        Marked(label="sent", value=counted.expected, says=f"{counted.expected:.0f} tokens{exact}"),
        Marked(label="read", value=counted.counted, says=f"{counted.counted} tokens", tone="bad" if lost else "good"),
    ]
    window = counted.window or _window(facts)
    if window:
        bars.append(Marked(label="window", value=window, says=f"{window} tokens", tone="faint"))
    gone = counted.expected - counted.counted
    caption = f"{gone:.0f} tokens never reached the model." if lost else "Everything that was sent was read."
    return [Bars(bars=tuple(bars), caption=caption)]


def _window(facts: Facts) -> int | None:
    window = fact(facts, Window)
    return window.per_request if window else None


CALL_COLUMNS = ("called", "parsed", "finish", "schema", "right")


def _calls(facts: Facts) -> list[Block]:
    """What came back for each request with tools."""
    answer = fact(facts, ToolAnswer)
    if answer is None or not answer.trials:
        return []
    rows = tuple(
        (one_line(f"{trial.item} {_offer(trial)}", ITEM_CHARACTERS), _signs(trial))
        for trial in answer.trials[:MAX_ROWS]
    )
    return [Matrix(columns=CALL_COLUMNS, rows=rows, legend="✓ as it should be   ✗ not so   · not asked")]


def _offer(trial: ToolTrial) -> str:
    tools = len(trial.offered)
    return f"{tools} tool{'' if tools == 1 else 's'}{'' if trial.needs_call else ', no call wanted'}"


def _signs(trial: ToolTrial) -> tuple[str, ...]:
    def sign(value: bool | None) -> str:
        return "·" if value is None else "✓" if value else "✗"

    calls = bool(trial.exchange.tool_calls)
    wanted = trial.called == trial.needs_call
    return (
        sign(wanted),
        sign(calls if trial.needs_call and trial.called else None),
        sign(trial.exchange.finish_reason == "tool_calls" if calls else None),
        sign(not trial.schema_errors if calls else None),
        sign(trial.semantic_ok),
    )


def _template(facts: Facts) -> list[Block]:
    """A question as the server renders it, beside what the model's family expects."""
    rendered, card = fact(facts, Rendered), fact(facts, ModelCard)
    if rendered is None or not rendered.user_only or not rendered.user_words:
        return []
    family = _family(facts, card, rendered)
    if family is None:
        return []
    shown = plain(rendered.user_only, MAX_TEXT)
    if card is not None and card.bos_token:
        shown = shown.removeprefix(card.bos_token)
    expected = family.prompt(rendered.user_words[0])
    lines = tuple(_diff(pieces(expected), pieces(shown)))
    if all(mark == " " for mark, _ in lines):
        return []
    return [Compared(first=f"what {family.title} expects", second="what the server makes of it", lines=lines)]


def _family(facts: Facts, card: ModelCard | None, rendered: Rendered) -> Family | None:
    """The family that the model was made for, else the one whose marks stand in its template."""
    known = family_of_model((card.eos_token or "") if card else "", card.architecture if card else "")
    template = fact(facts, ChatTemplate)
    named = families_of_text(template.text if template else "") or families_of_text(rendered.user_only or "")
    return known or (named[0] if len(named) == 1 else None)


def pieces(text: str) -> list[str]:
    """A prompt cut after its markers and lines, so that a difference is a marker and not half a page."""
    cut = text.replace("<|", "\x00<|").replace("|>", "|>\x00").replace("\n", "⏎\x00")
    return [piece for piece in cut.split("\x00") if piece]


def _diff(first: list[str], second: list[str]) -> Iterable[tuple[str, str]]:
    lines = [(line[0], line[2:]) for line in difflib.ndiff(first, second) if line[0] in " +-"]
    return lines[:MAX_LINES]


DRAWN: tuple[tuple[frozenset[str], str, Callable[[Facts], list[Block]]], ...] = (
    (TOKENS, "Tokens sent and read", _tokens),
    (DEPTHS, "Found again in a long text, from head to end", _depths),
    (SPEED, "Measured against possible", _roofline),
    (MEMORY, "What the model takes", _memory),
    (CALLS, "Tool calls asked for, and what came", _calls),
    (TEMPLATES, "The prompt beside what is expected", _template),
)
