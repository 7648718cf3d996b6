"""What could be changed to make a model fit or go faster, and what each change gains."""

from collections.abc import Iterable, Iterator

import msgspec

from doctor.sizing.fit import DOES_NOT_FIT, FITS, TIGHT, UNKNOWN, Room, largest_context, most_layers, verdict
from doctor.sizing.hardware import Device
from doctor.sizing.memory import MIB, need
from doctor.sizing.settings import PAD, Settings
from doctor.sizing.shape import Shape
from doctor.sizing.speed import speed

SMALL_UBATCH = 128  # tokens: a quarter of the default, still enough for the kernels that read prompts
FASTER = 1.05  # a change that saves nothing must gain this much speed to be worth a line


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """The same model in another quantisation, as estimated from its header."""

    name: str
    shape: Shape


class Lever(msgspec.Struct, frozen=True, kw_only=True):
    """A change: what it saves on the side that is short, and verdict, largest context and speed with it.

    `estimate`: the weights are those that quantising anew would give, not those of a file.
    """

    say: str
    saves_bytes: float
    verdict: str
    largest_context: int | None = None
    decode_tok_s: float | None = None
    estimate: bool = False


class Change(msgspec.Struct, frozen=True):
    """Words for a change, and what it makes of settings and shape."""

    say: str
    settings: Settings
    shape: Shape
    estimate: bool = False


def levers(
    shape: Shape,
    settings: Settings,
    room: Room,
    devices: tuple[Device | None, Device | None] = (None, None),
    variants: Iterable[Variant] = (),
    filled: int = 0,
) -> tuple[Lever, ...]:
    """What other settings would gain, largest saving first.

    `variants` are smaller quantisations, largest first; each is made when it is looked at.
    """
    before = need(shape, settings)
    side = "device" if before.weights.device else "host"
    now = speed(shape, settings, *devices, filled)
    found = []
    for change in _changes(shape, settings, room, variants):
        after = need(change.shape, change.settings)
        saved = getattr(before, side) - getattr(after, side)
        then = speed(change.shape, change.settings, *devices, filled)
        faster = bool(now and then and then.decode_tok_s > FASTER * now.decode_tok_s)
        if saved < MIB and not faster:
            continue
        lever = Lever(
            say=change.say,
            saves_bytes=saved,
            verdict=verdict(after, change.settings, room),
            largest_context=largest_context(change.shape, change.settings, room),
            decode_tok_s=then.decode_tok_s if then else None,
            estimate=change.estimate,
        )
        found.append(lever)
    return tuple(sorted(found, key=lambda lever: -lever.saves_bytes))


def _changes(shape: Shape, settings: Settings, room: Room, variants: Iterable[Variant]) -> Iterator[Change]:
    """Changes that are worth a try."""
    replace = msgspec.structs.replace
    if not settings.flash_attention:
        yield Change("flash attention on", replace(settings, flash_attention=True), shape)
    if "f" in settings.kv_type_k and any(layer.k_width for layer in shape.layers):
        changed = replace(settings, kv_type_k="q8_0", kv_type_v="q8_0", flash_attention=True)
        yield Change("KV cache as q8_0 (needs flash attention)", changed, shape)
    if settings.slots > 1:
        one = replace(settings, slots=1, context=_one_slots_context(settings))
        yield Change(f"one slot instead of {settings.slots}", one, shape)
    context = settings.context or shape.trained_context
    if context > 2 * PAD:
        yield Change(f"half the context ({context // 2} tokens)", replace(settings, context=context // 2), shape)
    if settings.ubatch > SMALL_UBATCH:
        small = replace(settings, ubatch=SMALL_UBATCH)
        yield Change(f"--ubatch-size {SMALL_UBATCH} (slower prompts)", small, shape)
    if shape.experts and not settings.experts_on_cpu and settings.backend != "cpu":
        yield Change("experts on the CPU (--cpu-moe)", replace(settings, experts_on_cpu=True), shape)
    yield from _layers(shape, settings, room)
    for variant in _worth_it(shape, settings, room, variants):
        yield Change(f"the model as {variant.name} (estimate)", settings, variant.shape, estimate=True)


def _worth_it(shape: Shape, settings: Settings, room: Room, variants: Iterable[Variant]) -> Iterator[Variant]:
    """The next smaller quantisation; where the model does not fit, the largest that does, or else the smallest."""
    said = verdict(need(shape, settings), settings, room)
    last = None
    for variant in variants:
        last = variant
        if said in (FITS, UNKNOWN) or verdict(need(variant.shape, settings), settings, room) == FITS:
            yield variant
            return
    if last:
        yield last


def _layers(shape: Shape, settings: Settings, room: Room) -> Iterator[Change]:
    """Fewer layers on the GPU where all do not fit, more where room is left."""
    if settings.backend == "cpu":
        return
    said = verdict(need(shape, settings), settings, room)
    every = len(shape.layers) + 1
    now = every if settings.gpu_layers < 0 else settings.gpu_layers
    most = most_layers(shape, settings, room) if said in (TIGHT, DOES_NOT_FIT, FITS) else None
    if most is None or most == now or (said == FITS and most < now):
        return
    if most:
        words = f"all {every} layers on the GPU (-ngl {every})" if most == every else f"{most} layers on the GPU"
        words += "" if most == every else f" (-ngl {most})"
        yield Change(words, msgspec.structs.replace(settings, gpu_layers=most), shape)


def _one_slots_context(settings: Settings) -> int:
    """The context that keeps each slot's window when there is only one."""
    return settings.context if settings.kv_unified else settings.context // settings.slots
