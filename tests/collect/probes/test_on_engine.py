"""The probes on a real llama.cpp server: the patient as it is, and made ill in known ways."""

import pytest

from doctor.facts import (
    CacheReuse,
    ControlAnswers,
    DecodeSpeed,
    Echo,
    ListAnswer,
    RoleShapes,
    SystemRole,
    Thinking,
    WarmUp,
    Window,
)
from doctor.ward import engine as ward_engine
from doctor.ward.variants import prepared
from tests.collect.probes.asking import context_for

pytestmark = [
    pytest.mark.ward,
    pytest.mark.skipif(not ward_engine.installed(), reason="the engine's wheel is not installed"),
]


@pytest.fixture(scope="module")
def variant():
    """Starts a server with a broken copy, at most one at a time."""
    running: dict[str, object] = {}

    def start(name: str) -> str:
        if name not in running:
            stop()
            file = prepared(name)
            engine = ward_engine.serving(file.__enter__())
            running[name] = (engine.__enter__().url, engine, file)
        return running[name][0]

    def stop() -> None:
        for _, engine, file in running.values():
            engine.__exit__(None, None, None)
            file.__exit__(None, None, None)
        running.clear()

    yield start
    stop()


async def test_a_healthy_model_passes_every_probe(engine: str) -> None:
    async with context_for(engine) as context:
        warm = await context.fact(WarmUp)
        assert warm.first.ok
        assert warm.second.ok
        echo = await context.fact(Echo)
        assert echo.similarity == 1.0
        assert echo.unstreamed is None
        assert (await context.fact(ControlAnswers)).right == (True, True)
        listed = await context.fact(ListAnswer)
        assert listed.exchange.finish_reason == "stop"
        assert listed.with_stop is None
        role = await context.fact(SystemRole)
        assert role.obeyed_in_system
        assert 100 <= role.tokens_with - role.tokens_without <= 200
        assert (await context.fact(RoleShapes)).two_users.ok
        thinking = await context.fact(Thinking)
        assert thinking.right
        assert not thinking.exchange.reasoning
        speed = await context.fact(DecodeSpeed)
        assert speed.tok_s > 0
        assert speed.tokens >= 3


async def test_a_repeated_beginning_is_found_in_the_cache(engine: str) -> None:
    async with context_for(engine) as context:
        cache = await context.fact(CacheReuse)

    assert cache.reuse > 0.9
    assert cache.source == "cached tokens"
    assert cache.cold.prompt_tokens > 200


async def test_the_long_prompt_shrinks_with_the_window(engine: str) -> None:
    async with context_for(engine, Window(per_request=1024)) as context:
        cache = await context.fact(CacheReuse)

    assert cache.cold.ok
    assert cache.cold.prompt_tokens < 1000


async def test_bad_weights_give_a_flood_and_nothing_is_scored(variant) -> None:
    async with context_for(variant("weights_nan")) as context:
        echo = await context.fact(Echo)
        assert len(set(echo.exchange.text)) == 1
        with pytest.raises(Exception, match="glyph-flood"):
            await context.fact(ControlAnswers)


async def test_a_model_without_end_token_runs_on(variant) -> None:
    async with context_for(variant("eos_unknown")) as context:
        listed = await context.fact(ListAnswer)

    assert listed.exchange.finish_reason != "stop"
    assert "\nuser\n" in listed.exchange.content


async def test_a_template_that_always_thinks_leaves_short_answers_empty(variant) -> None:
    async with context_for(variant("template_thinking_always")) as context:
        control = await context.fact(ControlAnswers)
        thinking = await context.fact(Thinking)

    assert any(exchange.only_thought for exchange in control.exchanges)
    assert thinking.exchange.reasoning
