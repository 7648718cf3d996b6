"""A model on this machine, ready to be asked about again and again with other settings: nothing is measured twice."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from doctor.collect.machine import machine, with_measured_host
from doctor.collect.named_device import Devices
from doctor.collect.shape import ModelFile, read_model_file
from doctor.sizing.answer import Answer, Beside, answer
from doctor.sizing.fit import Room
from doctor.sizing.gguf_shape import shape_of
from doctor.sizing.settings import AS_STORED, Settings
from doctor.sizing.variants import quantised


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    """The model as stored and in the usual quantisations, on the devices that are here."""

    model: ModelFile
    variants: Mapping[str, ModelFile]  # AS_STORED first
    devices: Devices
    room: Room
    amx: bool
    backend: str  # "cpu" on a machine without a GPU


def bench(path: Path) -> Bench:
    """Read the model's header and look at the machine; measuring its RAM takes a second.

    Raises GgufError, SafetensorsError or NoModelError.
    """
    model = read_model_file(path)
    settings, devices, room = machine("", Settings())
    backend = "" if room.device_bytes is not None else "cpu"
    if devices.host is None:
        devices = with_measured_host(devices)
    return Bench(model=model, variants=_variants(model), devices=devices, room=room, amx=settings.amx, backend=backend)


def _variants(model: ModelFile) -> dict[str, ModelFile]:
    """The quantisations that are smaller than the file; none where its tensors are not all known."""
    found = {AS_STORED: model}
    for name, changed, size in quantised(model.header, 1) if model.header else ():
        found[name] = msgspec.structs.replace(model, shape=shape_of(changed), size_bytes=size)
    return found


def fitted(on: Bench, settings: Settings, variant: str = AS_STORED) -> Answer:
    """The answer under these settings, by calculation alone: milliseconds."""
    model = on.variants[variant]
    settings = msgspec.structs.replace(settings, amx=on.amx, backend=settings.backend or on.backend)
    count = on.devices.device.count if on.devices.device else 1
    if count > 1:
        settings = msgspec.structs.replace(settings, devices=count)
    return answer(
        (model.path, model.size_bytes, model.shape),
        settings,
        on.room,
        (on.devices.device, on.devices.host),
        beside=Beside(notes=on.devices.notes),
    )
