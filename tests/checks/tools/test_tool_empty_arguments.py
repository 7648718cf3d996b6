"""The check tool-empty-arguments on given streams of the tool without parameters."""

import pytest

from doctor.errors import Skip
from tests.checks.tools.trials import call, pair, stream
from tests.given import run_check, symptoms

NAME = "get_server_time"
EMPTY, NOTHING, GONE = call(NAME, "{}"), call(NAME, ""), call(NAME, "", "missing")


@pytest.mark.parametrize("whole", [None, (EMPTY,)])
async def test_an_empty_object_passes(whole) -> None:
    assert symptoms(await run_check("tool-empty-arguments", [stream(pair("T7", EMPTY, whole=whole))])) == []


@pytest.mark.parametrize("lost", [NOTHING, GONE])
@pytest.mark.parametrize(
    ("whole", "layer"), [((EMPTY,), "the server's stream"), ((NOTHING,), "the server's tool parser"), (None, "stream")]
)
async def test_nothing_where_an_object_belongs_is_seen(lost, whole, layer: str) -> None:
    verdict = await run_check("tool-empty-arguments", [stream(pair("T7", lost, whole=whole))])

    assert symptoms(verdict) == ["tool-empty-arguments-dropped"]
    assert layer in str(verdict.findings[0].evidence[-1].value)


async def test_a_loss_in_one_piece_alone_is_seen_too() -> None:
    verdict = await run_check("tool-empty-arguments", [stream(pair("T7", EMPTY, whole=(NOTHING,)))])

    assert symptoms(verdict) == ["tool-empty-arguments-dropped"]
    assert "in one piece" in verdict.findings[0].summary


@pytest.mark.parametrize("made", [pair("T1", call()), pair("T7"), pair("T7", GONE, whole=None, finish_reason="length")])
async def test_without_a_finished_call_there_is_nothing_to_judge(made) -> None:
    with pytest.raises(Skip, match="no tool without parameters"):
        await run_check("tool-empty-arguments", [stream(made)])
