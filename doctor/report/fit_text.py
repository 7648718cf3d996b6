"""The answer of `llm-doctor fit` as a page of text: table, bar, verdict, speed, and what each change would gain."""

from doctor.report import Look
from doctor.report.light_page import LightPage
from doctor.sizing.answer import Answer
from doctor.sizing.hardware import GB, Device
from doctor.sizing.levers import Lever
from doctor.sizing.memory import MIB, Need
from doctor.sizing.settings import PAD, Settings
from doctor.sizing.speed import FASTEST_TOK_S, prefill_range

PARTS = (("weights", "weights"), ("KV cache", "kv"), ("state", "state"), ("compute", "compute"))
WIDEST_BAR = 50
BAR_SIGNS = "█▓▒░"
BAR_SIGNS_ASCII = "#=+-"
STYLES = {"fits": "green", "tight": "yellow", "does-not-fit": "red", "unknown": ""}
WORDS = {
    "fits": "It fits{where}.",
    "tight": "It is tight: it may fit{where}.",
    "does-not-fit": "It does not fit{where}.",
    "unknown": "Whether it fits is not known: name {what}, as in --device {example}.",
}
ORIGINS = {"reported": "reported by {source}", "probed": "{source}", "computed": "by {source}"}
MAX_LEVERS = 7
ROOMY = 64  # columns from which the levers are a table


def as_text(answer: Answer, look: Look) -> str:
    """The page."""
    page = LightPage(look)
    shape = answer.shape
    page.add(answer.model, "bold", tail=f"{shape.architecture}, {len(shape.layers)} layers, {_size(answer.size_bytes)}")
    page.add(_settings(answer.settings), "dim")
    page.gap()
    _table(page, answer)
    page.gap()
    _bar(page, answer, look)
    _verdict(page, answer)
    _speed(page, answer)
    for note in answer.notes:
        page.add(note, "dim")
    if answer.levers:
        page.gap()
        _levers(page, answer, look)
    return page.text()


def _settings(settings: Settings) -> str:
    flash = "on" if settings.flash_attention else "off"
    kinds = "/".join({settings.kv_type_k: 1, settings.kv_type_v: 1})
    layers = "" if settings.gpu_layers < 0 or settings.backend == "cpu" else f", -ngl {settings.gpu_layers}"
    return (
        f"{settings.context} tokens, {_count(settings.slots, 'slot')}, KV cache {kinds}, "
        f"flash attention {flash}, ubatch {settings.ubatch}{layers}"
    )


def _table(page: LightPage, answer: Answer) -> None:
    """What goes where. A machine without a GPU has one column."""
    need, sides = answer.need, _sides(answer)
    page.exact([f"{'':10}" + "".join(f"{title:>12}" for title, _ in sides)], indent=2)
    for name, field in PARTS:
        split = getattr(need, field)
        if split.device or split.host:
            page.add(f"{name:10}" + "".join(f"{_size(getattr(split, side)):>12}" for _, side in sides), indent=2)
    page.exact([f"{'total':10}" + "".join(f"{_size(getattr(need, side)):>12}" for _, side in sides)], indent=2)
    if answer.probed:
        said = {"device": answer.probed.device_bytes, "host": answer.probed.host.bytes}
        page.exact([f"{'llama.cpp':10}" + "".join(f"{_size(said[side]):>12}" for _, side in sides)], indent=2)
    margin = f"± {_size(need.margin_bytes)}: computed from the file's header"
    page.add(margin + ("; the last line is what llama-fit-params says" if answer.probed else ""), "dim", indent=2)


def _sides(answer: Answer) -> list[tuple[str, str]]:
    if answer.settings.backend == "cpu" and not answer.need.device:
        return [("RAM", "host")]
    return [("GPU", "device"), ("host", "host")]


def _bar(page: LightPage, answer: Answer, look: Look) -> None:
    """The side that matters, against the room where that is known."""
    need = answer.need
    side = "device" if need.weights.device else "host"
    room = answer.room.device_bytes if side == "device" else answer.room.host_bytes
    held = need.device if side == "device" else need.host
    limit = f" of {_size(room)}{' free' if answer.room.origin == 'reported' else ''}" if room else ""
    width = max(10, min(WIDEST_BAR, look.width - 4 - len(limit)))
    bar, said = _filled(need, side, max(1, room or 0, held), width, BAR_SIGNS_ASCII if look.ascii else BAR_SIGNS)
    page.exact([f"[{bar:<{width}}]{limit}"], indent=2)
    page.add("  ".join(said), "dim", indent=2)
    page.gap()


def _filled(need: Need, side: str, whole: float, width: int, signs: str) -> tuple[str, list[str]]:
    """The bar and what its signs stand for; a part that is there has a sign at least."""
    bar, said, at = "", [], 0.0
    for (name, field), sign in zip(PARTS, signs, strict=True):
        amount = getattr(getattr(need, field), side)
        if amount >= MIB:
            at += amount
            bar += sign * max(1, round(at / whole * width) - len(bar))
            said.append(f"{sign} {name}")
    return bar[:width], said


def _verdict(page: LightPage, answer: Answer) -> None:
    where = f" on {answer.room.name}" if answer.room.name else ""
    chance = (
        f" The chance that it does not fit is {answer.risk * 100:.0f} %."
        if answer.verdict == "tight" and answer.risk
        else ""
    )
    what, example = _missing(answer)
    words = WORDS[answer.verdict].format(where=where, what=what, example=f'"{example}"')
    page.add(words + chance, STYLES[answer.verdict])
    longest = _longest(answer)
    if longest:
        page.add(longest)
    if answer.largest_context == 0 and answer.most_layers:
        page.add(f"No context fits with all layers on the GPU; {answer.most_layers} of them (-ngl) do with this one.")


def _missing(answer: Answer) -> tuple[str, str]:
    """What is lacking for a verdict, and how it is written."""
    gpu, host = answer.devices
    if answer.settings.backend == "cpu":
        return "the size of the RAM as well", f"{host.name if host else 'DDR5-6000 x2'} 64GB"
    if gpu:
        return "its memory as well", f"{gpu.name} 64GB"
    return "a GPU with --device", "RTX 3060 12GB"


def _longest(answer: Answer) -> str:
    """How long a context fits, and whether the model was made for it."""
    longest, trained, asked = answer.largest_context, answer.shape.trained_context, answer.settings.context
    said = f"The largest context that surely fits is {longest} tokens" if longest else ""
    if said and trained and longest == trained // PAD * PAD:
        said += ", all that the model was trained for"
    if trained and asked > trained:
        said += f"{'; ' if said else ''}{asked} are more than the {trained} that it was trained for"
    return f"{said[:1].upper()}{said[1:]}." if said else ""


def _speed(page: LightPage, answer: Answer) -> None:
    speed = answer.speed
    if speed is None:
        why = _why_no_speed(answer)
        if why:
            page.add(why, "dim")
        return
    about = f"Decoding should reach about {_rate(speed.decode_tok_s)} tokens per second"
    if answer.verdict == "does-not-fit":
        page.add(about.replace("should reach", "would reach", 1) + " if it fitted.")
    elif speed.decode_tok_s > FASTEST_TOK_S:
        page.add(f"{about} or more: fixed costs of each token decide at such speeds.")
    else:
        page.add(f"{about}; below {_rate(speed.slow_below_tok_s)} something is wrong.")
    ends = prefill_range(speed.prefill_tok_s)
    if ends and speed.decode_tok_s <= FASTEST_TOK_S and answer.verdict != "does-not-fit":
        page.add(f"Prompts are read at roughly {ends[0]:.0f} to {ends[1]:.0f} tokens per second.")
    page.add("; ".join(_bandwidth(device) for device in answer.devices if device) + ".", "dim")


def _why_no_speed(answer: Answer) -> str:
    """What is missing for a speed; nothing where a note says it already or no device is known."""
    gpu, host = answer.devices
    if gpu and host is None:
        name = f"{gpu.name} + DDR5-6000 x2"
        return f'A part runs on the processor: for a speed name its memory as well, as in --device "{name}".'
    return ""


def _bandwidth(device: Device) -> str:
    origin = ORIGINS[device.origin].format(source=device.source or "the driver")
    each = " each" if device.count > 1 else ""
    return f"{device.name}: {device.bandwidth_bytes_s / GB:.0f} GB/s{each}, {origin}"


def _levers(page: LightPage, answer: Answer, look: Look) -> None:
    """What each change saves, and context and speed with it: a table where there is room, else sentences."""
    page.add("What would change it:", "bold")
    table = look.width >= ROOMY
    if table:
        page.exact([f"{'saves':>9}{'context':>9}{'tok/s':>7}"], indent=2)
    for lever in answer.levers[:MAX_LEVERS]:
        then = f" (then it {_then(lever.verdict)})" if lever.verdict not in ("unknown", answer.verdict) else ""
        if table:
            page.add(f"{lever.say}{then}", indent=2, marker=_numbers(lever))
        else:
            page.add(f"{lever.say}: {_sentence(lever)}{then}", indent=2, marker="- ")


def _numbers(lever: Lever) -> str:
    saves = _size(lever.saves_bytes) if lever.saves_bytes >= MIB else "-"
    context = str(lever.largest_context) if lever.largest_context else "-"
    rate = "-" if lever.decode_tok_s is None else _rate(lever.decode_tok_s)
    return f"{saves:>9}{context:>9}{rate:>7}  "


def _sentence(lever: Lever) -> str:
    said = [f"saves {_size(lever.saves_bytes)}" if lever.saves_bytes >= MIB else "is faster"]
    if lever.largest_context:
        said.append(f"up to {lever.largest_context} tokens")
    if lever.decode_tok_s is not None:
        said.append(f"{_rate(lever.decode_tok_s)} tok/s")
    return ", ".join(said)


def _then(verdict: str) -> str:
    return {"fits": "fits", "tight": "is tight"}.get(verdict, "does not fit")


def _rate(value: float) -> str:
    return f"{value:.0f}" if value >= 20 else f"{value:.1f}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def _size(count_bytes: float) -> str:
    if not count_bytes:
        return "-"
    return f"{count_bytes / (1 << 30):.2f} GiB" if count_bytes >= 10 * (1 << 30) else f"{count_bytes / MIB:.0f} MiB"
