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
from tests.sizing.models import model

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


@cache
def sample_shapes() -> dict[str, Shape]:
    """Shapes of `memory_samples.csv` by its `arch_key`."""
    heads = shapes()
    legacy = Layer(attention="full", k_width=128 * 192, v_width=128 * 128)
    return {
        **heads,
        "llama3-8b": heads["llama31-8b"],
        "qwen25-14b": model("qwen2.5-14b"),
        # A file of before multi-head latent attention; its tensors are not published.
        "deepseek-v3-legacy": Shape(
            architecture="deepseek2", layers=(legacy,) * 61, embedding_length=7168, vocabulary=129280
        ),
        "glm4-32b": model("glm-4-32b"),
        "qwen3-235b": model("qwen3-235b-a22b"),
        "qwen3-1.7b": model("qwen3-1.7b"),
        "llama32-1b": model("llama-3.2-1b"),
        "qwen3next-80b": model("qwen3-next-80b"),
    }
