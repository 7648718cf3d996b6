"""Bytes on the device and on the host."""

import msgspec


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes on the device and on the host."""

    device: float = 0.0
    host: float = 0.0

    def plus(self, amount: float, *, device: bool) -> "Split":
        """The same with more on one side."""
        if device:
            return Split(device=self.device + amount, host=self.host)
        return Split(device=self.device, host=self.host + amount)
