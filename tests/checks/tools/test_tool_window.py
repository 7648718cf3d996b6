"""The check tool-window on given counts."""

import pytest

from doctor.errors import Skip
from doctor.facts import Exchange, ToolWindow
from tests.checks.tools.trials import call, trial
from tests.given import run_check, symptoms


def counted(tokens: int | None, expected: float | None = 2200.0, *, fewer: int | None = None, **fields) -> ToolWindow:
    many = trial("T8", call(), prompt_tokens=tokens)
    asked = None if fewer is None else Exchange(purpose="fewer", status=200, prompt_tokens=fewer)
    return ToolWindow(many=many, expected=expected, fewer=asked, **fields)


@pytest.mark.parametrize(
    "fact", [counted(2347), counted(1880), counted(2200, exact=True), counted(2160, exact=True), counted(3000)]
)
async def test_a_count_as_expected_passes(fact: ToolWindow) -> None:
    assert symptoms(await run_check("tool-window", [fact])) == []


@pytest.mark.parametrize(
    "fact",
    [
        counted(1026, fewer=1026),
        counted(1026, fewer=1793),
        counted(1028, fewer=1026),
        counted(2100, exact=True),
    ],
    ids=["pinned", "fewer than with fifteen", "pinned to the token", "exact count"],
)
async def test_a_cut_is_seen(fact: ToolWindow) -> None:
    verdict = await run_check("tool-window", [fact])

    assert symptoms(verdict) == ["tool-definitions-cut"]
    assert verdict.findings[0].evidence[-1].value == "the window"
    said = [each.value for each in verdict.findings[0].evidence if "fifteen" in each.label]
    assert said == ([fact.fewer.prompt_tokens] if fact.fewer else [])


async def test_a_refusal_that_names_the_window_is_a_note() -> None:
    refused = ToolWindow(many=trial("T8", status=400, error="request exceeds the available context size"), window=1024)

    verdict = await run_check("tool-window", [refused])

    assert [(f.symptom, f.severity) for f in verdict.findings] == [("tool-definitions-refused", "note")]


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        (counted(1600, fewer=1300), "nothing proves"),
        (counted(1600), "nothing proves"),
        (counted(None), "does not say"),
        (counted(1600, None), "does not say"),
        (ToolWindow(many=trial("T8", status=500, error="boom")), "boom"),
    ],
)
async def test_what_proves_nothing_is_skipped(fact: ToolWindow, reason: str) -> None:
    with pytest.raises(Skip, match=reason):
        await run_check("tool-window", [fact])
