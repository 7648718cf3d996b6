"""What the header of a model file says: its metadata and its tensors, without their data."""

from typing import Any

import msgspec

from doctor.sizing.blocks import BLOCKS


class Tensor(msgspec.Struct, frozen=True):
    """One tensor's entry: `offset` is relative to the data section; `type_name` is "" for an unknown type."""

    name: str
    shape: tuple[int, ...]
    type_id: int
    offset: int

    @property
    def elements(self) -> int:
        """Number of values."""
        count = 1
        for dimension in self.shape:
            count *= dimension
        return count

    @property
    def type_name(self) -> str:
        """Name of the block type, "" when it is unknown."""
        block = BLOCKS.get(self.type_id)
        return block.name if block else ""

    @property
    def bytes(self) -> int | None:
        """Size in the file; None for an unknown type."""
        block = BLOCKS.get(self.type_id)
        return self.elements // block.elements * block.bytes if block else None


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """A GGUF header. `metadata` holds scalars, short strings and numeric arrays up to 65,536 elements.

    `skipped` gives the length of what was walked over but not kept: long strings, string arrays, long arrays; `texts`
    where in the file the string arrays begin.
    """

    path: str
    size_bytes: int
    version: int
    metadata: dict[str, Any]
    skipped: dict[str, int]
    tensors: tuple[Tensor, ...]
    data_start: int
    warnings: tuple[str, ...] = ()
    texts: dict[str, int] = {}

    @property
    def architecture(self) -> str:
        """Value of `general.architecture`."""
        return str(self.metadata.get("general.architecture", ""))

    def own(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - metadata values have any type
        """A key of the model's architecture: `own("block_count")` is `llama.block_count` for llama."""
        return self.metadata.get(f"{self.architecture}.{key}", default)

    @property
    def end(self) -> int:
        """First byte after the last tensor whose size is known: what the file must at least hold."""
        ends = [self.data_start + t.offset + (t.bytes or 0) for t in self.tensors]
        return max(ends, default=self.data_start)

    @property
    def truncated(self) -> bool:
        """Whether the file ends before its tensors do."""
        return self.end > self.size_bytes
