"""The cors and parallel-requests checks on given facts."""

import pytest

from doctor.facts import CrossOrigin, OriginTrial, ParallelRequests
from doctor.model import Severity
from tests.given import run_check, symptoms

OWN, OTHER = "http://localhost:3000", "https://example.org"


def tried(own: tuple[int, str], other: tuple[int, str]) -> CrossOrigin:
    trials = tuple(OriginTrial(origin=o, status=s, allowed=a) for o, (s, a) in ((OWN, own), (OTHER, other)))
    return CrossOrigin(plain_status=200, trials=trials, route="GET /v1/models")


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (tried((200, "*"), (200, "*")), []),
        (tried((200, OWN), (403, "")), []),
        (tried((403, ""), (403, "")), ["origin-refused"]),
        (tried((200, ""), (200, "")), ["origin-refused"]),
        (tried((200, "http://localhost:8000"), (200, "*")), ["origin-refused"]),
        (tried((500, "*"), (200, "*")), ["origin-refused"]),
    ],
)
async def test_a_page_of_this_machine_that_is_turned_away_is_noted(fact: CrossOrigin, expected: list[str]) -> None:
    verdict = await run_check("cors", [fact])
    assert symptoms(verdict) == expected
    assert all(finding.severity is Severity.NOTE for finding in verdict.findings)


async def test_every_origin_is_listed() -> None:
    (evidence,) = (await run_check("cors", [tried((200, OWN), (403, ""))])).evidence
    assert evidence.value == f"{OWN} yes, {OTHER} no"


def parallel(one_s: float, two_s: float, four_s: float, refused: tuple[str, ...] = ()) -> ParallelRequests:
    return ParallelRequests(one_s=one_s, seconds={2: two_s, 4: four_s}, refused=refused, tokens=16, slots=1)


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (parallel(1.0, 1.1, 1.2), []),
        (parallel(1.5, 2.0, 4.0), []),
        (parallel(1.0, 1.5, 3.0), ["requests-take-turns"]),
        (parallel(1.0, 2.0, 4.0), ["requests-take-turns"]),
        (parallel(0.1, 0.2, 0.4), []),
        (parallel(1.0, 1.0, 1.0, ("HTTP 503: busy",)), ["parallel-refused"]),
    ],
)
async def test_waiting_and_refusing_are_told_apart(fact: ParallelRequests, expected: list[str]) -> None:
    assert symptoms(await run_check("parallel-requests", [fact])) == expected
