"""What llama.cpp itself says that a model takes, asked without loading it (`llama-fit-params --fit-print on`)."""

import math

import msgspec

from doctor.sizing.memory import MIB, Need
from doctor.sizing.split import Split

# Each number is cut to whole MiB: half of one, with this standard deviation.
ROUNDING_MIB, SIGMA_MIB = 0.5, 0.29


class DeviceNeed(msgspec.Struct, frozen=True, kw_only=True):
    """One line: what the model, its context (cache and state) and its computing take on one device, in whole MiB."""

    name: str
    model_mib: int
    context_mib: int
    compute_mib: int

    @property
    def bytes(self) -> int:
        """All of it."""
        return (self.model_mib + self.context_mib + self.compute_mib) * MIB


class Probed(msgspec.Struct, frozen=True, kw_only=True):
    """The lines of all devices; the host is the last one."""

    devices: tuple[DeviceNeed, ...]
    host: DeviceNeed
    program: str = ""
    arguments: tuple[str, ...] = ()

    @property
    def device_bytes(self) -> int:
        """What all devices beside the host hold."""
        return sum(device.bytes for device in self.devices)

    def in_place_of(self, computed: Need) -> Need:
        """The computed need with these numbers, state counted with the cache as llama.cpp counts it."""
        lines = len(self.devices) or 1
        return msgspec.structs.replace(
            computed,
            weights=self._split("model_mib"),
            kv=self._split("context_mib"),
            state=Split(),
            compute=self._split("compute_mib"),
            margin_bytes=math.sqrt(3 * lines) * SIGMA_MIB * MIB,
        )

    def _split(self, name: str) -> Split:
        """One kind of memory, each number with the half MiB that was cut off."""
        there = sum((getattr(device, name) + ROUNDING_MIB) * MIB for device in self.devices if getattr(device, name))
        here = getattr(self.host, name)
        return Split(device=there, host=(here + ROUNDING_MIB) * MIB if here else 0.0)
