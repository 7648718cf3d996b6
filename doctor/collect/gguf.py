"""The header of a GGUF file, read within bounds and without touching the tensor data.

Layout and limits: ggml `docs/gguf.md` and `ggml/src/gguf.cpp` at 0c1e57098; the limits here are stricter, because a
file that a doctor is asked to look at may be damaged or hostile. Every length is checked against the bytes that are
left before anything is read or allocated.
"""

import os
import stat
import struct
import time
from pathlib import Path
from typing import Any, BinaryIO

from doctor.errors import DoctorError
from doctor.sizing.blocks import BLOCKS, RETIRED_TYPES
from doctor.sizing.header import Header, Tensor

__all__ = ["GgufError", "Header", "Tensor", "read_header", "text_at"]

MAGIC = b"GGUF"
MAX_KEYS = 65_536
MAX_TENSORS = 131_072
MAX_KEY_BYTES = 65_535
MAX_NAME_BYTES = 1_024
LOADABLE_NAME_BYTES = 63  # llama.cpp refuses longer tensor names
MAX_STRING_BYTES = 1 << 20  # longer ones are skipped, their length kept
MAX_ARRAY = 8_388_608
MAX_KEPT_ARRAY = 65_536
MAX_HEADER_BYTES = 512 << 20
MAX_SECONDS = 2.0  # of this thread's processor time: a busy machine or a slow disk is no fault of the file
MAX_DIMENSIONS = 4
MIN_ALIGNMENT, MAX_ALIGNMENT, DEFAULT_ALIGNMENT = 8, 65_536, 32
FORMATS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
WIDTHS = {kind: struct.calcsize("<" + letter) for kind, letter in FORMATS.items()}
STRING, ARRAY = 8, 9
CHUNK_BYTES = 1 << 20


class GgufError(DoctorError):
    """A file that is not a usable GGUF; `problem` is one of the states of `facts.FileHealth`."""

    def __init__(self, message: str, problem: str = "unreadable-header") -> None:
        super().__init__(message)
        self.problem = problem


def read_header(path: Path | str) -> Header:
    """The header of a GGUF file. Raises GgufError with the reason in one sentence."""
    path = Path(path)
    try:
        with path.open("rb", buffering=CHUNK_BYTES) as file:
            info = os.fstat(file.fileno())
            if not stat.S_ISREG(info.st_mode):
                raise GgufError(f"{path.name} is not a regular file")
            return _Reader(file, info.st_size, path).header()
    except OSError as error:
        raise GgufError(f"{path.name} cannot be read: {error.strerror}", "unreadable") from error


class _Reader:
    """A bounded walk over the header; every read checks the file's end, the header's cap and the clock."""

    def __init__(self, file: BinaryIO, size: int, path: Path) -> None:
        self.file = file
        self.size = size
        self.path = path
        self.position = 0
        self.ends_s = time.thread_time() + MAX_SECONDS
        self.warnings: list[str] = []
        self.skipped: dict[str, int] = {}
        self.texts: dict[str, int] = {}

    def header(self) -> Header:
        """Walk the whole header."""
        version = self._version()
        tensor_count, key_count = self._unpack("<QQ")
        if key_count > MAX_KEYS:
            raise GgufError(f"the header claims {key_count} keys, more than {MAX_KEYS}")
        if tensor_count > MAX_TENSORS:
            raise GgufError(f"the header claims {tensor_count} tensors, more than {MAX_TENSORS}")
        metadata = self._metadata(key_count)
        alignment = _alignment(metadata.get("general.alignment", DEFAULT_ALIGNMENT))
        tensors = self._tensors(tensor_count)
        data_start = -(-self.position // alignment) * alignment
        _check_offsets(tensors, alignment)
        return Header(
            path=str(self.path),
            size_bytes=self.size,
            version=version,
            metadata=metadata,
            skipped=self.skipped,
            texts=self.texts,
            tensors=tensors,
            data_start=data_start,
            warnings=tuple(self.warnings),
        )

    def _version(self) -> int:
        start = self.file.read(min(self.size, 64))
        if not start:
            raise GgufError("the file is empty", "truncated")
        if start.startswith(b"version https://git-lfs"):
            raise GgufError("the file is a Git LFS pointer: the model itself was never downloaded", "git-lfs-pointer")
        if start[:4] != MAGIC:
            raise GgufError("the file does not begin with GGUF: it is not a GGUF model", "not-a-gguf")
        self.file.seek(4)
        self.position = 4
        (version,) = self._unpack("<I")
        if version & 0xFFFF == 0:
            raise GgufError("the file is in big-endian byte order, made for another kind of processor", "not-a-gguf")
        if version not in (2, 3):
            raise GgufError(f"GGUF version {version} is not one of 2 and 3", "not-a-gguf")
        return int(version)

    def _metadata(self, count: int) -> dict[str, Any]:
        metadata: dict[str, Any] = {}
        for _ in range(count):
            key = self.text(MAX_KEY_BYTES, "a key")
            if not key.isascii():
                raise GgufError("a key is not ASCII")
            if key in metadata or key in self.skipped:
                raise GgufError(f"the key {key[:80]} stands twice")
            (kind,) = self._unpack("<I")
            value = self._value(key, kind)
            if value is not None:
                metadata[key] = value
        return metadata

    def _value(self, key: str, kind: int) -> Any:  # noqa: ANN401 - metadata values have any type
        """A value worth keeping, or None when it was only walked over."""
        if kind == STRING:
            return self._string_value(key)
        if kind == ARRAY:
            return self._array(key)
        if kind not in FORMATS:
            raise GgufError(f"the key {key[:80]} has the unknown value type {kind}")
        (value,) = self._unpack("<" + FORMATS[kind])
        return value

    def _string_value(self, key: str) -> str | None:
        (length,) = self._unpack("<Q")
        if length > MAX_STRING_BYTES:
            self._skip(length)
            self.skipped[key] = length
            return None
        return self._take(length).decode("utf-8", "replace")

    def _array(self, key: str) -> list[Any] | None:
        kind, count = self._unpack("<IQ")
        if count > MAX_ARRAY:
            raise GgufError(f"the array {key[:80]} claims {count} elements, more than {MAX_ARRAY}")
        if kind == ARRAY:
            raise GgufError(f"the array {key[:80]} holds arrays, which llama.cpp refuses")
        if kind == STRING:
            self.texts[key] = self.position
            self.skip_strings(count)
            self.skipped[key] = count
            return None
        if kind not in FORMATS:
            raise GgufError(f"the array {key[:80]} has the unknown element type {kind}")
        if count > MAX_KEPT_ARRAY:
            self._skip(count * WIDTHS[kind])
            self.skipped[key] = count
            return None
        return list(struct.unpack(f"<{count}{FORMATS[kind]}", self._take(count * WIDTHS[kind])))

    def _tensors(self, count: int) -> tuple[Tensor, ...]:
        tensors: dict[str, Tensor] = {}
        for _ in range(count):
            name = self.text(MAX_NAME_BYTES, "a tensor name")
            if len(name.encode()) > LOADABLE_NAME_BYTES and not self.warnings:
                self.warnings.append("a tensor name is longer than llama.cpp loads")
            if name in tensors:
                raise GgufError(f"the tensor {name[:80]} stands twice")
            (dimensions,) = self._unpack("<I")
            if not 1 <= dimensions <= MAX_DIMENSIONS:
                raise GgufError(f"the tensor {name[:80]} has {dimensions} dimensions")
            shape = self._unpack(f"<{dimensions}Q")
            type_id, offset = self._unpack("<IQ")
            tensors[name] = _checked(Tensor(name, tuple(shape), type_id, offset))
        return tuple(tensors.values())

    def text(self, limit: int, what: str) -> str:
        """One string."""
        (length,) = self._unpack("<Q")
        if length > limit:
            raise GgufError(f"{what} claims {length} bytes, more than {limit}")
        return self._take(length).decode("utf-8", "replace")

    def _unpack(self, form: str) -> tuple[Any, ...]:
        return struct.unpack(form, self._take(struct.calcsize(form)))

    def _take(self, length: int) -> bytes:
        self._claim(length)
        data = self.file.read(length)
        if len(data) != length:
            raise GgufError("the file became shorter while it was read", "truncated")
        return data

    def _skip(self, length: int) -> None:
        self._claim(length)
        self.file.seek(length, os.SEEK_CUR)

    def skip_strings(self, count: int) -> None:
        """Walk over strings without making them: a vocabulary has a quarter of a million."""
        unpack = struct.Struct("<Q").unpack_from
        start, at, chunk = self.position, 0, b""
        for _ in range(count):
            if at + 8 > len(chunk):
                start, at = start + at, 0
                self._bounded(start + 8)
                self.file.seek(start)
                chunk = self.file.read(CHUNK_BYTES)
                if len(chunk) < 8:
                    raise GgufError("the file became shorter while it was read", "truncated")
            at += 8 + unpack(chunk, at)[0]
            if start + at > self.size:
                raise GgufError("the file ends inside its header", "truncated")
        self._bounded(start + at)
        self.position = start + at
        self.file.seek(self.position)

    def _claim(self, length: int) -> None:
        """Check that so many bytes are there and allowed, before anything is read."""
        self._bounded(self.position + length)
        self.position += length

    def _bounded(self, position: int) -> None:
        """Check a position in the header against the file's end, the header's cap and the clock."""
        if position > self.size:
            raise GgufError("the file ends inside its header", "truncated")
        if position > MAX_HEADER_BYTES:
            raise GgufError(f"the header is larger than {MAX_HEADER_BYTES >> 20} MiB")
        if time.thread_time() > self.ends_s:
            raise GgufError(f"reading the header took longer than {MAX_SECONDS:.0f} s")


def text_at(path: Path, header: Header, key: str, index: int) -> str | None:
    """One string of an array, such as a token of the vocabulary; None when there is none. Raises GgufError, OSError."""
    if key not in header.texts or not 0 <= index < header.skipped[key]:
        return None
    with path.open("rb") as file:
        reader = _Reader(file, header.size_bytes, path)
        reader.position = header.texts[key]
        reader.skip_strings(index)
        return reader.text(MAX_KEY_BYTES, "a token")


def _alignment(value: object) -> int:
    if not isinstance(value, int) or not MIN_ALIGNMENT <= value <= MAX_ALIGNMENT or value & (value - 1):
        raise GgufError(f"the alignment {value} is not a power of two between {MIN_ALIGNMENT} and {MAX_ALIGNMENT}")
    return value


def _checked(tensor: Tensor) -> Tensor:
    """The tensor, when its size makes sense."""
    if tensor.elements >= 1 << 63:
        raise GgufError(f"the tensor {tensor.name[:80]} has more elements than can be counted")
    if tensor.type_id in RETIRED_TYPES:
        raise GgufError(f"the tensor {tensor.name[:80]} uses a retired block type: download a newer file", "too-old")
    block = BLOCKS.get(tensor.type_id)
    if block and tensor.shape[0] % block.elements:
        raise GgufError(f"the rows of tensor {tensor.name[:80]} are not whole blocks of {block.name}")
    return tensor


def _check_offsets(tensors: tuple[Tensor, ...], alignment: int) -> None:
    """Each tensor must start where the one before ends, padded: llama.cpp demands it."""
    expected = 0
    for tensor in tensors:
        if tensor.bytes is None:
            return  # an unknown type: sizes after it cannot be followed
        if tensor.offset != expected:
            raise GgufError(f"the tensor {tensor.name[:80]} does not start where the one before it ends")
        expected += -(-tensor.bytes // alignment) * alignment
