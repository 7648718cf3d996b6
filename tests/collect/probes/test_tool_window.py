"""T8 on the real engine and on façades."""

import pytest

from doctor.errors import Skip
from doctor.facts import ToolWindow
from doctor.model import Depth
from tests.collect.probes.asking import context_for
from tests.collect.probes.plain_server import asked, reply


def counting(limit: int = 10**6, per_character: float = 0.25):
    """A server that counts 20 tokens and a share of the definitions' characters, and cuts at a limit."""

    def answer(body: dict) -> dict:
        tokens = 20 + per_character * sum(len(str(tool)) for tool in body.get("tools", ()))
        return reply("no", prompt_tokens=int(min(tokens, limit)))

    return answer


async def test_the_engine_counts_all_twenty_exactly(engine: str) -> None:
    """Real engine."""
    async with context_for(engine, depth=Depth.DEEP) as context:
        found = await context.fact(ToolWindow)

    assert found.exact
    assert found.many.exchange.prompt_tokens == found.expected
    assert found.many.semantic_ok
    assert found.fewer is None


async def test_the_prompts_of_one_and_four_tools_predict_that_of_twenty() -> None:
    async with asked(counting(), depth=Depth.DEEP) as context:
        found = await context.fact(ToolWindow)

    assert not found.exact
    assert found.expected == pytest.approx(found.many.exchange.prompt_tokens, rel=0.01)
    assert found.fewer is None


async def test_a_count_that_looks_short_is_compared_with_fifteen_tools() -> None:
    async with asked(counting(limit=900), depth=Depth.DEEP) as context:
        found = await context.fact(ToolWindow)

    assert (found.many.exchange.prompt_tokens, found.fewer.prompt_tokens) == (900, 900)
    assert found.fewer_expected < found.expected


async def test_a_server_that_counts_nothing_predicts_nothing() -> None:
    async with asked(lambda _: reply("no"), depth=Depth.DEEP) as context:
        assert (await context.fact(ToolWindow)).expected is None


async def test_it_is_asked_at_depth_deep_only_and_not_where_tools_are_refused() -> None:
    async with asked(lambda _: pytest.fail("asked")) as context:
        with pytest.raises(Skip, match="depth deep"):
            await context.fact(ToolWindow)
    refusal = 400, {"error": {"message": "no tools"}}
    async with asked(lambda _: refusal, depth=Depth.DEEP) as context:
        with pytest.raises(Skip, match="refused already"):
            await context.fact(ToolWindow)
