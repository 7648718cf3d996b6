"""The lines of the outline, on stored events."""

import msgspec

from doctor.events import TargetEnded
from doctor.model import Severity
from doctor.tui.outline import MAX_MEMBERS, rows
from tests.tui import stories
from tests.tui.test_progress import heard


def texts(lines):
    return [f"{'  ' * row.level}{row.sign} {row.text}" for row in lines]


def test_findings_stand_under_their_cause_and_the_rest_is_folded():
    assert texts(rows(heard(stories.sick()), set())) == [
        "✗ Ollama, qwen3:4b",
        "  ✗ The context window is smaller than what is sent, and the beginning is dropped silently",
        "    ✗ prompt truncated",
        "    ✗ canary head lost",
        "  ! Part of the model runs on the CPU because it does not fit into GPU memory",
        "    ! gpu partial offload",
        "    ! decode below bound",
        "  ? Suspected (1)",
        "    ? The server does not parse this model's tool calls",
        "  ! Findings without a known cause (1)",
        "    ! 3 of 214 characters of the answer are replacement characters.",
        "  · Notes (1)",
        "  – Not evaluated (2)",
        "  ✓ Passed (5)",
        "  ✓ Ruled out (2)",
    ]


def test_a_flipped_line_shows_what_is_under_it():
    progress = heard(stories.sick())
    key = next(row.key for row in rows(progress, set()) if row.text == "Not evaluated (2)")
    lines = texts(rows(progress, {key}))
    after = lines.index("  – Not evaluated (2)")
    assert lines[after + 1 : after + 3] == ["    – embeddings", "    – throttle"]


def test_every_check_is_on_some_line_while_the_run_is_under_way():
    progress = heard(stories.under_way())
    groups = {row.key for row in rows(progress, set()) if row.folded}
    everything = {row.text.replace(" ", "-") for row in rows(progress, groups)}
    seen = everything & set(stories.CHECKS)
    found = {check for check, finding in stories.FINDINGS.items() if finding.severity is not Severity.NOTE}
    assert seen | found >= set(stories.CHECKS)


def test_checks_under_way_are_unfolded():
    lines = texts(rows(heard(stories.under_way("swap")), set()))
    assert "  … Under way (1)" in lines
    assert "    … swap" in lines


def test_a_run_without_servers_says_so_in_one_line():
    assert texts(rows(heard(stories.nothing()), set())) == ["? No model server found"]


def test_before_the_first_event_it_says_what_is_being_done():
    assert texts(rows(heard([]), set())) == ["… Looking for model servers"]


def test_no_group_is_longer_than_anybody_reads():
    ended = next(e for e in stories.sick() if isinstance(e, TargetEnded))
    many = msgspec.structs.replace(ended.report, findings=(stories.LOOSE,) * 50_000, causes=())
    lines = rows(heard([TargetEnded(report=many)]), set())
    assert len(lines) < MAX_MEMBERS + 20
    assert any(row.text == f"and {50_000 - MAX_MEMBERS} more" for row in lines)


def test_keys_are_unique():
    keys = [row.key for row in rows(heard(stories.sick()), set())]
    assert len(keys) == len(set(keys))
