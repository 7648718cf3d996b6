"""The degeneration check on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import DecodeSpeed, Echo, Exchange
from tests.given import run_check, symptoms

PROSE = "The river is a quiet place. Early in the day a thin mist covers the ground. An old baker comes to the river."
LOOP = "The code for the grey door is 5545. " * 8


def said(text: str) -> Exchange:
    return Exchange(purpose="test", status=200, content=text)


def echo(text: str) -> Echo:
    return Echo(expected="line", exchange=said(text), similarity=0.5)


def speed(text: str, sampled: str | None = None) -> DecodeSpeed:
    again = None if sampled is None else said(sampled)
    return DecodeSpeed(exchange=said(text), tok_s=9.0, tokens=90, source="stream", sampled=again)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([echo("zebra 7"), speed(PROSE)], []),
        ([echo("zebra 7")], []),
        ([echo("G" * 40)], ["glyph-flood"]),
        ([echo("G" * 6), speed("G" * 6)], ["glyph-flood"]),
        ([echo("zebra 7"), speed("@" * 90)], ["glyph-flood"]),
        ([echo("zebra 7"), speed(LOOP)], ["phrase-loop"]),
        ([echo("zebra 7"), speed(LOOP, LOOP)], ["phrase-loop"]),
        ([echo("zebra 7"), speed(LOOP, PROSE)], ["loop-only-when-greedy"]),
        (
            [echo("río 川 дом βήτα ไทย кот 山 γάμμα ญาติ дверь 火 οίκος ผลไม้ лес 水 δέλτα 木 мир ψάρι ดี " * 2)],
            ["degenerate-output"],
        ),
    ],
)
async def test_each_shape_is_named(facts: list, expected: list[str]) -> None:
    assert symptoms(await run_check("degeneration", facts)) == expected


async def test_a_greedy_loop_is_only_a_note() -> None:
    (finding,) = (await run_check("degeneration", [echo("zebra"), speed(LOOP, PROSE)])).findings

    assert finding.severity == "note"


async def test_without_text_there_is_no_verdict() -> None:
    with pytest.raises(Skip, match="no text"):
        await run_check("degeneration", [echo("")])
