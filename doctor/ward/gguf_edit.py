"""Rewriting a GGUF file: its metadata changed, its tensors streamed through untouched or edited in place.

Format: the GGUF specification of the ggml project, version 3, little-endian. Values that are not changed are copied as
bytes, so a rewrite without changes is identical to its source. For files that we ship; a stranger's file is read by
`doctor.collect.gguf`, which trusts nothing.
"""

import shutil
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

MAGIC = b"GGUF"
DEFAULT_ALIGNMENT = 32
STRING, ARRAY = 8, 9
# struct codes of the metadata value types, by number
SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
# tensor types: (values in a block, bytes of a block)
BLOCKS = {0: (1, 4), 1: (1, 2), 2: (32, 18), 8: (32, 34), 10: (256, 84), 30: (1, 2)}
F32, F16, Q4_0, Q8_0, Q2_K = 0, 1, 2, 8, 10

TensorEdit = Callable[["Tensor", bytearray], None]
Recoding = Callable[["Tensor", bytes], tuple[int, bytes]]


class Tensor(msgspec.Struct, frozen=True, kw_only=True):
    """A tensor's place: `offset` counts from the start of the data, `size_bytes` is its own, without padding."""

    name: str
    shape: tuple[int, ...]
    kind: int
    offset: int
    size_bytes: int


class Gguf(msgspec.Struct, frozen=True, kw_only=True):
    """A file's parts: `metadata` decoded, `raw` the same as (type number, bytes of the value)."""

    path: Path
    version: int
    metadata: dict[str, Any]
    raw: dict[str, tuple[int, bytes]]
    tensors: tuple[Tensor, ...]
    tensor_table: bytes
    alignment: int
    data_start: int


def read(path: Path) -> Gguf:
    """The parts of a GGUF file. Raises ValueError when it is none, struct.error when it ends early."""
    with path.open("rb") as file:
        if file.read(4) != MAGIC:
            msg = f"{path} is not a GGUF file"
            raise ValueError(msg)
        version, tensor_count, value_count = _take(file, "<IQQ")
        metadata, raw = {}, {}
        for _ in range(value_count):
            name = _string(file)
            (kind,) = _take(file, "<I")
            start = file.tell()
            metadata[name] = _value(file, kind)
            end = file.tell()
            file.seek(start)
            raw[name] = (kind, file.read(end - start))
        table_start = file.tell()
        tensors = tuple(_tensor(file) for _ in range(tensor_count))
        table_end = file.tell()
        file.seek(table_start)
        table = file.read(table_end - table_start)
    alignment = metadata.get("general.alignment", DEFAULT_ALIGNMENT)
    return Gguf(
        path=path,
        version=version,
        metadata=metadata,
        raw=raw,
        tensors=tensors,
        tensor_table=table,
        alignment=alignment,
        data_start=_aligned(table_end, alignment),
    )


def write(
    source: Gguf,
    target: Path,
    *,
    changes: Mapping[str, Any] | None = None,
    removed: frozenset[str] = frozenset(),
    edit: TensorEdit | None = None,
) -> Path:
    """Write `source` to `target` with values changed (their types stay) or removed, and tensors edited in place.

    `edit` is called with each tensor and its bytes. Raises KeyError for a key that the file does not have.
    """
    raw = {name: value for name, value in source.raw.items() if name not in removed}
    for name, value in (changes or {}).items():
        raw[name] = (raw[name][0], encoded(source.raw[name], value))
    with source.path.open("rb") as old, target.open("wb") as new:
        new.write(MAGIC + struct.pack("<IQQ", source.version, len(source.tensors), len(raw)))
        for name, (kind, content) in raw.items():
            new.write(_packed(name) + struct.pack("<I", kind) + content)
        new.write(source.tensor_table)
        start = _aligned(new.tell(), source.alignment)
        new.write(b"\0" * (start - new.tell()))
        old.seek(source.data_start)
        shutil.copyfileobj(old, new)
        if edit is not None:
            _edit_tensors(source, old, new, start, edit)
    return target


def write_recoded(source: Gguf, target: Path, recode: Recoding) -> Path:
    """Write `source` to `target` with its tensors in other number formats.

    `recode` gets each tensor and its bytes and gives a kind of `BLOCKS` and the bytes in that kind.
    """
    table, data = [], bytearray()
    with source.path.open("rb") as old:
        for tensor in source.tensors:
            old.seek(source.data_start + tensor.offset)
            kind, content = recode(tensor, old.read(tensor.size_bytes))
            shape = struct.pack(f"<I{len(tensor.shape)}Q", len(tensor.shape), *tensor.shape)
            table.append(_packed(tensor.name) + shape + struct.pack("<IQ", kind, len(data)))
            data += content + b"\0" * (_aligned(len(content), source.alignment) - len(content))
    return _written(source, target, source.raw, b"".join(table), bytes(data))


def _written(source: Gguf, target: Path, raw: Mapping[str, tuple[int, bytes]], table: bytes, data: bytes) -> Path:
    head = MAGIC + struct.pack("<IQQ", source.version, len(source.tensors), len(raw))
    head += b"".join(_packed(name) + struct.pack("<I", kind) + content for name, (kind, content) in raw.items())
    head += table
    target.write_bytes(head + b"\0" * (_aligned(len(head), source.alignment) - len(head)) + data)
    return target


def encoded(was: tuple[int, bytes], value: Any) -> bytes:  # noqa: ANN401 - as many types as GGUF has
    """A value's bytes in the type that the old value has; arrays keep their element type."""
    kind, content = was
    if kind == STRING:
        return _packed(value)
    if kind != ARRAY:
        return struct.pack(SCALARS[kind], value)
    (element,) = struct.unpack_from("<I", content)
    head = struct.pack("<IQ", element, len(value))
    if element == STRING:
        return head + b"".join(map(_packed, value))
    return head + struct.pack(f"<{len(value)}{SCALARS[element][1]}", *value)


def _edit_tensors(source: Gguf, old: BinaryIO, new: BinaryIO, start: int, edit: TensorEdit) -> None:
    for tensor in source.tensors:
        old.seek(source.data_start + tensor.offset)
        was = old.read(tensor.size_bytes)
        content = bytearray(was)
        edit(tensor, content)
        if content != was:
            new.seek(start + tensor.offset)
            new.write(content)


def _take(file: BinaryIO, layout: str) -> tuple[Any, ...]:
    return struct.unpack(layout, file.read(struct.calcsize(layout)))


def _string(file: BinaryIO) -> str:
    (length,) = _take(file, "<Q")
    return file.read(length).decode("utf-8", "surrogateescape")


def _packed(text: str) -> bytes:
    content = text.encode("utf-8", "surrogateescape")
    return struct.pack("<Q", len(content)) + content


def _value(file: BinaryIO, kind: int) -> Any:  # noqa: ANN401 - as many types as GGUF has
    if kind == STRING:
        return _string(file)
    if kind != ARRAY:
        return _take(file, SCALARS[kind])[0]
    element, count = _take(file, "<IQ")
    if element == STRING:
        return [_string(file) for _ in range(count)]
    return list(_take(file, f"<{count}{SCALARS[element][1]}"))


def _tensor(file: BinaryIO) -> Tensor:
    name = _string(file)
    (dimensions,) = _take(file, "<I")
    shape = _take(file, f"<{dimensions}Q")
    kind, offset = _take(file, "<IQ")
    values, block_bytes = BLOCKS[kind]
    count = 1
    for length in shape:
        count *= length
    return Tensor(name=name, shape=shape, kind=kind, offset=offset, size_bytes=count // values * block_bytes)


def _aligned(position: int, alignment: int) -> int:
    return -(-position // alignment) * alignment
