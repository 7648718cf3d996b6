"""The check tool-parallel on given streams."""

import pytest

from doctor.errors import Skip
from tests.checks.tools.trials import NATIVE, call, pair, stream
from tests.given import run_check, symptoms

LIMA, CAIRO = '{"city": "Lima"}', '{"city": "Cairo"}'
APART = (call(arguments=LIMA, id="a", index=0), call(arguments=CAIRO, id="b", index=1))


async def test_calls_with_their_own_index_pass() -> None:
    verdict = await run_check("tool-parallel", [stream(pair("T3", *APART))])

    assert symptoms(verdict) == []
    assert verdict.evidence[0].value == 2


@pytest.mark.parametrize(("index", "said"), [(0, "0, 0"), (None, "none, none")])
async def test_calls_that_share_an_index_are_seen(index: int | None, said: str) -> None:
    calls = (call(arguments=LIMA, id="a", index=index), call(arguments=CAIRO, id="b", index=index))
    glued = (call(arguments=LIMA + CAIRO, id="a", index=0),)

    verdict = await run_check("tool-parallel", [stream(pair("T3", *calls, calls_by_index=glued))])

    assert symptoms(verdict) == ["tool-index-shared"]
    assert said in verdict.findings[0].summary
    assert verdict.findings[0].evidence[1].value == LIMA + CAIRO


@pytest.mark.parametrize(
    "made",
    [
        pair("T1", call()),
        pair("T3", *APART, calls_by_index=(), route=NATIVE),
    ],
    ids=["one call", "Ollama's own route, where calls are whole"],
)
async def test_what_cannot_be_judged_is_skipped(made) -> None:
    with pytest.raises(Skip, match="no two calls"):
        await run_check("tool-parallel", [stream(made)])
