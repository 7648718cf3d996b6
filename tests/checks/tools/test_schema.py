"""The check schema on given answers."""

import pytest

from doctor.errors import Skip
from doctor.facts import Exchange, Identity, SchemaAnswer, SchemaTrial
from tests.given import run_check, symptoms


def answered(content: str, *, valid: bool = False, fenced: bool = False, **fields: object) -> SchemaAnswer:
    exchange = Exchange(**({"purpose": "P22", "status": 200, "content": content, "finish_reason": "stop"} | fields))
    return SchemaAnswer(exchange=exchange, valid=valid, fenced=fenced)


def also(way: str, content: str = "A cat slept.", *, valid: bool = False, **fields: object) -> SchemaTrial:
    exchange = Exchange(**({"purpose": way, "status": 200, "content": content, "finish_reason": "stop"} | fields))
    return SchemaTrial(way=way, exchange=exchange, valid=valid)


def deep(*others: SchemaTrial, valid: bool = True) -> SchemaAnswer:
    first = answered('{"status": "red", "count": 1}' if valid else "A cat slept.", valid=valid)
    return SchemaAnswer(exchange=first.exchange, valid=valid, others=others)


def by(runtime: str) -> Identity:
    return Identity(runtime=runtime, state="ready", name=runtime)


async def test_an_enforced_schema_passes() -> None:
    assert symptoms(await run_check("schema", [answered('{"status": "red", "count": 1}', valid=True)])) == []


@pytest.mark.parametrize("runtime", ["ollama", "llama.cpp", "lmstudio", "vllm", "sglang"])
async def test_prose_from_a_runtime_that_promises_enforcement_is_a_fault(runtime: str) -> None:
    verdict = await run_check("schema", [answered("A cat slept."), by(runtime)])

    assert symptoms(verdict) == ["schema-ignored"]
    assert verdict.findings[0].severity == "warning"


@pytest.mark.parametrize("runtime", ["openai", "mlx-lm", "transformers"])
async def test_prose_from_other_runtimes_is_a_note(runtime: str) -> None:
    verdict = await run_check("schema", [answered("A cat slept."), by(runtime)])

    assert symptoms(verdict) == ["schema-not-supported"]
    assert verdict.findings[0].severity == "note"


async def test_json_in_a_fence_is_not_enforced() -> None:
    verdict = await run_check("schema", [answered("```json\n{}\n```", fenced=True), by("ollama")])

    assert "code fence" in verdict.findings[0].summary


async def test_enforcement_that_holds_in_every_way_passes() -> None:
    verdict = await run_check("schema", [deep(also("thinking on", valid=True), also("streamed", valid=True))])

    assert symptoms(verdict) == []
    assert len(verdict.evidence) == 3


@pytest.mark.parametrize("way", ["thinking on", "streamed", "format on /api/chat"])
async def test_the_way_in_which_it_does_not_hold_is_named(way: str) -> None:
    verdict = await run_check("schema", [deep(also(way)), by("ollama")])

    assert [(f.symptom, f.subject) for f in verdict.findings] == [("schema-ignored", way)]


@pytest.mark.parametrize(
    "unclear",
    [also("x", "", reasoning="hm"), also("x", '{"status', finish_reason="length"), also("x", status=400, error="no")],
)
async def test_a_way_that_says_nothing_is_left_out(unclear: SchemaTrial) -> None:
    assert symptoms(await run_check("schema", [deep(unclear)])) == []


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        (answered("", status=400, error="response_format is not supported"), "not supported"),
        (answered("", reasoning="hm"), "thinking"),
        (answered(""), "empty"),
        (answered('{"status": ', finish_reason="length"), "cut off by the output limit"),
        (answered("{      ", finish_reason=""), "cut off$"),
    ],
)
async def test_what_cannot_be_judged_is_skipped(fact: SchemaAnswer, reason: str) -> None:
    with pytest.raises(Skip, match=reason):
        await run_check("schema", [fact, by("ollama")])
