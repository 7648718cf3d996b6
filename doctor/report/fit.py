"""The answer of `llm-doctor fit` as a page of text and as JSON."""

import json
from typing import TYPE_CHECKING

from doctor.report import Look
from doctor.sizing.answer import Answer
from doctor.sizing.memory import MIB
from doctor.sizing.speed import PREFILL_SPREAD
from doctor.sizing.split import Split
from doctor.text import one_line

if TYPE_CHECKING:
    from doctor.report.page import Page

PARTS = (("weights", "weights"), ("KV cache", "kv"), ("state", "state"), ("compute", "compute"))
BAR_WIDTH = 50
BAR_SIGNS = "█▓▒░"
BAR_SIGNS_ASCII = "#=+-"
STYLES = {"fits": "green", "tight": "yellow", "does-not-fit": "red", "unknown": ""}
WORDS = {
    "fits": "It fits.",
    "tight": "It is tight: it may fit.",
    "does-not-fit": "It does not fit.",
    "unknown": "Whether it fits is not known: name a GPU with --device, or take --backend cpu.",
}
MAX_LEVERS = 6


def as_json(answer: Answer) -> str:
    """One document; names and units of the contract, with what else is known beside them."""
    need = answer.need
    kv = Split(device=need.kv.device + need.state.device, host=need.kv.host + need.state.host)
    document = {
        "model": {
            "file": one_line(answer.model, 1000),
            "architecture": one_line(answer.shape.architecture, 80),
            "layers": len(answer.shape.layers),
            "size_mib": _mib(answer.size_bytes),
            "trained_context": answer.shape.trained_context or None,
        },
        "settings": {
            "context": answer.settings.context,
            "cells_per_stream": need.cells,
            "streams": need.streams,
            "backend": answer.settings.backend or None,
            "device": one_line(answer.room.name, 200) or None,
        },
        "weights": _sides(need.weights),
        "kv": _sides(kv),
        "state": _sides(need.state),
        "compute": _sides(need.compute),
        "total": {"device_mib": _mib(need.device), "host_mib": _mib(need.host)},
        "margin_mib": _mib(need.margin_bytes),
        "verdict": answer.verdict,
        "risk": None if answer.risk is None else round(answer.risk, 4),
        "largest_context": answer.largest_context,
        "most_layers": answer.most_layers,
        "levers": [
            {"say": lever.say, "saves_mib": _mib(lever.saves_bytes), "verdict": lever.verdict}
            for lever in answer.levers
        ],
        "speed": _rates(answer),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _rates(answer: Answer) -> dict[str, float | None] | None:
    """Tokens per second; None where no device is known."""
    speed = answer.speed
    if not speed:
        return None
    return {
        "decode_tok_s": round(speed.decode_tok_s, 2),
        "slow_below_tok_s": round(speed.slow_below_tok_s, 2),
        "prefill_tok_s": round(speed.prefill_tok_s) if speed.prefill_tok_s else None,
    }


def _sides(split: Split) -> dict[str, float]:
    return {"device_mib": _mib(split.device), "host_mib": _mib(split.host)}


def _mib(count_bytes: float) -> float:
    return round(count_bytes / MIB, 2)


def as_text(answer: Answer, look: Look) -> str:
    """A table and a bar of what goes where, the verdict, the speed, and what each setting would save."""
    from doctor.report.page import Page

    page = Page(look)
    settings, shape = answer.settings, answer.shape
    page.add(answer.model, "bold", tail=f"{shape.architecture}, {len(shape.layers)} layers, {_size(answer.size_bytes)}")
    flash = "on" if settings.flash_attention else "off"
    kinds = {settings.kv_type_k: 1, settings.kv_type_v: 1}
    page.add(
        f"{settings.context} tokens, {_count(settings.slots, 'slot')}, KV cache {'/'.join(kinds)}, "
        f"flash attention {flash}, ubatch {settings.ubatch}",
        "dim",
    )
    page.gap()
    _table(page, answer)
    page.gap()
    _bar(page, answer, look)
    _verdict(page, answer)
    _speed(page, answer)
    if answer.levers:
        page.gap()
        page.add("What would save memory:", "bold")
        for lever in answer.levers[:MAX_LEVERS]:
            then = f", then it {_then(lever.verdict)}" if lever.verdict not in ("unknown", answer.verdict) else ""
            page.add(f"{_size(lever.saves_bytes):>9}  {lever.say}{then}", indent=2)
    return page.text()


def _table(page: "Page", answer: Answer) -> None:
    need = answer.need
    rows = [(name, getattr(need, field)) for name, field in PARTS]
    page.exact([f"{'':10}{'GPU':>12}{'host':>12}"], indent=2)
    for name, split in rows:
        if split.device or split.host:
            page.add(f"{name:10}{_size(split.device):>12}{_size(split.host):>12}", indent=2)
    page.exact([f"{'total':10}{_size(need.device):>12}{_size(need.host):>12}"], indent=2)
    page.add(f"± {_size(need.margin_bytes)} (one standard deviation of this model's own error)", "dim", indent=2)


def _bar(page: "Page", answer: Answer, look: Look) -> None:
    """The side that matters, against the room where that is known."""
    need = answer.need
    side = "device" if need.weights.device else "host"
    room = answer.room.device_bytes if side == "device" else answer.room.host_bytes
    whole = max(1, room or 0, need.device if side == "device" else need.host)
    signs = BAR_SIGNS_ASCII if look.ascii else BAR_SIGNS
    bar, said, at = "", [], 0.0
    for (name, field), sign in zip(PARTS, signs, strict=True):
        amount = getattr(getattr(need, field), side)
        if amount:
            at += amount
            bar += sign * max(0, round(at / whole * BAR_WIDTH) - len(bar))
            said.append(f"{sign} {name}")
    limit = f" {_size(room)} free" if room else ""
    page.exact([f"[{bar:<{BAR_WIDTH}}]{limit}"], indent=2)
    page.add("  ".join(said), "dim", indent=2)
    page.gap()


def _verdict(page: "Page", answer: Answer) -> None:
    where = f" on {answer.room.name}" if answer.room.name and answer.verdict != "unknown" else ""
    chance = (
        f" The chance that it does not fit is {answer.risk * 100:.0f} %."
        if answer.verdict == "tight" and answer.risk
        else ""
    )
    page.add(WORDS[answer.verdict].replace(".", where + ".", 1) + chance, STYLES[answer.verdict])
    if answer.largest_context:
        page.add(f"The largest context that surely fits is {answer.largest_context} tokens.")
    if answer.largest_context == 0 and answer.most_layers is not None:
        page.add(f"No context fits with all layers on the GPU; {answer.most_layers} of them (-ngl) do with this one.")


def _speed(page: "Page", answer: Answer) -> None:
    speed = answer.speed
    if speed is None:
        return
    page.add(
        f"Decoding should reach about {_rate(speed.decode_tok_s)} tokens per second; "
        f"below {_rate(speed.slow_below_tok_s)} something is wrong."
    )
    if speed.prefill_tok_s:
        low, high = speed.prefill_tok_s / PREFILL_SPREAD**0.5, speed.prefill_tok_s * PREFILL_SPREAD**0.5
        page.add(f"Prompts are read at roughly {low:.0f} to {high:.0f} tokens per second.")


def _then(verdict: str) -> str:
    return {"fits": "fits", "tight": "is tight"}.get(verdict, "still does not fit")


def _rate(value: float) -> str:
    return f"{value:.0f}" if value >= 20 else f"{value:.1f}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def _size(count_bytes: float) -> str:
    if not count_bytes:
        return "-"
    return f"{count_bytes / (1 << 30):.2f} GiB" if count_bytes >= 10 * (1 << 30) else f"{count_bytes / MIB:.0f} MiB"
