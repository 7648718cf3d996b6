"""Codes in a long text: on the real engine, and on façades that lose the head or find nothing."""

import random

import pytest

from doctor.collect.probes.locker_text import DEPTHS, Lockers, read_needles
from doctor.facts import CacheReuse, CanaryText, Echo, Exchange, ModelCard, Window
from tests.collect.probes.asking import context_for
from tests.collect.probes.plain_server import asked, codes_in, last, reply, sent, tokens


def test_a_text_holds_each_code_once_at_its_depth() -> None:
    text = Lockers(random.Random(1)).text(10)
    body = text.prompt.split("\n\n")[0]

    for colour, code, depth in text.needles:
        assert body.count(f"The code for {colour} door is {code}.") == 1
        assert body.index(code) / len(body) == pytest.approx(depth, abs=0.02)
    assert [depth for _, _, depth in text.needles] == list(DEPTHS)


def test_each_block_adds_the_same_words() -> None:
    lockers = Lockers(random.Random(2))
    words = [lockers.text(blocks).words for blocks in (1, 2, 3, 10)]

    assert words[1] - words[0] == words[2] - words[1] == (words[3] - words[0]) / 9


def test_texts_of_one_run_begin_differently() -> None:
    lockers = Lockers(random.Random(3))

    assert lockers.text(1).prompt[:13] != lockers.text(1).prompt[:13]


@pytest.mark.parametrize(
    ("answer", "found"),
    [("{0}=x", 0), ("{1}", 1), ("red is {1}, and {3}!", 2), ("9{1}9", 0), ("", 0)],
)
def test_a_code_counts_as_a_number_of_its_own(answer: str, found: int) -> None:
    text = Lockers(random.Random(4)).text(1)
    filled = answer.format(text.needles[0][0], text.needles[0][1], "", text.needles[2][1])

    assert sum(needle.found for needle in read_needles(text, filled)) == found


async def test_the_engine_reads_the_codes_in_most_texts(engine: str) -> None:
    """Real engine with the patient, which misses a code now and then."""
    async with context_for(engine, Window(per_request=4096)) as context:
        canary = await context.fact(CanaryText)

    assert sum(needle.found for needle in canary.needles) >= 2
    assert canary.words > 2000


async def test_a_small_window_gets_a_small_text(engine: str) -> None:
    """Real engine."""
    async with context_for(engine, Window(per_request=512)) as context:
        canary = await context.fact(CanaryText)

    assert canary.exchange.ok
    assert canary.exchange.prompt_tokens < 512


async def test_a_slow_prefill_gets_a_small_text() -> None:
    """The façade reports 50 tokens a second."""

    def answer(body: dict) -> dict:
        return reply(codes_in(sent(body)), prompt_tokens=tokens(sent(body))) | {"timings": {"prompt_per_second": 50}}

    async with asked(answer) as context:
        assert (await context.fact(CanaryText)).expected_tokens <= 1000


async def test_the_head_is_missed_when_the_front_is_cut() -> None:
    def answer(body: dict) -> dict:
        seen = last(sent(body), 2050)
        return reply(codes_in(seen), prompt_tokens=tokens(seen))

    async with asked(answer) as context:
        canary = await context.fact(CanaryText)

    assert [needle.found for needle in canary.needles] == [False, False, True, True]
    assert canary.repeats == ()


async def test_misses_in_a_complete_text_lead_to_two_more_texts() -> None:
    def answer(body: dict) -> dict:
        text = sent(body)
        return reply(codes_in(text) if tokens(text) < 1000 else "I see nothing.", prompt_tokens=tokens(text))

    async with asked(answer, ModelCard(name="m", parameters=500_000_000)) as context:
        canary = await context.fact(CanaryText)

    short, half = canary.repeats
    assert all(needle.found for needle in short.needles)
    assert not any(needle.found for needle in half.needles)
    assert canary.small_model


@pytest.mark.parametrize("text", ["GGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGG" * 3])
async def test_garbage_is_counted_but_not_asked_for_codes(text: str) -> None:
    broken = Echo(expected="x", exchange=Exchange(purpose="e", status=200, content=text), similarity=0.0)
    async with asked(lambda body: reply("G", prompt_tokens=tokens(sent(body))), broken) as context:
        canary = await context.fact(CanaryText)

    assert canary.exchange.max_tokens == 1
    assert canary.repeats == ()


async def test_the_canary_needs_no_other_long_prompt() -> None:
    async with asked(lambda body: reply(codes_in(sent(body)), prompt_tokens=tokens(sent(body)))) as context:
        await context.fact(CanaryText)

        assert CacheReuse.__name__ not in context.collected()
