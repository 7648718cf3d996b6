"""What the fit screen says of an answer: the memory bar of each side, the verdict, the speed, and what would help."""

from doctor.sizing.answer import Answer
from doctor.sizing.speed import FASTEST_TOK_S
from doctor.text import mib, one_line
from doctor.tui.page import Block, Bullet, Heading, Page, Paragraph, Slice, Stacked

PARTS = (("weights", "weights"), ("KV cache", "kv"), ("state", "state"), ("compute", "compute"))
VERDICTS = {
    "fits": ("✓", "good", "It fits"),
    "tight": ("!", "warn", "It is tight: it may fit"),
    "does-not-fit": ("✗", "bad", "It does not fit"),
    "unknown": ("?", "faint", "Whether it fits is not known"),
}
MAX_LEVERS = 5


def fit_page(answer: Answer) -> Page:
    """The answer as blocks."""
    sign, tone, says = VERDICTS[answer.verdict]
    where = f" on {one_line(answer.room.name, 60)}" if answer.room.name else ""
    found: list[Block] = [*_bars(answer)]
    if answer.verdict == "tight" and answer.risk:
        found.append(Paragraph(text=f"The chance that it does not fit is {answer.risk * 100:.0f} %."))
    if answer.largest_context:
        found.append(Paragraph(text=f"The largest context that surely fits is {answer.largest_context} tokens."))
    found += _speed(answer)
    found += _levers(answer)
    found += [Paragraph(text=note, tone="faint") for note in answer.notes]
    return Page(sign=sign, tone=tone, status=f"{says}{where}.", title=_title(answer), blocks=tuple(found))


def _title(answer: Answer) -> str:
    return f"{mib(answer.need.device + answer.need.host)} in all, ± {mib(answer.need.margin_bytes)}"


def _bars(answer: Answer) -> list[Block]:
    """GPU and host, where they hold something."""
    bars: list[Block] = []
    sides = (
        ("device", answer.room.name or "the GPU", answer.room.device_bytes),
        ("host", "RAM", answer.room.host_bytes),
    )
    for side, where, room in sides:
        slices = tuple(Slice(label=name, bytes=getattr(getattr(answer.need, field), side)) for name, field in PARTS)
        if sum(part.bytes for part in slices) > 0:
            free = " free" if answer.room.origin == "reported" else ""
            bars.append(Stacked(slices=slices, room_bytes=room, where=f"{where}{free}"))
    return bars


def _speed(answer: Answer) -> list[Block]:
    speed = answer.speed
    if speed is None:
        return []
    if speed.decode_tok_s > FASTEST_TOK_S:
        return [Paragraph(text=f"Decoding should reach {speed.decode_tok_s:.0f} tokens per second or more.")]
    would = "would" if answer.verdict == "does-not-fit" else "should"
    about = f"Decoding {would} reach about {speed.decode_tok_s:.3g} tokens per second"
    return [Paragraph(text=f"{about}; below {speed.slow_below_tok_s:.3g} something is wrong.")]


def _levers(answer: Answer) -> list[Block]:
    if not answer.levers:
        return []
    found: list[Block] = [Heading(text="What would save memory")]
    for lever in answer.levers[:MAX_LEVERS]:
        sign, tone, _ = VERDICTS[lever.verdict]
        saves = f"saves {mib(lever.saves_bytes)}" if lever.saves_bytes > 0 else f"{lever.decode_tok_s or 0:.3g} tok/s"
        found.append(Bullet(mark=sign, tone=tone, text=f"{lever.say}: {saves}"))
    return found
