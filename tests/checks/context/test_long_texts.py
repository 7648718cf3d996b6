"""The checks window-end, passages, depth-sweep, refusal and window-asked on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import (
    CanaryText,
    DepthSweep,
    Exchange,
    ModelCard,
    Needle,
    Passages,
    PromptAccounting,
    ServerProcess,
    Window,
    WindowEnd,
)
from doctor.model import Severity
from tests.given import run_check, symptoms

DEPTHS = (0.02, 0.35, 0.65, 0.97)


def needles(*found: bool) -> tuple[Needle, ...]:
    return tuple(Needle(colour="red", code="1", depth=d, found=f) for d, f in zip(DEPTHS, found, strict=True))


def said(text: str = "red=1", **fields: object) -> Exchange:
    return Exchange(purpose="x", **{"status": 200, "content": text, "max_tokens": 48, **fields})


@pytest.mark.parametrize(
    ("prompt", "written", "finish", "expected"),
    [
        (4048, 48, "length", []),
        (4048, 47, "length", []),
        (4048, 49, "length", ["window-slides"]),
        (4048, 160, "length", ["window-slides"]),
        (4048, 20, "length", []),
    ],
)
async def test_more_tokens_than_the_window_holds_prove_a_shift(prompt, written, finish, expected):
    end = WindowEnd(exchange=said(completion_tokens=written, finish_reason=finish), prompt_tokens=prompt, window=4096)
    assert symptoms(await run_check("window-end", [end])) == expected


async def test_an_answer_that_ends_before_the_window_shows_nothing():
    end = WindowEnd(exchange=said(completion_tokens=20, finish_reason="stop"), prompt_tokens=4048, window=4096)
    with pytest.raises(Skip, match="before the window did"):
        await run_check("window-end", [end])


def passages(counted: int | None = 2200, status: int = 200, **fields: object) -> Passages:
    exchange = said(prompt_tokens=counted, status=status, error="" if status == 200 else "too long")
    known = {
        "exchange": exchange,
        "needles": needles(False, True, True, True),
        "words": 1400,
        "expected_tokens": 2200.0,
    }
    return Passages(**{**known, "window": 2048, **fields})


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (passages(), []),
        (passages(1400), []),
        (passages(1399), ["passages-cut"]),
        (passages(None, 400), ["passages-refused"]),
        (passages(exchange=None, window=4096), []),
    ],
)
async def test_passages_that_are_thrown_away_are_found(fact, expected):
    assert symptoms(await run_check("passages", [fact])) == expected


async def test_a_server_that_does_not_count_passages_is_not_judged():
    with pytest.raises(Skip, match="does not count"):
        await run_check("passages", [passages(None)])


def text(*found: bool, answer: str = "red=1", counted: int = 1000, expected: float = 1000.0) -> CanaryText:
    exchange = said(answer, prompt_tokens=counted)
    return CanaryText(exchange=exchange, needles=needles(*found), words=600, expected_tokens=expected, window=4096)


ALL, THREE, NONE = (True,) * 4, (True, True, True, False), (False,) * 4
TWO = (True, False, False, True)
LOOP = "the code is the code is " * 12


def sweep(*texts: CanaryText) -> DepthSweep:
    return DepthSweep(shares=(0.25, 0.5, 0.75, 0.95)[: len(texts)], texts=texts)


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (sweep(text(*ALL), text(*ALL), text(*ALL), text(*THREE)), []),
        (sweep(text(*ALL), text(*ALL), text(*ALL), text(*TWO)), []),
        (sweep(text(*ALL), text(*ALL), text(*ALL), text(*NONE)), ["recall-falls-with-length"]),
        (sweep(text(*THREE), text(*ALL), text(*TWO), text(*TWO)), ["recall-falls-with-length"]),
        (sweep(text(*TWO), text(*TWO), text(*NONE), text(*NONE)), []),
        (sweep(text(*ALL), text(*ALL), text(*NONE, answer=LOOP)), ["nonsense-beyond-length"]),
        (sweep(text(*NONE, answer=LOOP), text(*NONE, answer=LOOP)), []),
        (sweep(text(*ALL), text(*ALL), text(*NONE, counted=979), text(*NONE, counted=500)), []),
    ],
)
async def test_recall_that_falls_with_length_is_told_from_nonsense(fact, expected):
    assert symptoms(await run_check("depth-sweep", [fact])) == expected


async def test_one_length_alone_cannot_be_compared():
    with pytest.raises(Skip, match="cannot be compared"):
        await run_check("depth-sweep", [sweep(text(*ALL), text(*NONE, counted=10))])


def refused(error: str, status: int = 400, expected: float = 3000.0) -> CanaryText:
    exchange = Exchange(purpose="c", status=status, error=error, sent_words=2000, max_tokens=48)
    return CanaryText(exchange=exchange, needles=needles(*NONE), words=2000, expected_tokens=expected, window=4096)


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (text(*ALL), []),
        (
            refused("tokens to keep from the initial prompt is greater than the context length"),
            ["kept-tokens-exceed-window"],
        ),
        (refused("n_keep: 5000 >= n_ctx: 4096", 500), ["kept-tokens-exceed-window"]),
        (refused("the prompt exceeds the available context size"), ["refused-below-window"]),
        (refused("the prompt exceeds the available context size", expected=4048.0), []),
        (refused("the prompt exceeds the available context size", 503), []),
        (refused("something else went wrong", 500), []),
    ],
)
async def test_refusals_of_what_fits_are_told_apart(fact, expected):
    assert symptoms(await run_check("refusal", [fact])) == expected


async def test_kept_tokens_of_an_over_long_prompt_are_only_a_note():
    beyond = Exchange(purpose="b", status=400, error="n_keep: 5000 >= n_ctx: 4096", sent_words=4000)
    counted = PromptAccounting(expected=1000, counted=1000, at_least=600, exact=True, over_length=beyond)
    (finding,) = (await run_check("refusal", [text(*ALL), counted])).findings
    assert finding.severity is Severity.NOTE


def server(*words: str) -> ServerProcess:
    return ServerProcess(pid=7, name="llama-server", command=("llama-server", *words))


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([server("-c", "16384"), Window(per_request=4096, trained=4096)], ["window-less-than-asked"]),
        ([server("-c", "4096"), Window(per_request=4096)], []),
        ([server("-c", "16384"), Window(per_request=4096, slots=4)], []),
        ([server("-c", "16384"), Window(per_request=4096, slots=4, total=16384)], []),
        ([server("-c", "16384", "-np", "4"), Window(per_request=4096)], []),
        ([server("-c", "16384", "-np", "2"), Window(per_request=4096)], ["window-less-than-asked"]),
        ([ModelCard(name="m", parameters_text="num_ctx 32768"), Window(per_request=4096)], ["window-less-than-asked"]),
        ([ModelCard(name="m", parameters_text="num_ctx 2048"), Window(per_request=4096)], []),
    ],
)
async def test_a_smaller_window_than_asked_for_is_noted(facts, expected):
    verdict = await run_check("window-asked", facts)
    assert symptoms(verdict) == expected
    assert all(finding.severity is Severity.NOTE for finding in verdict.findings)


@pytest.mark.parametrize("facts", [[], [server()], [ModelCard(name="m")], [server("-c", "0")]])
async def test_without_a_wish_there_is_nothing_to_compare(facts):
    with pytest.raises(Skip, match="nobody asked"):
        await run_check("window-asked", [*facts, Window(per_request=4096)])
