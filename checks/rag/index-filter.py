"""The filter of the pipeline leaves rows to search, and a search returns them.

What: the filter given with --filter, counted and searched with.

Why: a filter on a field that chunks do not have, or with a value of another spelling, leaves nothing. With some indexes
a filter is applied to the few nearest rows only, and most of what matches is never seen.

How: the rows that match are counted, then ten stored vectors are searched for with the filter: each search should
return k rows, or all that match when there are fewer.

Limits: only the filter that was given is tried.
"""

from doctor.api import (
    Context,
    Depth,
    FilterTrial,
    Finding,
    Index,
    Severity,
    Symptom,
    Verdict,
    probed,
    reported,
    seen,
    verdict,
)

SUBJECT = "index"
DEPTH = Depth.PASSIVE
DEADLINE_S = 120.0
EXCLUDES = Symptom(id="filter-excludes-all", title="The filter leaves no rows", severity=Severity.CRITICAL)
STARVES = Symptom(id="filter-starves", title="A filtered search returns fewer rows than match")


async def check(context: Context) -> Verdict:
    """Count and search."""
    index = await context.fact(Index)
    trial = await context.fact(FilterTrial)
    name = index.title or index.collection
    measured = [
        reported("rows that match the filter", trial.matching, f"of {index.count}", "the filter"),
        probed("rows returned, fewest", trial.returned, f"of {trial.wanted}", f"{trial.searches} searches"),
    ]
    return verdict(excludes(trial, name), starves(trial, name), measured=measured)


def excludes(trial: FilterTrial, name: str) -> Finding | None:
    """Nothing matches; what there is helps to see why."""
    if trial.matching:
        return None
    given = reported("filter", trial.filter, "", "--filter")
    there = reported("values of chunks", ", ".join(trial.known_values) or "none", "", "sample")
    keys = reported("fields that chunks have", ", ".join(trial.known_keys), "", "sample")
    return seen(EXCLUDES, name, "no row matches the filter", given, there, keys)


def starves(trial: FilterTrial, name: str) -> Finding | None:
    """Rows match and are not returned."""
    if not trial.searches or trial.returned >= trial.wanted:
        return None
    returned = probed("rows returned, fewest", trial.returned, f"of {trial.wanted}", f"{trial.searches} searches")
    given = reported("filter", trial.filter, "", "--filter")
    matching = reported("rows that match the filter", trial.matching, "", "the filter")
    summary = f"{trial.matching} rows match the filter, and a search for {trial.wanted} returns {trial.returned}"
    return seen(STARVES, name, summary, given, returned, matching)
