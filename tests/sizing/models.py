"""Models by their published hyper-parameters: headers without files, from `tests/data/graph_models.txt`."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from doctor.sizing.blocks import BLOCKS
from doctor.sizing.gguf_shape import shape_of
from doctor.sizing.header import Header, Tensor
from doctor.sizing.shape import Shape

DATA = Path(__file__).resolve().parent.parent / "data"
TYPES = {block.name: number for number, block in BLOCKS.items()}


@cache
def headers() -> dict[str, Header]:
    """All models by name."""
    text = (DATA / "graph_models.txt").read_text(encoding="utf-8")
    return {name: parsed(lines) for name, *lines in map(str.splitlines, text.split("\nmodel ")[1:])}


@cache
def model(name: str) -> Shape:
    """The shape of one."""
    return shape_of(headers()[name])


def parsed(lines: list[str]) -> Header:
    """A header from the lines that describe it."""
    words = [line.split(" ", 1) for line in lines if line]
    architecture = next(rest for word, rest in words if word == "architecture")
    keys = (rest.split(" ", 1) for word, rest in words if word == "key")
    tensors = tuple(tensor for word, rest in words if word in ("block", "tensor") for tensor in parsed_row(word, rest))
    return Header(
        path="m.gguf",
        size_bytes=1 << 30,
        version=3,
        metadata={
            "general.architecture": architecture,
            **{f"{architecture}.{key}": json.loads(value) for key, value in keys},
        },
        skipped={word: int(rest) for word, rest in words if word == "tokenizer.ggml.tokens"},
        tensors=tensors,
        data_start=0,
    )


def parsed_row(word: str, rest: str) -> Iterator[Tensor]:
    """The tensors of one line: one, or one for each block."""
    blocks, name, kind, dimensions = rest.split() if word == "block" else ("", *rest.split())
    shape = tuple(map(int, dimensions.split(",")))
    for prefix in (f"blk.{number}." for number in numbers(blocks)) if blocks else ("",):
        yield Tensor(prefix + name, shape, TYPES[kind], 0)


def numbers(text: str) -> Iterator[int]:
    """`0-2,5` is 0, 1, 2 and 5."""
    for part in text.split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)
