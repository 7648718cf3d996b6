"""The check tool-offer on given answers; refusals as the servers word them."""

import pytest

from doctor.errors import Skip
from tests.checks.tools.trials import SILENT, answer, bare, call, trial
from tests.given import run_check, symptoms

FLAGS = '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'


async def test_a_taken_offer_passes() -> None:
    assert symptoms(await run_check("tool-offer", [answer(trial("T1", call()))])) == []


@pytest.mark.parametrize(
    ("status", "error", "claimed", "symptom"),
    [
        (400, FLAGS, None, "tool-parser-flags-missing"),
        (500, "tools param requires --jinja flag", None, "tools-refused"),
        (400, "registry.ollama.ai/library/m does not support tools", True, "tools-refused"),
        (400, "registry.ollama.ai/library/m does not support tools", None, "no-tool-support"),
    ],
)
async def test_a_refusal_is_read(status: int, error: str, claimed: bool | None, symptom: str) -> None:
    fact = answer(trial("T1", status=status, error=error), claims_tools=claimed)

    verdict = await run_check("tool-offer", [fact])

    assert symptoms(verdict) == [symptom]
    assert (verdict.findings[0].severity == "note") is (symptom == "no-tool-support")


async def test_a_refusal_about_something_else_is_not_judged() -> None:
    with pytest.raises(Skip, match="out of memory"):
        await run_check("tool-offer", [answer(trial("T1", status=500, error="out of memory"))])


@pytest.mark.parametrize(("claimed", "symptom"), [(True, "tools-lost-in-template"), (None, "no-tool-support")])
async def test_a_tool_that_adds_no_tokens_never_arrived(claimed: bool | None, symptom: str) -> None:
    fact = answer(*SILENT, bare=bare(prompt_tokens=58), claims_tools=claimed)

    verdict = await run_check("tool-offer", [fact])

    assert symptoms(verdict) == [symptom]
    assert verdict.findings[0].evidence[-1].value == "the chat template"


@pytest.mark.parametrize(("tokens", "lost"), [(41, True), (40, False)])
async def test_the_words_of_a_tool_are_the_limit(tokens: int, lost: bool) -> None:
    """60 prompt tokens with the tool; a difference of 19 cannot hold its 20 words, one of 20 can."""
    verdict = await run_check("tool-offer", [answer(*SILENT, bare=bare(prompt_tokens=tokens))])

    assert bool(symptoms(verdict)) is lost


async def test_the_counted_pair_is_preferred_to_the_first_question() -> None:
    offered = bare(prompt_tokens=70)

    verdict = await run_check("tool-offer", [answer(*SILENT, bare=bare(prompt_tokens=58), offered=offered)])

    assert symptoms(verdict) == ["no-tool-support"]
    assert verdict.evidence[0].value == 12


async def test_a_tool_that_is_counted_arrived() -> None:
    verdict = await run_check("tool-offer", [answer(*SILENT, bare=bare(prompt_tokens=12))])

    assert symptoms(verdict) == []
    assert verdict.evidence[0].value == 48
