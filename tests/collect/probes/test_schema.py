"""The schema probe on the real engine, on façades, and the reading of its answers."""

import pytest

from doctor.collect.probes.schema import QUESTION, judged
from doctor.errors import Skip
from doctor.facts import Echo, Exchange, SchemaAnswer
from doctor.model import Depth
from tests.collect.probes.asking import context_for
from tests.collect.probes.plain_server import asked, events, reply


@pytest.mark.parametrize(
    ("content", "valid", "fenced"),
    [
        ('{"status": "red", "count": 1}', True, False),
        ('<think>\nhm\n</think>\n\n{"status": "green", "count": 9}', True, False),
        ('```json\n{"status": "red", "count": 1}\n```', False, True),
        ("A cat found a warm house.", False, False),
        ('{"status": "blue", "count": 1}', False, False),
        ('{"status": "red", "count": 1} and more', False, False),
        ("", False, False),
        ("[" * 9000, False, False),
    ],
)
def test_only_bare_json_within_the_schema_is_valid(content: str, valid: bool, fenced: bool) -> None:
    assert judged(Exchange(purpose="P22", status=200, content=content)) == (valid, fenced)


async def test_the_engine_enforces_a_schema(engine: str) -> None:
    """Real engine."""
    async with context_for(engine) as context:
        assert (await context.fact(SchemaAnswer)).valid


async def test_the_schema_is_sent_and_prose_comes_back() -> None:
    bodies: list[dict] = []

    def answer(body: dict) -> dict:
        bodies.append(body)
        return reply("Once upon a time a cat slept.")

    async with asked(answer) as context:
        assert not (await context.fact(SchemaAnswer)).valid

    assert bodies[0]["response_format"]["json_schema"]["schema"]["additionalProperties"] is False
    assert bodies[0]["messages"][0]["content"] == QUESTION


@pytest.mark.parametrize(
    ("runtime", "ways"),
    [
        ("openai", ["streamed"]),
        ("vllm", ["thinking on", "streamed"]),
        ("ollama", ["thinking on", "streamed", "format on /api/chat"]),
    ],
)
async def test_a_deep_run_asks_in_every_way(runtime: str, ways: list[str]) -> None:
    bodies: list[dict] = []

    def answer(body: dict) -> object:
        bodies.append(body)
        text = '{"status": "red", "count": 1}'
        if body["_path"] == "/api/chat":
            return {"message": {"content": text}, "done": True, "done_reason": "stop"}
        return events({"content": text}) if body.get("stream") else reply("A cat slept.")

    async with asked(answer, runtime=runtime, depth=Depth.DEEP) as context:
        found = await context.fact(SchemaAnswer)

    assert [trial.way for trial in found.others] == ways
    assert [trial.valid for trial in found.others] == [way != "thinking on" for way in ways]
    assert [body.get("reasoning_effort") for body in bodies[:2]] == (
        ["none", None] if runtime == "ollama" else [None] * 2
    )
    if runtime == "ollama":
        assert bodies[-1]["format"]["required"] == ["status", "count"]


async def test_the_engine_enforces_a_schema_with_thinking_on_and_in_a_stream(engine: str) -> None:
    """Real engine."""
    async with context_for(engine, depth=Depth.DEEP) as context:
        found = await context.fact(SchemaAnswer)

    assert [(trial.way, trial.valid) for trial in found.others] == [("thinking on", True), ("streamed", True)]


async def test_a_refused_schema_is_asked_once() -> None:
    refusal = {"error": {"message": "response_format is not supported"}}
    asked_for: list[dict] = []

    def answer(body: dict) -> object:
        asked_for.append(body)
        return 400, refusal

    async with asked(answer, depth=Depth.DEEP) as context:
        assert (await context.fact(SchemaAnswer)).others == ()

    assert len(asked_for) == 1


async def test_garbage_is_not_asked_for_json() -> None:
    garbage = Echo(expected="x", exchange=Exchange(purpose="e", status=200, content="G" * 200), similarity=0.0)
    async with asked(lambda _: pytest.fail("asked"), garbage) as context:
        with pytest.raises(Skip, match="degenerate"):
            await context.fact(SchemaAnswer)
