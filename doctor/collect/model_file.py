"""A bounded look at the model's own file: is it whole, are its small weights numbers, does it carry a template."""

import array
import asyncio
import math
import os
import sys
from pathlib import Path

from doctor.address import is_loopback
from doctor.collect.gguf import GgufError, Header, Tensor, read_header, text_at
from doctor.collect.split_model import read_model
from doctor.collect.weight_sample import Sample, sample_weights
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import FileHealth, ModelCard, Reach
from doctor.sizing.blocks import BLOCKS

# Norm and bias vectors are small and kept as 32-bit floats; a bad one makes every answer garbage.
MAX_CHECKED_BYTES = 4 << 20
FLOAT_32 = 0


async def collect_file_health(context: Context) -> FileHealth:
    """What the model's file says. Skips when the server is not here or does not name a readable file."""
    reach = await context.fact(Reach)
    if not is_loopback(reach.host):
        raise Skip("the model's file is on another machine")
    card = await context.fact(ModelCard)
    if not card.file_path:
        raise Skip("the server does not say where the model's file is")
    path = Path(card.file_path)
    if not path.is_absolute():
        raise Skip(f"the server names its model file only as {path.name}, relative to its own folder")
    if not os.access(path, os.R_OK):
        raise Skip(f"the model file {path.name} cannot be read by this user")
    return await asyncio.to_thread(examine, path)


def examine(path: Path) -> FileHealth:
    """A GGUF file's health, from its header and its small tensors; of a split model, whether all parts are there."""
    size = path.stat().st_size
    try:
        header = read_header(path)
        whole = read_model(path)  # with the other parts of a split model
    except GgufError as error:
        return FileHealth(path=str(path), size_bytes=size, problem=error.problem, detail=str(error))
    template = header.metadata.get("tokenizer.chat_template")
    checked, bad = (0, ()) if header.truncated else check_vectors(path, header)
    sample = Sample(read_bytes=0) if header.truncated else sample_weights(path, header)
    missing = header.end - header.size_bytes
    return FileHealth(
        path=str(path),
        size_bytes=size,
        problem="truncated" if header.truncated else "",
        detail=f"{missing} bytes of the tensors are missing at the end" if header.truncated else "",
        tensors_checked=checked,
        bad_tensors=bad,
        sampled_bytes=sample.read_bytes,
        holes=sample.holes,
        wild_scales=sample.wild,
        chat_template=template if isinstance(template, str) else None,
        end_tokens=end_tokens(path, header),
        bits_per_weight=bits_per_weight(whole),
    )


def end_tokens(path: Path, header: Header) -> tuple[str, ...]:
    """The end tokens that the file names, as its vocabulary spells them."""
    ids = [header.metadata.get(key) for key in FileHealth.END_IDS]
    try:
        texts = [text_at(path, header, "tokenizer.ggml.tokens", id_) for id_ in ids if isinstance(id_, int)]
    except GgufError:  # the file became another one meanwhile
        return ()
    return tuple(dict.fromkeys(text for text in texts if text))


def check_vectors(path: Path, header: Header) -> tuple[int, tuple[str, ...]]:
    """Number of small 32-bit tensors read, and the names of those that hold NaN or infinity."""
    bad: list[str] = []
    checked = 0
    budget = MAX_CHECKED_BYTES
    with path.open("rb") as file:
        for tensor in header.tensors:
            size = tensor.bytes or 0
            if tensor.type_id != FLOAT_32 or size > budget:
                continue
            budget -= size
            file.seek(header.data_start + tensor.offset)
            values = array.array("f", file.read(size))
            if sys.byteorder == "big":
                values.byteswap()
            checked += 1
            if not all(math.isfinite(value) for value in values):
                bad.append(tensor.name)
    return checked, tuple(bad)


def bits_per_weight(header: Header) -> float | None:
    """Mean bits of the weights in matrices, embeddings included; None when a type is unknown."""
    matrices = [tensor for tensor in header.tensors if len(tensor.shape) > 1]
    elements = sum(tensor.elements for tensor in matrices)
    if not elements or any(tensor.type_id not in BLOCKS for tensor in matrices):
        return None
    return round(8 * sum(_size(tensor) for tensor in matrices) / elements, 3)


def _size(tensor: Tensor) -> int:
    return tensor.bytes or 0
