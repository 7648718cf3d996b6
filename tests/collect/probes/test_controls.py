"""Controls for a chat that goes wrong: raw text, repeats, default sampling; on the real engine and on façades."""

import pytest

from doctor.collect.probes.raw_completion import read, top_probability
from doctor.collect.probes.repeated import alike
from doctor.errors import Malformed, Skip
from doctor.facts import (
    Abilities,
    ControlAnswers,
    DecodeSpeed,
    DefaultSampling,
    Echo,
    Exchange,
    FileHealth,
    ListAnswer,
    ModelCard,
    RawText,
    Rendered,
    Repeated,
)
from doctor.model import Depth
from doctor.ward.engine import Settings, serving
from doctor.ward.variants import prepared
from tests.collect.probes.asking import context_for
from tests.collect.probes.plain_server import asked, reply, sent

CHATML = ModelCard(name="m", architecture="llama", eos_token="<|im_end|>")
UNKNOWN = ModelCard(name="m", architecture="llama", eos_token="</s>")
WRONG = Exchange(purpose="P03", status=200, content="nine", finish_reason="length")
FAILED = ControlAnswers(exchanges=(WRONG, WRONG, WRONG), right=(False, False, False))
WORKS = ControlAnswers(exchanges=(WRONG, WRONG), right=(True, True))
LISTED = ListAnswer(exchange=WRONG)
NO_FILE = FileHealth(path="", size_bytes=0)
NOT_SHOWN = Rendered(chat=None)


async def raw_of(url: str, *facts, depth: Depth = Depth.QUICK) -> RawText:
    async with context_for(url, *facts, NO_FILE, NOT_SHOWN, depth=depth) as context:
        return await context.fact(RawText)


@pytest.mark.ward
async def test_a_sound_model_answers_without_its_template_and_goes_on_with_rows(engine):
    """Real engine; the chat is said to have failed."""
    raw = await raw_of(engine, FAILED, LISTED, CHATML)
    assert (raw.family, raw.right, raw.continued) == ("chatml", (True,), (True, True, True))
    assert raw.top_probability > 0.3
    assert raw.chat_never_stopped is False  # the echo that is given ended by itself


@pytest.mark.ward
@pytest.mark.parametrize(
    ("variant", "settings", "right", "continued"),
    [
        ("template_llama2", Settings(), (True,), (True, True, True)),
        ("base_model", Settings(), (False, False), (True, True, True)),
        ("weights_key_outliers", Settings(flags={"--cache-type-k": "q4_0"}), (False, False), (False, False, False)),
    ],
)
async def test_template_training_and_weights_are_told_apart(variant, settings, right, continued):
    """Real engine, made ill in three ways that all look like garbage in a chat."""
    with prepared(variant) as path, serving(path, settings) as running:
        raw = await raw_of(running.url, FAILED, LISTED, CHATML)
    assert (raw.right, raw.continued) == (right, continued)


@pytest.mark.ward
async def test_a_bad_copy_is_asked_again_as_a_copy(engine):
    """Real engine."""
    copied = Echo(expected="x", exchange=Exchange(purpose="P02", status=200, content="zebra"), similarity=0.5)
    raw = await raw_of(engine, copied, WORKS, LISTED, CHATML)
    assert raw.answers[0].max_tokens == 40
    assert raw.only_a_copy
    assert raw.right == (True,)


FINE = Echo(expected="x", exchange=Exchange(purpose="P02", status=200, content="x"), similarity=1.0)
ONCE = ControlAnswers(exchanges=(WRONG, WRONG, WRONG), right=(True, False, True))


async def raw_from(answering, *facts) -> RawText:
    """The fact on a façade of llama.cpp."""
    async with asked(answering, *facts, NO_FILE, NOT_SHOWN, runtime="llama.cpp") as context:
        return await context.fact(RawText)


@pytest.mark.parametrize("control", [WORKS, ONCE])
async def test_nothing_is_asked_where_chat_works(control):
    """One miss of three is chance."""
    seen = []
    raw = await raw_from(lambda body: seen.append(body) or {"content": "x"}, FINE, control, CHATML)
    assert (raw.chat_failed, raw.answers, raw.patterns, seen) == (False, (), (), [])


async def test_of_an_unknown_family_only_rows_are_asked():
    seen = []

    def respond(body):
        seen.append(body["_path"])
        return {"content": " cloud river stone" if "stone" in body["prompt"] else " coat lamp"}

    raw = await raw_from(respond, FAILED, LISTED, UNKNOWN)
    assert (raw.family, raw.answers, raw.continued) == ("", (), (True, False, False))
    assert seen == ["/completion"] * 3


async def test_an_answer_that_runs_on_is_not_right():
    """A base model may hit the word and does not stop."""
    raw = await raw_from(lambda _: {"content": "42 + 30 = 72", "stop_type": "limit"}, FAILED, LISTED, CHATML)
    assert raw.right == (False, False)
    raw = await raw_from(lambda _: {"content": "42", "stop_type": "eos"}, FAILED, LISTED, CHATML)
    assert raw.right == (True,)


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_a_server_without_such_a_route_is_not_judged(status):
    with pytest.raises(Skip, match="completes no prompt"):
        await raw_from(lambda _: (status, {"error": "no"}), FAILED, LISTED, CHATML)


@pytest.mark.parametrize(
    ("body", "text", "ended"),
    [
        ({"content": "a", "stop_type": "eos", "tokens_predicted": 3}, "a", "stop"),
        ({"content": "a", "stop_type": "limit"}, "a", "length"),
        ({"response": "b", "done_reason": "length", "eval_count": 4}, "b", "length"),
        ({"choices": [{"text": "c", "finish_reason": "stop"}], "usage": {"completion_tokens": 5}}, "c", "stop"),
    ],
)
def test_the_three_routes_are_read(body, text, ended):
    exchange = read(body, Exchange(purpose="x", status=200))
    assert (exchange.content, exchange.finish_reason) == (text, ended)


def test_what_is_no_completion_is_malformed_and_an_error_is_kept():
    with pytest.raises(Malformed):
        read(["x"], Exchange(purpose="x", status=200))
    assert read({"error": {"message": "no"}}, Exchange(purpose="x", status=200)).error == "no"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"completion_probabilities": [{"logprob": 0.0}]}, 1.0),
        ({"completion_probabilities": [{"logprob": -0.6931}]}, pytest.approx(0.5, abs=0.01)),
        ({"completion_probabilities": [{"logprob": None}]}, None),
        ({"completion_probabilities": [{"logprob": True}]}, None),
        ({"completion_probabilities": []}, None),
        ({}, None),
        ([], None),
    ],
)
def test_the_probability_of_the_first_token_is_read_or_left_out(body, found):
    assert top_probability(body) == found


@pytest.mark.ward
async def test_the_engine_repeats_itself(engine):
    """Real engine."""
    async with context_for(engine) as context:
        repeated = await context.fact(Repeated)
    assert repeated.similarity == 1.0
    assert len(repeated.repeats) == 1
    assert (repeated.among, repeated.early) == (None, False)


PROSE = DecodeSpeed(
    exchange=Exchange(purpose="P13", status=200, content="The river is wide. Boats go by all day long."),
    tok_s=20.0,
    tokens=40,
    source="stream",
)


FISHER, NOBODY = "Once there was a fisherman.", "Nobody knows where rivers end."
RIVER = PROSE.exchange.content[:24]


@pytest.mark.parametrize(
    ("texts", "asked_for", "early"),
    [
        ((RIVER,), 1, False),
        ((FISHER, NOBODY), 2, True),
        ((FISHER, FISHER, FISHER), 3, False),  # only the first was computed otherwise
        ((FISHER, FISHER, NOBODY), 3, True),
        ((RIVER[:-1] + "!", FISHER, RIVER, NOBODY), 4, True),  # nearly the same is no end of asking
        ((FISHER, RIVER, FISHER, RIVER, FISHER, RIVER), 6, False),  # two ways to go on: a close decision
    ],
)
async def test_a_server_is_asked_until_its_answers_agree_or_part_for_certain(texts, asked_for, early):
    left = iter(texts)

    async with asked(lambda _: reply(next(left), finish="length"), PROSE) as context:
        repeated = await context.fact(Repeated)
    assert [answer.content for answer in repeated.repeats] == list(texts[:asked_for])
    assert repeated.early is early


async def test_an_answer_that_ended_without_a_word_differs_from_a_text():
    left = iter(("", FISHER))

    async with asked(lambda _: reply(next(left)), PROSE) as context:
        repeated = await context.fact(Repeated)
    assert (repeated.similarity, repeated.among, repeated.early) == (0.0, 0.0, True)


async def test_without_prose_the_beginnings_are_compared_with_each_other():
    left = iter(("", "Hm.", FISHER, NOBODY))  # the first is too short a text to measure how fast it came

    async with asked(lambda _: reply(next(left))) as context:
        repeated = await context.fact(Repeated)
    assert (repeated.first, repeated.early) == ("Hm.", True)


async def test_too_little_text_is_not_compared():
    short = DecodeSpeed(
        exchange=Exchange(purpose="P13", status=200, content="Hm.", finish_reason="stop"),
        tok_s=1.0,
        tokens=3,
        source="stream",
    )
    async with asked(lambda _: reply("Hm."), short) as context:
        with pytest.raises(Skip, match="too short"):
            await context.fact(Repeated)
    async with asked(lambda _: reply("", finish="length"), PROSE) as context:
        with pytest.raises(Skip, match="no text"):
            await context.fact(Repeated)


CUT, ENDED = "length", "stop"


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [
        (("abcdef", CUT), ("abcdefghij", CUT), 1.0, 1.0),
        (("abcdef", ENDED), ("abcdefghij", CUT), 0.7, 0.8),
        (("", ENDED), ("abcdefghij", CUT), 0.0, 0.0),
        (("abcdef", CUT), ("uvwxyz", CUT), 0.0, 0.0),
        (("abcdef", CUT), ("abcxyz", CUT), 0.4, 0.6),
    ],
)
def test_beginnings_are_compared(one, other, least, most):
    first, second = (Exchange(purpose="P06", status=200, content=text, finish_reason=end) for text, end in (one, other))
    assert least <= alike(first, second) <= most
    assert alike(first, second) == alike(second, first)


def test_thoughts_are_compared_too():
    thought = Exchange(purpose="P06", status=200, reasoning="A river, then.", finish_reason=CUT)
    assert alike(thought, thought) == 1.0
    assert alike(thought, Exchange(purpose="P06", status=200, reasoning="Something else", finish_reason=CUT)) < 0.7


async def test_default_sampling_sends_no_sampling_field():
    seen = []

    def respond(body):
        seen.append(body)
        return reply("zebra 7 / café / 日本 / 🙂 / end-42")

    async with asked(respond, depth=Depth.DEEP, runtime="llama.cpp") as context:
        found = await context.fact(DefaultSampling)
    assert found.similarities == (1.0, 1.0, 1.0)
    for body in seen:
        assert not {"temperature", "top_p", "seed", "repeat_penalty", "presence_penalty"} & set(body)
        assert body["max_tokens"] == 40


async def test_deep_probes_ask_nothing_in_a_quick_run():
    async with asked(lambda body: reply(sent(body))) as context:
        with pytest.raises(Skip, match="needs depth deep"):
            await context.fact(DefaultSampling)


@pytest.mark.ward
async def test_the_abilities_of_the_engine_are_found_once(engine):
    """Real engine."""
    async with context_for(engine) as context:
        able = await context.fact(Abilities)
    assert (able.counts_prompts, able.renders, able.tokenises, able.completes_raw) == (True, True, True, True)
    assert (able.switches_thinking, able.window_per_request) == (True, False)
    assert able.reports_timings is True


async def test_a_plain_server_is_able_to_little():
    async with asked(lambda body: reply(sent(body))) as context:
        able = await context.fact(Abilities)
    assert (able.counts_prompts, able.renders, able.tokenises) == (False, False, False)
    assert able.reports_cached is None
