"""How well the models of memory and speed agree with what engines printed and people measured, as a Markdown table.

    python scripts/bench_sizing.py

Needs the reference folder beside the checkout (`../shared/reference`); without it only the times are measured.
"""

import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the figures are computed by the tests' own code

from doctor.collect.split_model import read_model  # noqa: E402 - after the path
from doctor.ward.engine import PATIENT  # noqa: E402
from tests.collect.test_split_model import write_parts  # noqa: E402
from tests.sizing import figures, reference  # noqa: E402

REPEATS = 7
PARTS, TENSORS_EACH, VOCABULARY, MODEL_BYTES = 9, 128, 150_000, 400 * 10**9
BYTES_A_ROW = 144  # 256 values of Q4_K
Row = tuple[str, float, float, str]  # what, measured, bound, unit


def memory_rows() -> Iterator[Row]:
    """Against 511 allocations that llama.cpp printed, and 18 public logs."""
    errors = figures.grid_errors()
    yield "weights, worst of 511 allocations", max(errors["weights"]), 0.1, "MiB"
    yield "KV cache, worst of 511 allocations", max(errors["kv"]), 0.1, "MiB"
    for name, words in (("compute", "compute buffer"), ("compute_host", "compute buffer of the host")):
        yield f"{words}, median error", statistics.median(errors[name]) * 100, 0.5, "%"
        yield f"{words}, 95th percentile", figures.percentile(errors[name], 0.95) * 100, 6, "%"
    kv, total = figures.sample_errors()
    yield "KV cache and state in public logs, median error", statistics.median(kv) * 100, 0.05, "%"
    yield "total in public logs, median error", statistics.median(total) * 100, 3, "%"


def speed_rows() -> Iterator[Row]:
    """Against published measurements."""
    found = list(figures.speeds())
    healthy = [row for row in found if row[0] == "healthy"]
    errors = [abs(predicted / measured - 1) for _, measured, predicted, _ in healthy]
    below = sum(measured < slow for _, measured, _, slow in healthy) / len(healthy)
    missed = sum(measured >= slow for label, measured, _, slow in found if label != "healthy")
    yield f"decoding rate of {len(healthy)} healthy machines, median error", statistics.median(errors) * 100, 10, "%"
    yield "healthy machines below the slow line", below * 100, 5, "%"
    yield "sick machines above the slow line", missed, 0, ""


def measured_rows() -> Iterator[Row]:
    """Against measurements that people published, by class of device."""
    found = list(figures.measured())
    healthy = [row for row in found if row.label == "healthy"]
    devices = len({row.hardware for row in healthy})
    words = f"decoding rate, {len(healthy)} published measurements of {devices} set-ups, median error"
    yield words, statistics.median(row.error for row in healthy) * 100, 10, "%"
    for kind in sorted({row.kind for row in healthy}):
        own = [row.error for row in healthy if row.kind == kind]
        yield f"decoding rate, {len(own)} of class {kind}, median error", statistics.median(own) * 100, 20, "%"
    below = sum(row.tok_s < row.slow_below_tok_s for row in healthy) / len(healthy)
    yield "published healthy measurements below the slow line", below * 100, 5, "%"
    sick = [row for row in found if row.label in ("degraded", "partial_offload")]
    missed = sum(row.tok_s >= row.slow_below_tok_s for row in sick)
    yield f"of {len(sick)} published sick measurements above the slow line", missed, 0, ""


def reading_rows() -> Iterator[Row]:
    """The headers of a split model of 400 GB, in sparse files."""
    with tempfile.TemporaryDirectory() as folder:
        rows = MODEL_BYTES // (PARTS * TENSORS_EACH) // BYTES_A_ROW
        paths = write_parts(Path(folder), PARTS, rows=rows, tensors_each=TENSORS_EACH, vocabulary=VOCABULARY)
        began_s = time.perf_counter()
        read_model(paths[0])
        yield "headers of a split model of 400 GB, time", time.perf_counter() - began_s, 1, "s"
        tracemalloc.start()
        read_model(paths[0])
        yield "headers of a split model of 400 GB, memory", tracemalloc.get_traced_memory()[1] / 1e6, 100, "MB"
        tracemalloc.stop()


def answering_rows() -> Iterator[Row]:
    """From the command line to its answer, the file in the cache."""
    yield "`fit` on a cached file, device named", answering_ms(PATIENT, "--device", "RTX 3090"), 300, "ms"
    yield "`fit` on a cached file, this machine", answering_ms(PATIENT), 300, "ms"
    if reference.HEADS.exists():
        with tempfile.TemporaryDirectory() as folder:
            for name in ("llama31-8b", "qwen3-30b-a3b"):
                path = reference.sparse_model(next(reference.HEADS.glob(f"{name}.*")), Path(folder))
                took = answering_ms(path, "--device", "RTX 3060", "--backend", "cuda")
                yield f"`fit` on a cached file of {name}, device named", took, 300, "ms"


def answering_ms(path: Path, *options: str) -> float:
    """Median of the whole command, in milliseconds."""
    times = []
    for _ in range(REPEATS):
        began_s = time.perf_counter()
        command = [sys.executable, "-m", "doctor", "fit", str(path), *options]
        subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)  # noqa: S603 - our own program
        times.append(time.perf_counter() - began_s)
    return statistics.median(times) * 1000


def rows() -> Iterator[Row]:
    """All rows that can be measured here."""
    if reference.HEADS.exists():
        yield from memory_rows()
        yield from speed_rows()
    yield from measured_rows()
    yield from reading_rows()
    yield from answering_rows()


def main() -> None:
    """Print the table as it grows."""
    sys.stdout.write("| what | measured | bound |\n| --- | --- | --- |\n")
    for what, measured, bound, unit in rows():
        sys.stdout.write(f"| {what} | {measured:.3g} {unit} | {bound:g} {unit} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
