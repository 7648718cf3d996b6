"""The model's file is whole and holds numbers.

What: the header of the model's own file, its length against what its tensors need, whether its small weight vectors
are finite numbers, and whether its matrices have holes of zeros or blocks with an absurd scale.

Why: a download that broke off or lost a part, a Git LFS pointer instead of the model, a flipped bit or a vector of
not-a-number values gives nonsense from the first token, and looks like a driver or template fault.

How: the file's header is read within bounds; of the tensor data the 32-bit vectors, 4 MiB at most, and samples of the
matrices: all of a file up to 16 MiB, 4 MiB spread evenly over a larger one.

Limits: only files on this machine that this user may read. A changed byte inside a block, or one wrong scale in a
large file, is not seen: compare the file's checksum with its publisher's for that.
"""

from doctor.api import (
    Context,
    Depth,
    Evidence,
    FileHealth,
    Finding,
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
HOLES = Symptom(id="zeroed-weights", title="Parts of the model's file are zeros", severity=Severity.CRITICAL)
WILD = Symptom(id="absurd-weights", title="Weights in the model's file are absurdly large", severity=Severity.CRITICAL)
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
    sampled = computed("matrices sampled", mib(health.sampled_bytes), source="GGUF tensor data")
    spoilt = sampled_damage(health, name, sampled)
    if not health.bad_tensors:
        return verdict(*spoilt, measured=[size, checked, sampled])
    named = ", ".join(health.bad_tensors[:SHOWN_NAMES])
    bad = computed("vectors with NaN or infinity", len(health.bad_tensors), source="GGUF tensor data")
    summary = (
        f"{len(health.bad_tensors)} of {health.tensors_checked} weight vectors in {name} hold values that are not "
        f"numbers ({named}), which no sound file does"
    )
    return verdict(seen(BAD_WEIGHTS, name, summary, bad, checked), *spoilt)


def sampled_damage(health: FileHealth, name: str, sampled: Evidence) -> list[Finding]:
    """Holes and absurd scales among the samples."""
    found: list[Finding] = []
    if health.holes:
        holes = computed("matrices with a stretch of zeros", len(health.holes), source="GGUF tensor data")
        text = f"{name} holds zeros where weights should be ({', '.join(health.holes[:SHOWN_NAMES])})"
        found.append(seen(HOLES, name, text, holes, sampled))
    if health.wild_scales:
        wild = computed("matrices with an absurd scale", len(health.wild_scales), source="GGUF tensor data")
        text = f"blocks of {name} have scales that no sound file has ({', '.join(health.wild_scales[:SHOWN_NAMES])})"
        found.append(seen(WILD, name, text, wild, sampled))
    return found
