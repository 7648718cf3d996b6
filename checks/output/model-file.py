"""The model's file is whole and holds numbers.

What: the header of the model's own file, its length against what its tensors need, and whether its small weight
vectors are finite numbers.

Why: a download that broke off, a Git LFS pointer instead of the model, or a vector of not-a-number values gives
nonsense from the first token, and looks like a driver or template fault.

How: the file's header is read within bounds; of the tensor data only 32-bit vectors are read, 4 MiB at most.

Limits: only files on this machine that this user may read. A changed byte inside a quantised matrix is not seen:
compare the file's checksum with its publisher's for that.
"""

from doctor.api import (
    Context,
    Depth,
    FileHealth,
    Severity,
    Symptom,
    Verdict,
    computed,
    mib,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.PASSIVE
DAMAGED = Symptom(id="file-damaged", title="The model's file is not whole", severity=Severity.CRITICAL)
BAD_WEIGHTS = Symptom(
    id="bad-weights", title="The model's file holds weights that are not numbers", severity=Severity.CRITICAL
)
SHOWN_NAMES = 3


async def check(context: Context) -> Verdict:
    """Judge the file's structure and its vectors."""
    health = await context.fact(FileHealth)
    name = health.path.replace("\\", "/").rsplit("/", 1)[-1]
    size = reported("file size", health.size_bytes, "B", "file system")
    if health.problem:
        problem = reported("problem", health.problem, source="GGUF header")
        return verdict(
            seen(DAMAGED, name, f"{name} ({mib(health.size_bytes)}) cannot be whole: {health.detail}", problem, size)
        )
    checked = computed("vectors read", health.tensors_checked, source="GGUF tensor data")
    if not health.bad_tensors:
        return verdict(measured=[size, checked])
    named = ", ".join(health.bad_tensors[:SHOWN_NAMES])
    bad = computed("vectors with NaN or infinity", len(health.bad_tensors), source="GGUF tensor data")
    summary = (
        f"{len(health.bad_tensors)} of {health.tensors_checked} weight vectors in {name} hold values that are not "
        f"numbers ({named}), which no sound file does"
    )
    return verdict(seen(BAD_WEIGHTS, name, summary, bad, checked))
