"""Run one check on given facts: what is not given cannot be known."""

from collections.abc import Iterable
from pathlib import Path

from doctor.check import Check
from doctor.context import Collector, Context, Target
from doctor.facts import Fact
from doctor.model import Category, Depth, Verdict
from doctor.plugins import load_check

CHECKS = Path(__file__).resolve().parent.parent / "checks"


def bundled(check_id: str) -> Check:
    """The bundled check of this id."""
    (path,) = CHECKS.glob(f"*/{check_id}.py")
    return load_check(path, Category(path.parent.name))


async def run_check(
    check_id: str,
    facts: Iterable[Fact] = (),
    *,
    url: str = "http://127.0.0.1:11434",
    named: bool = True,
    model: str = "",
) -> Verdict:
    """The verdict of a check; raises Skip when it cannot judge."""
    context = given(facts, url=url, named=named, model=model)
    return await bundled(check_id).run(context)


def given(
    facts: Iterable[Fact], *, url: str = "http://127.0.0.1:11434", named: bool = True, model: str = ""
) -> Context:
    """A context that knows these facts and no others."""
    return Context(
        Target(url=url, named=named, model=model), Depth.DEEP, {type(fact): _hand_out(fact) for fact in facts}
    )


def symptoms(verdict: Verdict) -> list[str]:
    """Ids of the symptoms seen, in order."""
    return [finding.symptom for finding in verdict.findings]


def _hand_out(fact: Fact) -> Collector:
    async def collect(_: Context) -> Fact:
        return fact

    return collect
