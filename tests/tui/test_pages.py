"""What the right side says, on stored events and hand-made playbooks."""

import pytest

from doctor.model import Category, Cause, Finding, Severity, State, Step
from doctor.plan.remedies import planned
from doctor.plan.situation import Situation
from doctor.playbooks import Playbook
from doctor.plugins import bundled_checks, bundled_playbooks
from doctor.tui.library import Library, library
from doctor.tui.outline import rows
from doctor.tui.page import Action, Bullet, Code, Heading, Measurements, Paragraph
from doctor.tui.pages import page_of
from doctor.tui.prose import blocks
from doctor.tui.steps import action
from doctor.tui.words import duration, measured
from tests.tui import stories
from tests.tui.test_progress import heard


def page(events, wanted, books=None):
    progress = heard(events)
    everything = rows(progress, {row.key for row in rows(progress, set()) if row.folded})
    row = next(row for row in everything if wanted(row))
    return page_of(row, progress, books or Library())


def texts(shown, kind):
    return [block.text for block in shown.blocks if isinstance(block, kind)]


def test_the_page_of_a_cause_goes_from_proof_to_cure_to_evidence_to_reason():
    book = Playbook(
        id="context-too-small",
        category=Category.CONTEXT,
        title="",
        severity=Severity.CRITICAL,
        verify=("prompt-accounting", "canary"),
        body="Because the default\nis small.",
    )
    shown = page(stories.sick(), lambda row: row.item == stories.WINDOW, library((), (book,)))
    assert shown.status == "critical · confirmed cause"
    assert texts(shown, Bullet)[:2] == [stories.TRUNCATED.summary, stories.HEAD_LOST.summary]
    assert texts(shown, Heading) == ["What to do", "How to see that it worked", "Evidence", "Why it happens"]
    assert texts(shown, Action)[-1] == (
        f"llm-doctor check --target {stories.URL} --only prompt-accounting --only canary"
    )
    assert texts(shown, Paragraph)[-1] == "Because the default is small."


def test_a_suspected_cause_says_that_it_is_only_suspected():
    shown = page(stories.sick(), lambda row: row.item == stories.PARSER)
    assert shown.sign == "?"
    assert shown.status == "warning · suspected cause"


def test_the_page_of_a_finding_names_the_cause_that_it_comes_from():
    shown = page(stories.sick(), lambda row: row.item == stories.SLOW)
    assert texts(shown, Paragraph) == [stories.SLOW.summary, f"Comes from: {stories.MEMORY.title}"]
    assert [block.evidence for block in shown.blocks if isinstance(block, Measurements)] == [stories.SLOW.evidence]


def test_a_check_that_could_not_be_evaluated_says_why():
    shown = page(stories.sick(), lambda row: row.text == "throttle")
    assert shown.status == "not evaluated"
    assert texts(shown, Paragraph)[0] == "No GPU of this machine tells its clocks."


def test_a_healthy_server_is_never_called_healthier_than_it_was_measured():
    shown = page(stories.healthy(), lambda row: row.item is None)
    assert shown.status == "ok"
    assert "as far as it was measured" in texts(shown, Paragraph)[0]
    assert "2 could not be evaluated" in texts(shown, Paragraph)[-1]


def test_without_a_server_the_page_says_what_to_do():
    shown = page(stories.nothing(), lambda row: row.target is None)
    assert "ollama serve" in texts(shown, Action)
    assert "llm-doctor demo" in texts(shown, Action)


def test_every_kind_of_line_has_a_page_with_bundled_checks_and_playbooks():
    books = library(bundled_checks(), bundled_playbooks())
    for events in (stories.sick(), stories.under_way(), stories.healthy(), stories.nothing(), []):
        progress = heard(events)
        folded = {row.key for row in rows(progress, set()) if row.folded}
        assert all(page_of(row, progress, books).title for row in rows(progress, folded))


@pytest.mark.parametrize("book", bundled_playbooks(), ids=lambda book: book.id)
def test_every_bundled_page_and_step_can_be_shown(book):
    assert all(block.text for block in blocks(book.body) if isinstance(block, Paragraph | Bullet | Heading))
    for remedy in book.remedies:
        steps = planned(remedy, Situation(runtime=remedy.runtime, os="linux", local=True)).steps
        assert all(action(step, "http://127.0.0.1:1").text for step in steps)


@pytest.mark.parametrize(
    ("step", "heading", "text"),
    [
        (Step(kind="run", command=("ollama", "stop", "a b")), "run", "ollama stop 'a b'"),
        (
            Step(kind="edit", edit={"file": "/etc/x.conf", "text": "[Service]\nA=1\n"}),
            "write into /etc/x.conf",
            "[Service]\nA=1",
        ),
        (Step(kind="by-hand", text="Restart the app."), "by hand", "Restart the app."),
        (Step(kind="run", command=("rm", "x\nrm -rf ~")), "run", "rm 'x rm -rf ~'"),
    ],
)
def test_a_step_is_copied_as_it_is_typed(step, heading, text):
    shown = action(step, stories.URL)
    assert (shown.heading, shown.text) == (heading, text)


def test_a_long_command_is_copied_as_one_line():
    shown = action(Step(kind="run", command=("llama-server", *[f"--option-{n}" for n in range(20)])), "")
    assert "\n" not in shown.text
    assert "\\" not in shown.text


def test_a_page_is_reflowed_and_its_code_is_not():
    text = "One\nparagraph.\n\n- first\n  goes on\n- second\n\n1. step\n\n## Title\n\n```\na\n  b\n```\nend"
    assert blocks(text) == [
        Paragraph(text="One paragraph."),
        Bullet(mark="•", text="first goes on"),
        Bullet(mark="•", text="second"),
        Bullet(mark="1.", text="step"),
        Heading(text="Title"),
        Code(text="a\n  b"),
        Paragraph(text="end"),
    ]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (14.2, "14 s"), (60, "1 min"), (185.4, "3 min 5 s")]
)
def test_durations_are_written_for_people(seconds, text):
    assert duration(seconds) == text


def test_values_are_written_for_people():
    assert [measured(e) for e in (stories.ON_GPU, stories.EXPECTED, stories.HEAD_LOST.evidence[0])] == [
        "71.3 %",
        "11872 tokens",
        "no",
    ]


def test_a_cause_without_a_playbook_of_its_own_still_has_a_page():
    cause = Cause(id="x", verdict="confirmed", severity=Severity.WARNING, title="T")
    finding = Finding(symptom="s", severity=Severity.WARNING, subject="m", summary="S.", explained_by="x")
    events = stories.sick()
    ended = events[-2].report
    events[-2] = type(events[-2])(
        report=type(ended)(url=stories.URL, state=State.WARNING, causes=(cause,), findings=(finding,))
    )
    events[-1] = type(events[-1])(report=stories.report_of(events[-2].report))
    shown = page(events, lambda row: row.item == cause)
    assert shown.title == "T"
    assert texts(shown, Bullet) == ["S."]
