"""The echo check on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import ControlAnswers, Echo, Exchange
from tests.given import run_check, symptoms

LINE = "zebra 7 / café / end-42"


def said(text: str, **more: object) -> Exchange:
    return Exchange(purpose="P02", status=200, content=text, finish_reason="stop", **more)


def echo(text: str, similarity: float = 1.0, unstreamed: str | None = None, **more: object) -> Echo:
    again = None if unstreamed is None else said(unstreamed)
    return Echo(expected=LINE, exchange=said(text, **more), similarity=similarity, unstreamed=again)


def control(*right: bool, text: str = "x") -> ControlAnswers:
    return ControlAnswers(exchanges=tuple(said(text) for _ in right), right=right)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([echo(LINE)], []),
        ([echo(LINE[:9], 0.6, stopped_early=True)], []),
        ([echo("zebra", 0.5)], ["echo-wrong"]),
        ([echo("caf� end", 0.8, unstreamed="café end")], ["replacement-characters", "stream-splits-characters"]),
        ([echo("caf� end", 0.8, unstreamed="caf� end")], ["replacement-characters"]),
        ([echo("zebra 7 / caf�", 0.95, unstreamed="zebra 7 / caf�")], []),
        ([echo("", 0.0), control(False, False, False, text="")], ["empty-answer"]),
        ([echo("", 0.0), control(True, True)], []),
    ],
)
async def test_each_copy_is_judged(facts: list, expected: list[str]) -> None:
    assert symptoms(await run_check("echo", facts)) == expected


async def test_a_bad_copy_alone_is_a_note_and_with_failed_questions_a_warning() -> None:
    (alone,) = (await run_check("echo", [echo("zebra", 0.5)])).findings
    (together,) = (await run_check("echo", [echo("zebra", 0.5), control(False, False, True)])).findings

    assert (alone.severity, together.severity) == ("note", "warning")


@pytest.mark.parametrize(
    "fact",
    [
        echo("", reasoning="hm"),
        echo("<think>hm"),
        echo("G" * 40),
        Echo(expected=LINE, exchange=Exchange(purpose="P02", status=500, error="no"), similarity=0.0),
    ],
)
async def test_what_is_no_copy_is_not_judged(fact: Echo) -> None:
    with pytest.raises(Skip):
        await run_check("echo", [fact])
