"""From a model's file and settings to everything that can be said about it, here or on devices that are named."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from doctor.collect.machine import machine, with_measured_host
from doctor.collect.named_device import Devices
from doctor.collect.shape import ModelFile
from doctor.sizing.answer import Answer, Beside, answer
from doctor.sizing.fit import Room
from doctor.sizing.levers import Variant
from doctor.sizing.probed import Probed
from doctor.sizing.settings import Settings
from doctor.sizing.speed import active
from doctor.sizing.variants import smaller


def answered(
    model: ModelFile, settings: Settings, device: str, filled: int, *, probe: bool
) -> tuple[Answer, Answer | None]:
    """The answer for what was asked; beside it that for the processor, where this machine has no GPU to ask about.

    Raises UsageError for a device that is not listed.
    """
    asked, devices, room = machine(device, settings)
    on_processor = not device and room.device_bytes is None and not settings.backend and settings.gpu_layers < 0
    first = _found(model, asked, devices, room, filled, probe=probe and not device and not on_processor)
    if not on_processor:
        return first, None
    asked = msgspec.structs.replace(asked, backend="cpu")
    return first, _found(model, asked, devices, room, filled, probe=probe)


def _found(model: ModelFile, settings: Settings, devices: Devices, room: Room, filled: int, *, probe: bool) -> Answer:
    here = room.origin == "reported"
    only_host = settings.backend == "cpu" or devices.device is not None
    if here and only_host and devices.host is None and active(model.shape, settings).host_bytes:
        devices = with_measured_host(devices)
    beside = Beside(
        variants=_smaller(model),
        probed=_probed(model, settings) if probe else None,
        notes=devices.notes,
    )
    named = (model.path, model.size_bytes, model.shape)
    return answer(named, settings, room, (devices.device, devices.host), filled, beside)


def _smaller(model: ModelFile) -> Iterable[Variant]:
    """The same model in smaller quantisations; none where the header does not list its tensors."""
    if model.header is None:
        return ()
    return smaller(model.header)


def _probed(model: ModelFile, settings: Settings) -> Probed | None:
    """What llama.cpp's own program says, where this machine has it; None when it has not or the program fails."""
    if model.format != "gguf":
        return None
    from doctor.collect.fit_params import arguments_for, ask_now, locate_here

    program = locate_here()
    if program is None:
        return None
    return ask_now(program, arguments_for(Path(model.path), settings, len(model.shape.layers) + 1))
