"""Everything that can be said about a model on a machine under some settings."""

from collections.abc import Iterable

import msgspec

from doctor.sizing.fit import Room, largest_context, most_layers, risk, verdict
from doctor.sizing.hardware import Device
from doctor.sizing.levers import Lever, Variant, levers
from doctor.sizing.memory import Need, need
from doctor.sizing.probed import Probed
from doctor.sizing.settings import Settings
from doctor.sizing.shape import Shape
from doctor.sizing.speed import Speed, speed
from doctor.text import one_line


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Need, verdict, speed and ways out. None: not known, because the device is not.

    `need` is computed from the header; `probed` is what llama.cpp itself said of the same settings, where it was asked:
    verdict and risk then rest on that. Contexts, layers and levers are computed. What a machine without a GPU says of
    itself is no answer to a question about one, and is left out.
    """

    model: str
    size_bytes: int
    shape: Shape
    settings: Settings
    room: Room
    devices: tuple[Device | None, Device | None]
    need: Need
    probed: Probed | None
    verdict: str
    risk: float | None
    speed: Speed | None
    filled: int
    largest_context: int | None
    most_layers: int | None
    levers: tuple[Lever, ...]
    notes: tuple[str, ...] = ()


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """What is known beside the header: smaller quantisations, llama.cpp's own numbers, sentences for the user."""

    variants: Iterable[Variant] = ()
    probed: Probed | None = None
    notes: tuple[str, ...] = ()


def answer(
    model: tuple[str, int, Shape],
    settings: Settings,
    room: Room,
    devices: tuple[Device | None, Device | None],
    filled: int = 0,
    beside: Beside | None = None,
) -> Answer:
    """The answer for a model (its name, size and shape) on a GPU and a processor, either may be None."""
    name, size_bytes, shape = model
    beside = beside or Beside()
    needed = need(shape, settings)
    probed = beside.probed if beside.probed and bool(beside.probed.devices) == bool(needed.device) else None
    trusted = probed.in_place_of(needed) if probed else needed
    said = verdict(trusted, settings, room)
    return Answer(
        model=name,
        size_bytes=size_bytes,
        shape=shape,
        settings=settings,
        room=room,
        devices=devices,
        need=needed,
        probed=probed,
        verdict=said,
        risk=risk(trusted, settings, room),
        speed=speed(shape, settings, *devices, filled),
        filled=filled,
        largest_context=largest_context(shape, settings, room),
        most_layers=most_layers(shape, settings, room) if said != "fits" else None,
        levers=levers(shape, settings, room, devices, beside.variants, filled),
        notes=(*beside.notes, *_rough(needed, shape)),
    )


def _rough(needed: Need, shape: Shape) -> tuple[str, ...]:
    """A sentence where compute buffers had to be guessed."""
    if not needed.estimated:
        return ()
    named = one_line(shape.architecture, 40)
    return (f"How {named or 'this architecture'} is computed is not known here: compute buffers are a rough estimate.",)
