"""A model file with all its parts: `PREFIX-00001-of-0000N.gguf` is read as one model, a missing part is an error.

Names and keys: llama.cpp `llama_split_path` and `split.*` in `src/llama-model-loader.cpp` at 0c1e57098. The first part
holds the metadata, every part the entries of its own tensors.
"""

import re
from pathlib import Path

from doctor.collect.gguf import GgufError, Header, read_header

PART = re.compile(r"^(?P<prefix>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf$", re.DOTALL)
MAX_PARTS = 999  # the largest published model has 61


def read_model(path: Path | str) -> Header:
    """The header of a model with the tensors of all its parts; `size_bytes` is that of all parts.

    Raises GgufError; its `problem` is "missing-part" when a part is not there and "truncated" when one is cut off.
    """
    path = Path(path)
    parts = parts_of(path)
    if len(parts) == 1:
        return read_header(path)
    missing = [part for part in parts if not part.is_file()]
    if missing:
        raise GgufError(_missing(missing, len(parts)), "missing-part")
    headers = [_whole(part) for part in parts]
    first = headers[0]
    _check(headers)
    tensors = tuple(tensor for header in headers for tensor in header.tensors)
    if len({tensor.name for tensor in tensors}) != len(tensors):
        raise GgufError(f"a tensor stands in two parts of {path.name}")
    return Header(
        path=str(parts[0]),
        size_bytes=sum(header.size_bytes for header in headers),
        version=first.version,
        metadata=first.metadata,
        skipped=first.skipped,
        tensors=tensors,
        data_start=first.data_start,
        warnings=tuple(warning for header in headers for warning in header.warnings),
    )


def parts_of(path: Path) -> tuple[Path, ...]:
    """All files of a model, also those that are not there; the file itself when its name is not that of a part."""
    found = PART.match(path.name)
    if not found:
        return (path,)
    count = int(found["count"])
    if not 1 <= int(found["number"]) <= count <= MAX_PARTS:
        return (path,)
    return tuple(path.with_name(f"{found['prefix']}-{n:05d}-of-{count:05d}.gguf") for n in range(1, count + 1))


def _whole(part: Path) -> Header:
    header = read_header(part)
    if header.truncated:
        lacking = header.end - header.size_bytes
        raise GgufError(f"{part.name} is cut off: {lacking} bytes of its tensors are missing at the end", "truncated")
    return header


def _missing(missing: list[Path], count: int) -> str:
    names = ", ".join(part.name for part in missing[:3]) + (" and others" if len(missing) > 3 else "")
    verb = "is" if len(missing) == 1 else "are"
    return f"{len(missing)} of the model's {count} parts {verb} missing: {names}"


def _check(headers: list[Header]) -> None:
    """Each part must say its own number and the same count; all tensors together must be as many as promised."""
    for number, header in enumerate(headers):
        said = header.metadata.get("split.no"), header.metadata.get("split.count")
        if said != (number, len(headers)):
            name = Path(header.path).name
            raise GgufError(f"{name} says that it is part {said[0]} of {said[1]}: it belongs to another model")
    promised = headers[0].metadata.get("split.tensors.count")
    found = sum(len(header.tensors) for header in headers)
    if isinstance(promised, int) and promised != found:
        raise GgufError(f"the parts hold {found} tensors together, but the first part promises {promised}")
