"""Deep probes of windows, turns, scripts, parallel requests and steady speed: on the real engine and on façades."""

import pytest

from doctor.collect.probes.passages import passages
from doctor.collect.probes.turns import judged
from doctor.errors import Skip
from doctor.facts import (
    CanaryText,
    CopiedLines,
    DepthSweep,
    Exchange,
    ParallelRequests,
    Passages,
    RoleShapes,
    Routes,
    SustainedSpeed,
    SystemRole,
    ThinkingOn,
    Turns,
    Window,
    WindowEnd,
)
from doctor.model import Depth
from doctor.ward.engine import Settings, serving
from tests.collect.probes.asking import context_for
from tests.collect.probes.plain_server import asked, codes_in, last, reply, sent, tokens

DEEP = Depth.DEEP


def reading(body):
    """A model that finds every code in what it is given."""
    return reply(codes_in(sent(body)), prompt_tokens=tokens(sent(body)))


@pytest.mark.ward
@pytest.mark.timeout(180)
async def test_the_engine_passes_every_deep_probe(engine):
    """Real engine."""
    async with context_for(engine, depth=DEEP) as context:
        end = await context.fact(WindowEnd)
        assert end.prompt_tokens + end.exchange.completion_tokens <= end.window
        assert end.exchange.finish_reason == "length"
        talk = await context.fact(Turns)
        assert [(turn.short, turn.lower, turn.ended) for turn in talk.turns] == [(True, True, True)] * 6
        lines = await context.fact(CopiedLines)
        assert all(pair.streamed.content == pair.whole.content for pair in lines.pairs)
        both = await context.fact(ParallelRequests)
        assert (both.refused, sorted(both.seconds)) == ((), [2, 4])
        steady = await context.fact(SustainedSpeed)
        assert len(steady.tok_s) == 4
        assert steady.tokens >= 4 * 40
        thinking = await context.fact(ThinkingOn)
        assert 0 < thinking.hidden_share < 1
        shapes = await context.fact(RoleShapes)
        assert shapes.late_system.ok
        assert shapes.assistant_first.ok


@pytest.mark.ward
async def test_a_sliding_window_writes_more_than_it_holds():
    """Real engine with context shift."""
    with serving(settings=Settings(flags={"--context-shift": True}, context=1024)) as running:
        async with context_for(running.url, Window(per_request=1024), depth=DEEP) as context:
            end = await context.fact(WindowEnd)
    assert end.prompt_tokens + end.exchange.completion_tokens > end.window == 1024


async def test_the_sweep_fills_shares_of_the_window():
    async with asked(reading, Window(per_request=2000), depth=DEEP) as context:
        sweep = await context.fact(DepthSweep)
    assert sweep.shares == (0.25, 0.5, 0.75, 0.95)
    filled = [text.exchange.prompt_tokens for text in sweep.texts]
    assert filled == sorted(filled)
    assert 1700 < filled[-1] <= 1900
    assert all(needle.found for text in sweep.texts for needle in text.needles)


async def test_five_passages_are_asked_only_of_a_small_window():
    async with asked(reading, Window(per_request=2048)) as context:
        found = await context.fact(Passages)
    assert all(needle.found for needle in found.needles)
    assert 2000 < found.expected_tokens <= 2200
    asked_of = []

    def count(body):
        asked_of.append(body)
        return reading(body)

    async with asked(count, Window(per_request=3000)) as context:
        assert (await context.fact(Passages)).exchange is None
    assert asked_of == []


async def test_passages_are_numbered_and_keep_every_sentence():
    async with asked(reading, Window(per_request=2048)) as context:
        canary = await context.fact(CanaryText)
        del canary
        from doctor.collect.probes.accounting import lockers_and_scale

        lockers, _ = await lockers_and_scale(context)
    text = lockers.text(5)
    numbered = passages(text)
    assert [line[:3] for line in numbered.prompt.splitlines()[:5]] == ["[1]", "[2]", "[3]", "[4]", "[5]"]
    assert numbered.prompt.count("Locker") == text.prompt.count("Locker")
    assert numbered.needles == text.needles


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("hello there #", (True, True, True)),
        ("Hello there #", (True, False, True)),
        ("one two three four five six #", (False, True, True)),
        ("one two three four five#", (True, True, True)),
        ("hello", (True, True, False)),
    ],
)
def test_rules_are_judged_by_code(answer, kept):
    turn = judged(Exchange(purpose="P30", status=200, content=answer))
    assert (turn.short, turn.lower, turn.ended) == kept


async def test_answers_become_part_of_the_talk():
    seen = []

    def respond(body):
        seen.append([message["role"] for message in body["messages"]])
        return reply("hi #", prompt_tokens=90)

    async with asked(respond, depth=DEEP) as context:
        talk = await context.fact(Turns)
    assert len(talk.turns) == 6
    assert seen[0] == ["system", "user"]
    assert seen[-1] == ["system", *["user", "assistant"] * 5, "user"]


async def test_parallel_requests_that_are_turned_away_are_kept():
    calls = []

    def respond(body):
        calls.append(body)
        return reply("words and words") if len(calls) < 4 else (503, {"error": "server busy"})

    async with asked(respond, depth=DEEP) as context:
        found = await context.fact(ParallelRequests)
    assert len(found.refused) == 4
    assert found.refused[0] == "HTTP 503: server busy"


async def test_a_cut_tail_is_asked_with_the_question_in_front():
    """A façade that keeps only the first 1000 words of a message, as some gateways do."""

    def respond(body):
        kept = " ".join(sent(body).split()[:1000])
        asks = "What are the codes" in kept
        return reply(codes_in(kept) if asks else "Lockers hold things.", prompt_tokens=tokens(kept))

    async with asked(respond, Window(per_request=4096)) as context:
        canary = await context.fact(CanaryText)
    assert not any(needle.found for needle in canary.needles)
    assert [needle.found for needle in canary.question_first] == [True, True, False, False]


async def test_a_whole_text_is_not_asked_with_the_question_in_front():
    async with asked(reading, Window(per_request=4096)) as context:
        assert (await context.fact(CanaryText)).question_first is None


def ollama(native, openai):
    """A façade with two routes, each with a window of its own."""

    def respond(body):
        text = sent(body)
        limit = native(body) if body["_path"] == "/api/chat" else openai(body)
        seen = text if tokens(text) <= limit else last(text, limit // 2)
        if body["_path"] == "/api/chat":
            return {
                "message": {"content": "x"},
                "done_reason": "length",
                "prompt_eval_count": tokens(seen),
                "eval_count": 1,
            }
        return reply(codes_in(seen), prompt_tokens=tokens(seen))

    return respond


async def test_both_routes_of_ollama_are_counted():
    respond = ollama(lambda _: 4096, lambda _: 4096)
    async with asked(respond, Window(per_request=4096), runtime="ollama") as context:
        routes = await context.fact(Routes)
    (native,) = routes.trials
    assert native.route == "POST /api/chat"
    assert native.exchange.prompt_tokens == pytest.approx(native.sent_tokens, rel=0.01)
    assert 2200 < native.sent_tokens <= 2458


async def test_a_larger_window_is_asked_for_on_both_routes_in_depth():
    respond = ollama(lambda body: body["options"].get("num_ctx", 2048), lambda _: 2048)
    window = Window(per_request=2048, trained=32768)
    async with asked(respond, window, runtime="ollama", depth=DEEP) as context:
        _, native, openai = (await context.fact(Routes)).trials
    assert (native.asked_window, openai.asked_window) == (4096, 4096)
    assert native.exchange.prompt_tokens == pytest.approx(native.sent_tokens, rel=0.01)
    assert openai.exchange.prompt_tokens < 1100


@pytest.mark.parametrize("trained", [None, 2048, 2900])
async def test_no_window_is_asked_for_that_the_model_was_not_trained_for(trained):
    respond = ollama(lambda _: 2048, lambda _: 2048)
    window = Window(per_request=2048, trained=trained)
    async with asked(respond, window, runtime="ollama", depth=DEEP) as context:
        assert len((await context.fact(Routes)).trials) == 1


async def test_other_servers_have_one_route():
    async with asked(reading) as context:
        with pytest.raises(Skip, match="only one route"):
            await context.fact(Routes)


async def test_a_rule_that_works_for_a_user_is_tried_thrice_in_the_system_text():
    def respond(body):
        system = any(message["role"] == "system" and "KESTREL" in message["content"] for message in body["messages"])
        user = "KESTREL" in sent(body)
        obeyed = user or (system and "Greet" in sent(body))
        return reply("Hello KESTREL" if obeyed else "Hello", prompt_tokens=30)

    async with asked(respond) as context:
        role = await context.fact(SystemRole)
    assert (role.obeyed_in_system, role.obeyed_in_user, role.obeyed_again) == (False, True, (True, False))


@pytest.mark.parametrize(
    "kind", [WindowEnd, DepthSweep, Turns, CopiedLines, ParallelRequests, SustainedSpeed, ThinkingOn]
)
async def test_deep_probes_ask_nothing_in_a_quick_run(kind):
    asked_of = []

    def respond(body):
        asked_of.append(body)
        return reading(body)

    async with asked(respond) as context:
        with pytest.raises(Skip, match="needs depth deep"):
            await context.fact(kind)
    assert asked_of == []
