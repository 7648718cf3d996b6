"""Write doctor/ask/costs.toml: the requests of every check, each asked alone of healthy patients."""

import asyncio
from pathlib import Path

from doctor.model import Depth
from doctor.plugins import bundled_checks
from doctor.runner import RunPlan, run
from doctor.selection import suited
from doctor.ward.patients import patient
from doctor.ward.run_ward import admitted

FILE = Path(__file__).parents[1] / "doctor" / "ask" / "costs.toml"
PATIENTS = ("healthy", "healthy-ollama", "healthy-embedder")  # not every runtime offers what a check asks for
HEAD = "# Requests that each check sends when it is asked alone of a healthy patient; written by scripts/costs.py.\n\n"


async def measured() -> dict[str, int]:
    """The most requests that any of the patients was sent, by check."""
    most: dict[str, int] = {}
    for name in PATIENTS:
        one = patient(name)
        async with admitted(one) as url:
            for check in suited(bundled_checks(), index=False):
                plan = RunPlan(targets=(one.target(url),), only=(check.id,), depth=Depth.DEEP)
                report = await run(plan, lambda _: None)
                requests = sum(result.requests for result in report.targets[0].checks)
                most[check.id] = max(requests, most.get(check.id, 0))
    return most


def main() -> None:
    """Measure and write."""
    lines = [f"{check} = {requests}" for check, requests in sorted(asyncio.run(measured()).items())]
    FILE.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
