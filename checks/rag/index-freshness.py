"""The index holds what the files hold today.

What: the files that sampled chunks name as their source, compared with the files on this machine.

Why: an index is a copy. After a file was changed or removed it goes on answering from what was there before.

How: a chunk is stale when more than half of its runs of eight words no longer stand in its file, or when the file is
gone from a folder that is still there. A file that is newer than the index is only noted, since copying changes dates.

Limits: texts are compared for plain-text files only; of PDF and office files only presence and date are seen. Relative
names need --documents FOLDER.
"""

from doctor.api import (
    Context,
    Depth,
    Evidence,
    Finding,
    Index,
    Severity,
    SourceFiles,
    Symptom,
    Verdict,
    computed,
    percent,
    seen,
    verdict,
)

SUBJECT = "index"
DEPTH = Depth.PASSIVE
DEADLINE_S = 120.0
STALE = Symptom(id="index-stale", title="The index holds what the files no longer hold")
NEWER = Symptom(id="index-older-than-files", title="Files are newer than the index", severity=Severity.NOTE)

STALE_SHARE = 0.05  # of the checked files; in any live folder a few files change after an indexing
SHOWN = 3


async def check(context: Context) -> Verdict:
    """Count stale files."""
    index = await context.fact(Index)
    files = await context.fact(SourceFiles)
    name = index.title or index.collection
    measured = [computed("source files looked at", files.checked, f"of {files.named}", f"field {files.field}")]
    return verdict(stale(files, name, measured), newer(files, name), measured=measured)


def stale(files: SourceFiles, name: str, measured: list[Evidence]) -> Finding | None:
    """Files that are gone or say something else."""
    count = len(files.missing) + len(files.changed)
    if count <= STALE_SHARE * files.checked:
        return None
    evidence = [
        computed(f"source files {how}", f"{len(names)}: {', '.join(sorted(names)[:SHOWN])}", "", "comparison")
        for how, names in (("that are gone", files.missing), ("that were changed", files.changed))
        if names
    ]
    share = percent(count / files.checked)
    summary = f"{share} of the source files are gone or no longer hold the indexed text"
    return seen(STALE, name, summary, *evidence, *measured)


def newer(files: SourceFiles, name: str) -> Finding | None:
    """Dates alone."""
    only = [file for file in files.newer if file not in files.changed]
    if not only or files.compared:
        return None
    dates = computed("files newer than the index", f"{len(only)}: {', '.join(sorted(only)[:SHOWN])}", "", "dates")
    return seen(NEWER, name, f"{len(only)} source files were changed after the index was written", dates)
