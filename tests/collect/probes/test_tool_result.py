"""P20 on façades; on the real engine in test_tool_call.py and the ward."""

from collections.abc import Callable

import pytest

from doctor.collect.probes.tool_result import history
from doctor.facts import ToolResult
from doctor.model import Depth
from tests.collect.probes.plain_server import asked, call, reply

ARGUMENTS = '{"city": "Oslo", "unit": "c"}'
AGAIN = reply(tool_calls=[call("get_weather", ARGUMENTS)])


def answering(result: Callable[[int], object], histories: list | None = None):
    """Calls a tool until a result is in the history, then answers what `result` makes of the attempt."""
    attempts: list[int] = []

    def answer(body: dict) -> object:
        if body["messages"][-1]["role"] != "tool":
            return AGAIN
        attempts.append(1)
        if histories is not None:
            histories.append(body)
        return result(len(attempts))

    return answer


async def test_a_result_used_at_the_second_attempt_is_used() -> None:
    result = answering(lambda attempt: reply("It is -7 degrees." if attempt == 2 else "It is nice."))
    async with asked(result) as context:
        assert (await context.fact(ToolResult)).used


@pytest.mark.parametrize("text", ["It is -7 degrees.", "Minus seven.", "See ref QX-31."])
async def test_any_trace_of_the_result_counts(text: str) -> None:
    async with asked(answering(lambda _: reply(text))) as context:
        assert (await context.fact(ToolResult)).used


@pytest.mark.parametrize("text", ["It is 17 degrees.", "It is 77 below.", "It is cold."])
async def test_other_numbers_are_no_trace(text: str) -> None:
    async with asked(answering(lambda _: reply(text))) as context:
        assert not (await context.fact(ToolResult)).used


async def test_a_repeated_call_is_answered_again_before_it_is_a_loop() -> None:
    histories: list[dict] = []
    async with asked(answering(lambda _: AGAIN, histories)) as context:
        found = await context.fact(ToolResult)

    assert (found.repeated_call, found.used) == (True, False)
    assert [len(body["messages"]) for body in histories] == [3, 5]
    ids = [message["tool_call_id"] for message in histories[1]["messages"] if message["role"] == "tool"]
    assert len(set(ids)) == 2


async def test_a_call_for_another_city_is_no_repeat() -> None:
    other = reply(tool_calls=[call("get_weather", '{"city": "Rome"}')])
    async with asked(answering(lambda _: other)) as context:
        assert not (await context.fact(ToolResult)).repeated_call


@pytest.mark.parametrize(
    ("answers", "unanswered"),
    [
        ([reply(""), reply("")], True),
        ([reply(""), reply("It is nice.")], False),
        ([reply("It is nice."), reply("")], False),
        ([reply("", finish="length"), reply("", finish="length")], False),
        ([reply("", reasoning_content="hm"), reply("")], False),
        ([reply(""), AGAIN], False),
    ],
)
async def test_only_two_empty_turns_are_no_answer(answers: list, unanswered: bool) -> None:
    async with asked(answering(lambda attempt: answers[attempt - 1])) as context:
        assert (await context.fact(ToolResult)).unanswered is unanswered


async def test_a_server_that_fails_on_its_own_history_is_asked_once() -> None:
    histories: list[dict] = []
    failure = 500, {"error": {"message": "Can only get item pairs from a mapping."}}
    async with asked(answering(lambda _: failure, histories)) as context:
        found = await context.fact(ToolResult)

    assert found.exchange.status == 500
    assert len(histories) == 1


async def test_a_deep_run_sends_an_object_on_ollamas_own_route() -> None:
    histories: list[dict] = []

    def answer(body: dict) -> object:
        if body["_path"] == "/api/chat":
            histories.append(body)
            return {"message": {"content": "It is -7."}, "done": True, "done_reason": "stop"}
        return answering(lambda _: reply("It is -7."))(body)

    async with asked(answer, runtime="ollama", depth=Depth.DEEP) as context:
        found = await context.fact(ToolResult)

    assert found.native.ok
    made = histories[-1]["messages"][1]["tool_calls"][0]["function"]
    assert made["arguments"] == {"city": "Oslo", "unit": "c"}


def test_the_history_carries_arguments_as_text_and_the_result_with_its_id() -> None:
    question, made, result = history("Where?")

    assert isinstance(made["tool_calls"][0]["function"]["arguments"], str)
    assert made["tool_calls"][0]["id"] == result["tool_call_id"]
    assert question["content"] == "Where?"
