"""The check overflow on given answers to long prompts."""

import pytest

from doctor.errors import Skip
from doctor.facts import CanaryText, Exchange, PromptAccounting
from tests.given import run_check, symptoms

SMALL = Exchange(purpose="small", status=200, content="r")


def long(**fields: object) -> Exchange:
    return Exchange(**({"purpose": "long", "status": 200, "sent_words": 2300, "route": "POST /v1/x"} | fields))


def canary(exchange: Exchange, small: Exchange | None = SMALL) -> CanaryText:
    return CanaryText(exchange=exchange, needles=(), words=2300, expected_tokens=3500, window=4096, small=small)


def beyond(exchange: Exchange) -> PromptAccounting:
    return PromptAccounting(expected=3500, counted=3500, at_least=2300, exact=False, over_length=exchange)


@pytest.mark.parametrize(
    "error",
    [
        "request (9035 tokens) exceeds the available context size (2048 tokens), try increasing it",
        "This model's maximum context length is 4096 tokens.",
        "The number of tokens to keep from the initial prompt is greater than the context length (n_keep: 9>= n_ctx: 4",
        "the prompt is longer than the context length currently available to the model; [...]",
        "The input (50011 tokens) is longer than the model's context length (40960 tokens).",
    ],
)
async def test_a_refusal_that_names_its_limit_is_honest(error: str) -> None:
    """Error texts as recorded on the servers."""
    verdict = await run_check("overflow", [canary(long(status=400, error=error))])

    assert symptoms(verdict) == []
    assert error in verdict.evidence[0].value


async def test_an_answer_with_text_passes() -> None:
    assert symptoms(await run_check("overflow", [canary(long(content="red=1", completion_tokens=3))])) == []


async def test_an_empty_answer_with_http_200_is_seen() -> None:
    verdict = await run_check("overflow", [canary(long(completion_tokens=0))])

    assert symptoms(verdict) == ["overflow-empty"]


@pytest.mark.parametrize("fields", [{"reasoning": "hm"}, {"completion_tokens": 48}])
async def test_hidden_thinking_is_no_empty_answer(fields: dict) -> None:
    assert symptoms(await run_check("overflow", [canary(long(**fields))])) == []


@pytest.mark.parametrize("small", [None, Exchange(purpose="small", status=200)])
async def test_a_server_that_is_always_silent_is_not_judged(small: Exchange | None) -> None:
    with pytest.raises(Skip, match="short prompts"):
        await run_check("overflow", [canary(long(completion_tokens=0), small)])


async def test_a_lost_user_message_is_seen() -> None:
    verdict = await run_check("overflow", [canary(long(status=500, error="No user query found in messages."))])

    assert symptoms(verdict) == ["user-turn-dropped"]


async def test_another_failure_is_not_judged() -> None:
    with pytest.raises(Skip, match="runner process has terminated"):
        await run_check("overflow", [canary(long(status=500, error="llama runner process has terminated"))])


async def test_a_cut_beyond_the_window_is_a_note() -> None:
    answered = long(content="red=1", completion_tokens=3)
    verdict = await run_check("overflow", [canary(answered), beyond(long(content="x", prompt_tokens=2050))])

    assert symptoms(verdict) == ["overflow-silent"]
    assert verdict.findings[0].severity == "note"


async def test_a_refusal_beyond_the_window_passes() -> None:
    answered = long(content="red=1", completion_tokens=3)
    refused = long(status=400, error="exceeds the available context size")

    assert symptoms(await run_check("overflow", [canary(answered), beyond(refused)])) == []
