"""Judging the two families of localhost, on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import Reach, Tried
from doctor.model import Severity
from tests.given import run_check, symptoms


def reach(*states: tuple[str, str], host: str = "localhost") -> Reach:
    tried = tuple(Tried(address=address, port=11434, state=state) for address, state in states)
    return Reach(url=f"http://{host}:11434", host=host, port=11434, state="open", tried=tried)


@pytest.mark.parametrize("second", ["open", "refused"])
async def test_a_first_address_that_answers_passes(second):
    verdict = await run_check("localhost-name", [reach(("127.0.0.1", "open"), ("::1", second))])
    assert symptoms(verdict) == []


async def test_a_first_address_that_refuses_is_a_note():
    verdict = await run_check("localhost-name", [reach(("::1", "refused"), ("127.0.0.1", "open"))])
    assert [(f.symptom, f.severity) for f in verdict.findings] == [("localhost-half-open", Severity.NOTE)]
    assert "127.0.0.1 answers" in verdict.findings[0].summary


async def test_a_family_that_this_machine_does_not_have_is_no_refusal():
    verdict = await run_check("localhost-name", [reach(("::1", "broken"), ("127.0.0.1", "open"))])
    assert symptoms(verdict) == []


@pytest.mark.parametrize(
    "fact", [reach(("127.0.0.1", "open"), host="127.0.0.1"), reach(("::1", "refused"), ("127.0.0.1", "refused"))]
)
async def test_other_hosts_and_closed_ports_are_not_judged(fact):
    with pytest.raises(Skip):
        await run_check("localhost-name", [fact])
