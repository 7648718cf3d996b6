"""Everything that can be said about a model on a machine under some settings."""

import msgspec

from doctor.sizing.fit import Lever, Room, largest_context, levers, most_layers, risk, verdict
from doctor.sizing.hardware import Device
from doctor.sizing.memory import Need, need
from doctor.sizing.settings import Settings
from doctor.sizing.shape import Shape
from doctor.sizing.speed import Speed, speed


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Need, verdict, speed and ways out. None: not known, because the device is not."""

    model: str
    size_bytes: int
    shape: Shape
    settings: Settings
    room: Room
    need: Need
    verdict: str
    risk: float | None
    speed: Speed | None
    filled: int
    largest_context: int | None
    most_layers: int | None
    levers: tuple[Lever, ...]


def answer(
    model: tuple[str, int, Shape],
    settings: Settings,
    room: Room,
    devices: tuple[Device | None, Device | None],
    filled: int = 0,
) -> Answer:
    """The answer for a model (its name, size and shape) on a GPU and a processor, either may be None."""
    name, size_bytes, shape = model
    needed = need(shape, settings)
    said = verdict(needed, settings, room)
    return Answer(
        model=name,
        size_bytes=size_bytes,
        shape=shape,
        settings=settings,
        room=room,
        need=needed,
        verdict=said,
        risk=risk(needed, settings, room),
        speed=speed(shape, settings, *devices, filled),
        filled=filled,
        largest_context=largest_context(shape, settings, room),
        most_layers=most_layers(shape, settings, room) if said != "fits" else None,
        levers=levers(shape, settings, room),
    )
