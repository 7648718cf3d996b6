"""The headers of safetensors files and their `config.json`, read within bounds and without the tensor data.

Layout: huggingface/safetensors README; the limits are stricter. A folder is one model: `model.safetensors`, or the
shards that `model.safetensors.index.json` names.
"""

import itertools
import os
import stat
from pathlib import Path
from typing import Any

import msgspec

from doctor.errors import DoctorError
from doctor.sizing.config_shape import Weight

MAX_HEADER_BYTES = 25 << 20  # one of 163 shards of a 671B model has 60 kB; the format's own limit is 100 MB
MAX_JSON_BYTES = 32 << 20
MAX_TENSORS = 131_072
MAX_SHARDS = 1_000
MAX_DIMENSIONS = 8
METADATA = "__metadata__"
BITS = {
    **dict.fromkeys(("F64", "I64", "U64", "C64"), 64),
    **dict.fromkeys(("F32", "I32", "U32"), 32),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 16),
    **dict.fromkeys(("I8", "U8", "BOOL", "F8_E4M3", "F8_E5M2", "F8_E8M0"), 8),
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
    "F4": 4,
}


class SafetensorsError(DoctorError):
    """A file that is not usable; `problem` is one of the states of `facts.FileHealth` or "missing-part"."""

    def __init__(self, message: str, problem: str = "unreadable-header") -> None:
        super().__init__(message)
        self.problem = problem


class Entry(msgspec.Struct, frozen=True):
    """One tensor as the header names it."""

    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


def read_folder(folder: Path) -> tuple[dict[str, Any], tuple[Weight, ...]]:
    """The configuration and the tensors of all shards of a model's folder. Raises SafetensorsError."""
    config = _object(folder / "config.json")
    index = folder / "model.safetensors.index.json"
    names = _shards(index) if index.exists() else ["model.safetensors"]
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        rest = " and others" if len(missing) > 3 else ""
        words = f"{len(missing)} of the model's {len(names)} files are missing: {', '.join(missing[:3])}{rest}"
        raise SafetensorsError(words, "missing-part")
    return config, tuple(itertools.chain.from_iterable(read_safetensors(folder / name) for name in names))


def read_safetensors(path: Path) -> tuple[Weight, ...]:
    """The tensors of one file, in the order of their data. Raises SafetensorsError."""
    size, header = _header(path)
    try:
        raw = msgspec.json.decode(header, type=dict[str, msgspec.Raw])
        entries = {name: msgspec.json.decode(value, type=Entry) for name, value in raw.items() if name != METADATA}
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise SafetensorsError(f"the header of {path.name} is not what the format says: {error}") from error
    if len(entries) > MAX_TENSORS:
        raise SafetensorsError(f"{path.name} claims {len(entries)} tensors, more than {MAX_TENSORS}")
    ordered = sorted(entries.items(), key=lambda item: item[1].data_offsets)
    room, expected = size - 8 - len(header), 0
    for name, entry in ordered:
        begin, end = entry.data_offsets
        if begin != expected or end < begin:
            raise SafetensorsError(f"the tensor {name[:80]} of {path.name} does not start where the one before it ends")
        if end - begin != _bytes(name, entry):
            raise SafetensorsError(
                f"the tensor {name[:80]} of {path.name} has {end - begin} bytes, which is no {entry.dtype}"
            )
        expected = end
    if expected > room:
        raise SafetensorsError(
            f"{path.name} is cut off: {expected - room} bytes of its tensors are missing", "truncated"
        )
    return tuple(Weight(name=name, shape=tuple(entry.shape), bytes=_bytes(name, entry)) for name, entry in ordered)


def _header(path: Path) -> tuple[int, bytes]:
    """Size of the file and the bytes of its header."""
    try:
        with path.open("rb") as file:
            info = os.fstat(file.fileno())
            if not stat.S_ISREG(info.st_mode):
                raise SafetensorsError(f"{path.name} is not a regular file")
            start = file.read(8)
            length = int.from_bytes(start, "little")
            if start.startswith(b"version "):
                raise SafetensorsError(
                    "the file is a Git LFS pointer: the model was never downloaded", "git-lfs-pointer"
                )
            if len(start) < 8 or length > info.st_size - 8:
                raise SafetensorsError(f"{path.name} ends inside its header", "truncated")
            if length > MAX_HEADER_BYTES:
                raise SafetensorsError(f"the header of {path.name} claims {length} bytes, more than {MAX_HEADER_BYTES}")
            header = file.read(length)
    except OSError as error:
        raise SafetensorsError(f"{path.name} cannot be read: {error.strerror}", "unreadable") from error
    if not header.startswith(b"{"):
        raise SafetensorsError(f"{path.name} does not begin as a safetensors file does", "not-a-gguf")
    return info.st_size, header


def _bytes(name: str, entry: Entry) -> int:
    """Bytes of a tensor by its shape."""
    if entry.dtype not in BITS:
        raise SafetensorsError(f"the tensor {name[:80]} has the unknown type {entry.dtype[:20]}")
    if len(entry.shape) > MAX_DIMENSIONS or any(d < 0 for d in entry.shape):
        raise SafetensorsError(f"the tensor {name[:80]} has an impossible shape")
    elements = 1
    for dimension in entry.shape:
        elements *= dimension
    if elements >= 1 << 63:
        raise SafetensorsError(f"the tensor {name[:80]} has more elements than can be counted")
    return elements * BITS[entry.dtype] // 8


def _shards(index: Path) -> list[str]:
    """File names of the shards, each once."""
    named = _object(index).get("weight_map")
    names = sorted({str(name) for name in named.values()}) if isinstance(named, dict) else []
    if not names or len(names) > MAX_SHARDS:
        raise SafetensorsError(f"{index.name} names {len(names)} files")
    if any(Path(name).name != name for name in names):
        raise SafetensorsError(f"{index.name} names a file outside its own folder")
    return names


def _object(path: Path) -> dict[str, Any]:
    """A JSON object from a file of bounded size."""
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise SafetensorsError(f"{path.name} is larger than {MAX_JSON_BYTES >> 20} MiB")
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except OSError as error:
        raise SafetensorsError(f"{path.name} cannot be read: {error.strerror}", "unreadable") from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise SafetensorsError(f"{path.name} is not a JSON object: {error}") from error
