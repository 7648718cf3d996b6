"""Models and rows of the reference folder beside the checkout; tests that need them skip without it."""

import csv
import os
import tempfile
from functools import cache
from pathlib import Path

import pytest

from doctor.collect.gguf import read_header
from doctor.sizing.gguf_shape import shape_of
from doctor.sizing.settings import Settings
from doctor.sizing.shape import Layer, Shape

FOLDER = Path(__file__).resolve().parents[3] / "shared/reference"
HEADS = FOLDER / "gguf-heads"
needed = pytest.mark.skipif(not HEADS.exists(), reason="the reference folder is not here")


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def sparse_model(head: Path, folder: Path) -> Path:
    """A file of the size that the head's name carries, with the head's bytes and nothing behind them."""
    name, size, _ = head.name.rsplit(".", 2)
    path = folder / f"{name}.gguf"
    path.write_bytes(head.read_bytes())
    os.truncate(path, int(size))
    return path


@cache
def shapes() -> dict[str, Shape]:
    with tempfile.TemporaryDirectory() as folder:
        files = [sparse_model(head, Path(folder)) for head in HEADS.glob("*.head")]
        return {file.stem: shape_of(read_header(file)) for file in files}


def grid_settings(row: dict[str, str]) -> Settings:
    """Settings of a row of the grid, which was made on a processor with AMX."""
    return Settings(
        context=int(row["n_ctx"]),
        slots=int(row["n_seq_max"]),
        kv_unified=row["kv_unified"] == "1",
        ubatch=int(row["n_ubatch"]),
        kv_type_k=row["kv_type_k"],
        kv_type_v=row["kv_type_v"],
        flash_attention=row["flash_attn"] == "1",
        swa_full=row["swa_full"] == "1",
        gpu_layers=int(row["n_gpu_layers"]),
        outputs=int(row["n_outputs_max"]) or None,
        amx=True,
    )


def dense(layers: int, kv: int, d: int, vocabulary: int, heads: int, ff: int, **more) -> Shape:
    """A shape from published hyper-parameters, without weights; `kv` elements of K, and of V, a layer."""
    layer = Layer(attention="full", k_width=kv, v_width=kv)
    return Shape(
        architecture="llama",
        layers=(layer,) * layers,
        embedding_length=d,
        vocabulary=vocabulary,
        heads=heads,
        head_length=more.pop("head_length", d // heads),
        feed_forward=ff,
        **more,
    )


def hybrid() -> Shape:
    """Qwen3-Next-80B: every fourth of 48 layers attends (2 heads of 256), the others keep a recurrent state."""
    attending = Layer(attention="full", k_width=512, v_width=512)
    recurrent = Layer(attention="none", state_bytes=4 * (3 * (4096 + 2 * 16 * 128) + 128 * 4096))
    layers = tuple(attending if i % 4 == 3 else recurrent for i in range(48))
    return Shape(
        architecture="qwen3next",
        layers=layers,
        embedding_length=2048,
        vocabulary=151936,
        heads=16,
        head_length=256,
        feed_forward=5120,
        experts=512,
        experts_used=10,
        expert_feed_forward=512,
    )


@cache
def sample_shapes() -> dict[str, Shape]:
    """Shapes of `memory_samples.csv` by its `arch_key`."""
    heads = shapes()
    legacy = Layer(attention="full", k_width=128 * 192, v_width=128 * 128)
    return {
        **heads,
        "llama3-8b": heads["llama31-8b"],
        "qwen25-14b": dense(48, 1024, 5120, 152064, 40, 13824),
        "deepseek-v3-legacy": Shape(
            architecture="deepseek2",
            layers=(legacy,) * 61,
            embedding_length=7168,
            vocabulary=129280,
            heads=128,
            feed_forward=18432,
        ),
        "glm4-32b": dense(61, 256, 6144, 151552, 48, 23040, head_length=128),
        "qwen3-235b": dense(
            94, 512, 4096, 151936, 64, 12288, head_length=128, experts=128, experts_used=8, expert_feed_forward=1536
        ),
        "qwen3-1.7b": dense(28, 1024, 2048, 151936, 16, 6144, head_length=128),
        "llama32-1b": dense(16, 512, 2048, 128256, 32, 8192),
        "qwen3next-80b": hybrid(),
    }
