"""Buffers that llama.cpp itself reserved for models of `models.py`, from `tests/data/graph_buffers.csv`, in bytes.

It was asked for no more than sizes, with devices that take everything and hold nothing: `backend` "" is one without
additions, "cuda" one that stages weights, aligns to 128 bytes and lets several devices overlap. The processor had AMX.
"""

import csv
from collections import defaultdict
from functools import cache

from doctor.sizing.memory import Need
from doctor.sizing.settings import Settings
from tests.sizing.models import DATA

Row = dict[str, str]
NUMBERS = ("build", "devices", "gpu_layers", "cpu_moe_layers", "context", "slots", "ubatch")
FLAGS = ("flash_attention", "kv_unified", "swa_full")
SIDES = ("device", "host")


@cache
def rows() -> dict[str, list[Row]]:
    """All rows by model."""
    found = defaultdict(list)
    with (DATA / "graph_buffers.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["model"]].append(row)
    return dict(found)


def settings_of(row: Row) -> Settings:
    """What llama.cpp was started with."""
    return Settings(
        **{name: int(row[name]) for name in NUMBERS},
        **{name: row[name] == "1" for name in FLAGS},
        kv_type_k=row["kv_type_k"],
        kv_type_v=row["kv_type_v"],
        outputs=int(row["outputs"]) or None,
        backend=row["backend"],
        amx=True,
    )


def printed(row: Row) -> dict[str, int]:
    """Bytes by part and side, as in `reckoned`; the recurrent state is part of "kv". Some rows are of compute only."""
    names = [f"{part}_{side}" for part in ("weights", "kv", "compute") for side in SIDES]
    return {name: int(row[name]) for name in names if row[name]}


def reckoned(needed: Need) -> dict[str, float]:
    """The same of a prediction."""
    found = {}
    for side in SIDES:
        found[f"weights_{side}"] = getattr(needed.weights, side)
        found[f"kv_{side}"] = getattr(needed.kv, side) + getattr(needed.state, side)
        found[f"compute_{side}"] = getattr(needed.compute, side)
    return found
