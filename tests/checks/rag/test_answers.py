"""Checks of the way from passages to an answer: room in the window, and questions asked to the end. Given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import Answering, Asked, EndToEnd
from tests.checks.rag.test_index_checks import CHUNKS, INDEX, but
from tests.given import run_check, symptoms


@pytest.mark.parametrize(("window", "symptom"), [(1340, []), (1339, ["passages-over-window"]), (8192, [])])
async def test_a_typical_prompt_must_fit_the_window(window, symptom):
    """Four passages of 200 words: 1040 tokens and 300 around them."""
    facts = [INDEX, CHUNKS, Answering(model="m", window=window)]
    assert symptoms(await run_check("passages-window", facts)) == symptom


async def test_more_passages_need_more_room():
    facts = [but(INDEX, k=20), CHUNKS, Answering(model="m", window=4096)]
    assert symptoms(await run_check("passages-window", facts)) == ["passages-over-window"]


def one(**changed):
    fields = {"question": 0, "rank": 1, "prompt_tokens": 500, "prompt_words": 300, "answered": False}
    return Asked(**{**fields, **changed})


RIGHT, SEARCH = one(answered=True), one(rank=0)
WINDOW, REFUSED = one(prompt_tokens=200), one(refused="too long", prompt_tokens=None)
AMONG, ALONE = one(alone=True), one(alone=False)


@pytest.mark.parametrize(
    ("asked", "outcome"),
    [
        (RIGHT, "right"),
        (SEARCH, "search"),
        (WINDOW, "window"),
        (REFUSED, "window"),
        (AMONG, "model"),
        (ALONE, "reading"),
    ],
)
def test_each_failure_has_one_place(asked, outcome):
    assert asked.outcome == outcome


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ((RIGHT,) * 8, []),
        ((RIGHT,) * 7 + (WINDOW,), ["prompt-passages-cut"]),
        ((RIGHT,) * 7 + (REFUSED,), ["prompt-passages-cut"]),
        ((RIGHT,) * 6 + (AMONG,) * 2, []),
        ((RIGHT,) * 5 + (AMONG,) * 3, ["lost-among-passages"]),
        ((RIGHT,) * 5 + (ALONE,) * 3, ["passages-unread"]),
        ((RIGHT,) * 4 + (SEARCH,) * 4, []),
    ],
)
async def test_shares_decide_and_a_cut_prompt_is_proof(asked, expected):
    verdict = await run_check("end-to-end", [INDEX, EndToEnd(model="m", k=4, asked=asked)])
    assert symptoms(verdict) == expected
    assert sum(item.value for item in verdict.evidence) == 8


async def test_nothing_asked_is_nothing_judged():
    with pytest.raises(Skip):
        await run_check("end-to-end", [INDEX, EndToEnd(model="m", k=4, asked=())])
