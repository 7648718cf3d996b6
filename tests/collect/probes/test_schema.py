"""The schema probe on the real engine, on façades, and the reading of its answers."""

import pytest

from doctor.collect.probes.schema import QUESTION, judged
from doctor.errors import Skip
from doctor.facts import Echo, Exchange, SchemaAnswer
from tests.collect.probes.asking import context_for
from tests.collect.probes.plain_server import asked, reply


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
    answer = judged(Exchange(purpose="P22", status=200, content=content))

    assert (answer.valid, answer.fenced) == (valid, fenced)


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


async def test_garbage_is_not_asked_for_json() -> None:
    garbage = Echo(expected="x", exchange=Exchange(purpose="e", status=200, content="G" * 200), similarity=0.0)
    async with asked(lambda _: pytest.fail("asked"), garbage) as context:
        with pytest.raises(Skip, match="degenerate"):
            await context.fact(SchemaAnswer)
