"""Large indexes of made-up words, and the command run on them with its time, memory and what it left on the disk.

The embedder is a façade that sums a direction for each word: embedding costs next to nothing, so that the time is the
command's and the store's own.
"""

import json
import subprocess
import sys
import zlib
from pathlib import Path

import msgspec
import numpy as np

from tests.rag.corpus import Corpus

SIZE = 384
WORDS = 20_000  # in the vocabulary
LENGTH = 60  # words of a chunk
DIRECTIONS = 1 << 14
SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]
TABLE = np.random.default_rng(0).normal(size=(DIRECTIONS, SIZE)).astype("f4")
# The façade knows no meanings, which the check of the embedder itself would rightly say.
ALONE = ("--skip", "embeddings")
# A process counts the memory of the one that started it, so that one is small.
LAUNCH = """
import json, os, subprocess, sys, time
began = time.perf_counter()
with open(sys.argv[1], "wb") as out:
    process = subprocess.Popen(sys.argv[2:], stdout=out)
    _, status, usage = os.wait4(process.pid, 0)
told = {"exit_code": os.waitstatus_to_exitcode(status), "wall_s": time.perf_counter() - began,
        "cpu_s": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss}
process.returncode = 0
with open(sys.argv[1] + ".usage", "w") as file:
    json.dump(told, file)
"""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the command."""

    exit_code: int
    wall_s: float
    cpu_s: float
    peak_bytes: int
    document: dict


def vocabulary() -> list[str]:
    """Words of two to five syllables, the common ones short."""
    rng = np.random.default_rng(1)
    lengths = np.linspace(2, 5.99, WORDS).astype(int)
    return ["".join(SYLLABLES[n] for n in rng.integers(len(SYLLABLES), size=length)) for length in lengths]


def large(count: int) -> Corpus:
    """Chunks whose words are drawn by Zipf's law, with their vectors."""
    rng = np.random.default_rng(2)
    shares = 1 / (np.arange(WORDS) + 10.0)
    drawn = rng.choice(WORDS, size=(count, LENGTH), p=shares / shares.sum())
    known = vocabulary()
    texts = [" ".join(known[n] for n in row) for row in drawn]
    return Corpus(
        ids=[f"c{n}" for n in range(count)],
        texts=texts,
        metadata=[{"source": f"file{n // 50}.md", "page": n % 50} for n in range(count)],
        vectors=list(summed(texts)),
    )


def summed(texts) -> np.ndarray:
    """A unit vector for each text: the sum of its words' directions, long words weighing more."""
    made = np.empty((len(texts), SIZE), "f4")
    for place, text in enumerate(texts):
        words = text.lower().split()
        rows = [zlib.crc32(word.strip(".,:;!?\"'").encode()) % DIRECTIONS for word in words] or [0]
        weights = np.array([min(1.0, len(word) / 8) ** 2 for word in words] or [1.0], "f4")
        made[place] = weights @ TABLE[rows]
    return made / np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-9)


def examined(place: str, url: str, *more: str, cwd: Path) -> Run:
    """`llm-doctor rag` on an index in a process of its own."""
    command = [sys.executable, "-m", "doctor", "rag", place, "--target", url, *ALONE, "--format", "json", *more]
    out = cwd / "report.json"
    subprocess.run([sys.executable, "-c", LAUNCH, str(out), *command], cwd=cwd, stdin=subprocess.DEVNULL, check=True)
    told = json.loads((cwd / "report.json.usage").read_text())
    unit = 1 if sys.platform == "darwin" else 1024
    return Run(
        exit_code=told["exit_code"],
        wall_s=told["wall_s"],
        cpu_s=told["cpu_s"],
        peak_bytes=told["peak"] * unit,
        document=json.loads(out.read_text()) if told["exit_code"] in range(3) else {},
    )
