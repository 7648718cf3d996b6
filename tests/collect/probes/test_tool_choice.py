"""P21 on the real engine and on façades."""

import pytest

from doctor.errors import Skip
from doctor.facts import ToolAnswer, ToolChoice
from doctor.model import Depth
from tests.collect.probes.asking import Budget, context_for
from tests.collect.probes.plain_server import asked, call, reply
from tests.collect.probes.test_tool_stream import SLOW

CALLING = reply(tool_calls=[call("get_weather", '{"city": "Oslo"}')])


async def test_the_engine_makes_no_call_when_calls_are_forbidden(engine: str) -> None:
    """Real engine; what it does under `required` is cut off before its call and says nothing."""
    async with context_for(engine) as context:
        choice = await context.fact(ToolChoice)

    assert choice.none.exchange.tool_calls == ()
    assert choice.required.exchange.finish_reason == "length"
    assert choice.named is None


async def test_each_question_goes_out_with_its_choice() -> None:
    sent: list[object] = []

    def answer(body: dict) -> dict:
        if "tool_choice" in body:
            sent.append(body["tool_choice"])
        return CALLING

    async with asked(answer, depth=Depth.DEEP) as context:
        choice = await context.fact(ToolChoice)

    assert sent == ["none", "required", {"type": "function", "function": {"name": "convert_currency"}}]
    assert choice.wanted == "convert_currency"
    assert [trial.exchange.tool_calls[0].name for trial in (choice.none, choice.named)] == ["get_weather"] * 2


async def test_without_a_call_nothing_is_asked() -> None:
    async with asked(lambda _: reply("No idea.")) as context:
        with pytest.raises(Skip, match="never calls"):
            await context.fact(ToolChoice)


async def test_a_slow_server_is_not_asked() -> None:
    async with asked(lambda _: CALLING, SLOW) as context:
        with pytest.raises(Skip, match="slowly"):
            await context.fact(ToolChoice)


@pytest.mark.parametrize(("left", "asked_for"), [(4, False), (5, True)])
async def test_it_is_the_first_to_be_left_out(left: int, asked_for: bool) -> None:
    async with asked(lambda _: CALLING) as context:
        await context.fact(ToolAnswer)
        context.budget = Budget(requests=left, output_tokens=1000, deadline_s=60)
        if asked_for:
            assert (await context.fact(ToolChoice)).required is not None
        else:
            with pytest.raises(Skip, match="budget"):
                await context.fact(ToolChoice)
