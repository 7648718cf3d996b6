"""Counting a prompt: on the real engine, and on façades that cut, pin, refuse or do not count."""

import pytest

from doctor.collect.probes.accounting import counted_tokens
from doctor.errors import Skip
from doctor.facts import CanaryText, Exchange, PromptAccounting, Window
from doctor.model import Depth
from tests.collect.probes.asking import context_for
from tests.collect.probes.plain_server import asked, codes_in, last, reply, sent, tokens

WINDOW = Window(per_request=4096)


def cutting(limit: int, kept: int):
    """Prompts above `limit` tokens lose their front down to `kept`, as Ollama does."""

    def answer(body: dict) -> dict:
        text = sent(body)
        seen = text if tokens(text) <= limit else last(text, kept)
        return reply(codes_in(seen), prompt_tokens=tokens(seen))

    return answer


async def test_the_engine_counts_what_was_sent(engine: str) -> None:
    """Real engine."""
    async with context_for(engine, WINDOW) as context:
        found = await context.fact(PromptAccounting)

    assert found.exact
    assert abs(found.counted - found.expected) <= 8
    assert 3000 < found.counted < 3500
    assert found.at_least < found.counted


async def test_two_small_prompts_predict_the_long_one() -> None:
    async with asked(cutting(10_000, 0), WINDOW) as context:
        found = await context.fact(PromptAccounting)

    assert not found.exact
    assert found.ratio == pytest.approx(1.0, abs=0.002)
    assert 3000 < found.expected <= 3496


async def test_a_cut_to_half_the_window_counts_fewer_tokens_than_words() -> None:
    async with asked(cutting(2050, 2050), WINDOW) as context:
        found = await context.fact(PromptAccounting)

    assert found.counted == 2049
    assert found.counted < found.at_least


async def test_a_mild_cut_is_found_by_the_same_count_for_a_shorter_prompt() -> None:
    """Tokens stay above the words sent, so that only the repeated count proves it."""
    async with asked(cutting(3000, 3000), WINDOW) as context:
        found = await context.fact(PromptAccounting)

    assert found.at_least < found.counted < found.expected
    assert found.small_counted == found.counted


async def test_a_count_that_never_changes_is_predicted_from_words() -> None:
    async with asked(lambda body: reply(codes_in(sent(body)), prompt_tokens=2050), WINDOW) as context:
        found = await context.fact(PromptAccounting)

    assert found.counted == found.small_counted == 2050
    assert found.expected > 3000


@pytest.mark.parametrize("count", [None, 0, 1])
async def test_a_server_that_does_not_count_is_not_judged(count: int | None) -> None:
    async with asked(lambda body: reply(codes_in(sent(body)), prompt_tokens=count)) as context:
        with pytest.raises(Skip, match="does not say how many"):
            await context.fact(PromptAccounting)


async def test_cached_tokens_that_a_server_leaves_out_are_added() -> None:
    exchange = Exchange(purpose="x", status=200, prompt_tokens=100, cached_tokens=900)

    assert counted_tokens(exchange, 1000) == 1000
    assert counted_tokens(exchange, 3000) == 100


async def test_an_over_length_prompt_is_sent_only_in_depth() -> None:
    async with asked(cutting(4096, 2050), WINDOW, depth=Depth.DEEP) as context:
        found = await context.fact(PromptAccounting)

    assert found.over_length.prompt_tokens == 2049
    assert found.over_length.sent_words * 1.5 > 4096


async def test_a_refused_prompt_is_a_reason_and_no_count() -> None:
    def answer(body: dict) -> object:
        text = sent(body)
        if tokens(text) > 1000:
            return 400, {"error": {"message": "maximum context length is 1000 tokens"}}
        return reply("x", prompt_tokens=tokens(text))

    async with asked(answer) as context:
        assert (await context.fact(CanaryText)).exchange.status == 400
        with pytest.raises(Skip, match="maximum context length"):
            await context.fact(PromptAccounting)
