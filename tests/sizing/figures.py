"""Errors of the models of memory and speed on recorded rows; tests and the benchmark share them."""

import csv
import statistics
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec

from doctor.sizing.classes import kind_on
from doctor.sizing.hardware import find
from doctor.sizing.memory import MIB, Need, need
from doctor.sizing.settings import Settings
from doctor.sizing.speed import Part, judged, part_of
from tests.sizing.reference import grid_settings, rows, sample_shapes, shapes

# Measurements that people published, each with its source. `set` "first" is what the classes' constants were chosen
# with, "later" was collected afterwards (the classes of Jetson and Intel came from it).
MEASURED = Path(__file__).resolve().parent.parent / "data/speed_rows.csv"

# Blocks of the models in `speed_samples.csv`, from their published configurations.
LAYERS = {
    "Llama-3-8B": 32,
    "Llama-3.1-8B": 32,
    "Llama-3-70B": 80,
    "Llama-3.1-70B": 80,
    "Llama-2-7B": 32,
    "Llama-3.2-1B": 16,
    "Llama-3.2-3B": 28,
    "Mistral-7B": 32,
    "Ministral-14B": 40,
    "Gemma-3-27B": 62,
    "Qwen2.5-7B": 28,
    "Qwen2.5-14B": 48,
    "Qwen3-4B": 36,
    "Qwen3-8B": 36,
    "Qwen3-14B": 40,
    "Qwen3-30B-A3B": 48,
    "Qwen3-32B": 64,
    "gpt-oss-20b": 24,
}


@cache
def grid_errors() -> dict[str, list[float]]:
    """Absolute errors in MiB of weights and KV, shares of compute, one an allocation."""
    found: dict[str, list[float]] = {name: [] for name in ("weights", "kv", "compute", "compute_host")}
    for row in rows("memory_grid.csv"):
        needed = need(shapes()[row["model"]], grid_settings(row))
        for side, column in (("device", "gpu"), ("host", "host")):
            found["weights"].append(abs(getattr(needed.weights, side) / MIB - float(row[f"weights_{column}_mib"])))
            found["kv"].append(abs(getattr(needed.kv, side) / MIB - float(row[f"kv_{column}_mib"])))
        found["compute"].append(_share(needed.compute.device, row["compute_gpu_mib"]))
        found["compute_host"].append(_share(needed.compute.host, row["compute_host_mib"]))
    return found


def _share(bytes_: float, mib: str) -> float:
    return abs(bytes_ / MIB - float(mib)) / max(float(mib), 1.0)


def sample_errors() -> tuple[list[float], list[float]]:
    """Shares of KV and state, and of the total of KV, state and compute with the logged weights, one a log."""
    kv, total = [], []
    for row in rows("memory_samples.csv"):
        needed = need(sample_shapes()[row["arch_key"]], sample_settings(row))
        predicted = sum(side.device + side.host for side in (needed.kv, needed.state)) / MIB
        logged = float(row["kv_plus_state_mib"])
        kv.append(abs(predicted - logged) / logged)
        if row["compute_device_mib"]:
            held = float(row["weights_gpu_mib"] or row["weights_host_mib"] or 0)
            real = held + logged + float(row["compute_device_mib"])
            total.append(abs(held + predicted + _compute(needed, row) - real) / real)
    return kv, total


def _compute(needed: Need, row: dict[str, str]) -> float:
    """MiB as the log says them: of one of the devices that work at once."""
    side = needed.compute.host if row["backend"] == "CPU" else needed.compute.device
    return side / (2 if "pipeline" in row["backend"] else 1) / MIB


def sample_settings(row: dict[str, str]) -> Settings:
    """Settings of a log."""
    backend = row["backend"].lower()
    return Settings(
        context=int(row["n_ctx"]),
        slots=int(row["n_seq_max"]),
        kv_unified=row["kv_unified"] == "1",
        ubatch=int(row["n_ubatch"]),
        kv_type_k=row["kv_type_k"],
        kv_type_v=row["kv_type_v"],
        flash_attention=row["flash_attn"] == "1",
        experts_on_cpu="experts" in backend,
        devices=2 if "pipeline" in backend else 1,
        backend=backend.split()[0],
    )


def speeds() -> Iterator[tuple[str, float, float, float]]:
    """Label, measured rate, predicted rate and slow line of each measurement."""
    for row in rows("speed_samples.csv"):
        device = find(row["hardware"])
        assert device is not None, row["hardware"]
        part = Part(
            bytes=float(row["bytes_per_token_gb"]) * 1e9,
            layers=LAYERS[row["model"].rsplit(" ", 1)[0]],
            bandwidth_bytes_s=device.bandwidth_bytes_s,
            kind=device.kind,
        )
        found = judged([part], int(row["depth_tokens"]))
        yield row["label"], float(row["decode_tok_s"]), found.decode_tok_s, found.slow_below_tok_s


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One published rate and what the model says of it."""

    group: str
    label: str
    kind: str
    hardware: str
    tok_s: float
    predicted_tok_s: float
    slow_below_tok_s: float

    @property
    def error(self) -> float:
        """Share by which the prediction misses."""
        return abs(self.predicted_tok_s / self.tok_s - 1)


def measured_rows() -> list[dict[str, str]]:
    """The table as it is written."""
    with MEASURED.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def measured() -> Iterator[Measured]:
    """Every published measurement with its prediction."""
    for row in measured_rows():
        device = find(row["hardware"])
        assert device is not None, row["hardware"]
        layers = int(row["layers"])
        device = msgspec.structs.replace(device, kind=kind_on(device.kind, row["backend"]))
        experts = layers if row["experts"] == "1" else 0
        part = part_of(device, float(row["weights_gb"]) * 1e9, float(row["cache_gb"]) * 1e9, layers, experts)
        found = judged([part], int(row["depth"]))
        yield Measured(
            group=row["set"],
            label=row["label"],
            kind=device.kind,
            hardware=row["hardware"],
            tok_s=float(row["tok_s"]),
            predicted_tok_s=found.decode_tok_s,
            slow_below_tok_s=found.slow_below_tok_s,
        )


def percentile(values: list[float], share: float) -> float:
    """The value below which this share of them lies."""
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]
