"""The page of a treatment and the line under it, at given moments."""

import msgspec
import pytest

from doctor.model import Step
from doctor.treat.verdict import Outcome
from doctor.tui.applying import ABLE, BY_HAND, READ_ONLY, SUSPECTED, apply_note, can_be_applied
from doctor.tui.library import Library, in_words
from doctor.tui.outline import Row
from doctor.tui.page import Action, Changes, Paragraph
from doctor.tui.progress import TargetProgress
from doctor.tui.session import Places
from doctor.tui.treat_page import bar_of, treat_page
from doctor.tui.treating import Stage
from tests.tui import stories, treatments
from tests.tui.treatments import MOMENTS, REMEDY

LIBRARY = Library(symptom_titles={"prompt-truncated": "The prompt is cut off"})


def text(moment):
    page = treat_page(MOMENTS[moment], LIBRARY)
    return " ".join([page.status, page.title, *(getattr(block, "text", "") for block in page.blocks)])


@pytest.mark.parametrize(
    ("before", "after", "environment", "says"),
    [
        (("x", "-c", "4096"), ("x", "-c", "8192"), {}, "new: -c 8192, gone: -c 4096"),
        (("x", "-c", "1"), ("x", "-c", "1", "-kvu"), {}, "new: -kvu"),
        (("x", "--no-jinja", "-v"), ("x", "-v"), {}, "gone: --no-jinja"),
        (("x", "serve"), ("x", "serve"), {"OLLAMA_CONTEXT_LENGTH": "8192"}, "new: OLLAMA_CONTEXT_LENGTH=8192"),
        (("x",), ("x",), {}, ""),
    ],
)
def test_what_changes_in_a_command_line_is_told_apart(before, after, environment, says):
    step = Step(kind="restart", before=before, command=after, environment=environment, automatic=True)
    remedy = msgspec.structs.replace(REMEDY, steps=(step,))
    page = treat_page(msgspec.structs.replace(treatments.AT_FIRST, remedy=remedy), LIBRARY)
    told = [block.text for block in page.blocks if isinstance(block, Paragraph) and block.indent]
    assert told == ([says] if says else [])


def test_the_verdict_comes_with_its_numbers_and_the_way_back():
    page = treat_page(MOMENTS["fixed"], LIBRARY)
    (changes,) = (block for block in page.blocks if isinstance(block, Changes))
    assert changes.rows[0] == ("window of one request", "4096 tokens", "16384 tokens")
    assert changes.rows[2] == ("prompt tokens counted", "4096 tokens", "not measured")
    assert any(isinstance(block, Action) and "llm-doctor undo 2026" in block.text for block in page.blocks)
    assert "Left for you to do" in text("fixed")


@pytest.mark.parametrize("moment", ["unchanged", "worse"])
def test_what_did_not_help_is_offered_to_be_taken_back_in_so_many_words(moment):
    tone, says = bar_of(MOMENTS[moment], 0.0)
    assert (tone, says) == ("warn", f"It is {moment}: u takes it back, esc leaves it as it is now.")


def test_ids_stand_as_titles():
    assert 'The same signs are there: "The prompt is cut off".' in text("unchanged")
    assert in_words("no-such-id stays", LIBRARY) == "no-such-id stays"


def test_taken_back_it_offers_no_way_back():
    assert "llm-doctor undo" not in text("undone")
    assert bar_of(MOMENTS["undone"], 0.0)[1].startswith("Nothing is left changed.")
    assert "What it had changed" in text("undone")


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage not in (Stage.OVER, Stage.ASKING)])
def test_whatever_goes_on_says_how_long(stage):
    _, says = bar_of(msgspec.structs.replace(treatments.AT_FIRST, stage=stage), 12.0)
    assert "12 s" in says


def test_every_outcome_has_a_sign_and_a_word():
    pages = [treat_page(treatments.ended(outcome, "x"), LIBRARY) for outcome in Outcome]
    assert all(page.sign and page.status for page in pages)
    assert len({page.status for page in pages}) == len(Outcome)


def row(verdict="confirmed", remedies=(REMEDY,)):
    cause = msgspec.structs.replace(stories.WINDOW, verdict=verdict, remedies=remedies)
    target = TargetProgress(stories.sick()[0].targets[0], ())
    return Row(key="x", level=1, sign="x", tone="", text="x", target=target, item=cause)


def test_only_a_proved_cause_with_an_automatic_remedy_can_be_treated_and_not_in_a_browser_that_reads():
    here, away = Places(), Places(read_only=True)
    by_hand, far = stories.WINDOW.remedies[1], msgspec.structs.replace(REMEDY, risk="global")
    assert can_be_applied(row(), REMEDY, here)
    assert apply_note(row(), REMEDY, here) == ABLE
    for one, remedy, places, why in (
        (row(), REMEDY, away, READ_ONLY),
        (row("suspected"), REMEDY, here, SUSPECTED),
        (row(), by_hand, here, BY_HAND),
        (row(), far, here, BY_HAND),
    ):
        assert not can_be_applied(one, remedy, places)
        assert apply_note(one, remedy, places) == why
