"""The text report, on reports built by hand."""

import msgspec
import pytest
from rich.cells import cell_len

from doctor.model import Coverage, Depth, Severity, State, Status, Step
from doctor.report import Look, render
from tests.report.sample import CONFIRMED, HOSTILE, NOTHING_FOUND, REPORT, TARGET, TINY, check, hostile


def test_state_and_cause_come_first():
    first, second = render(REPORT).splitlines()[:2]
    assert first.startswith("WARNING")
    assert CONFIRMED.title[:60] in second


def test_symptoms_numbers_and_cure_stand_under_their_cause():
    page = render(REPORT)
    cause = page.index("WARNING  Part of the model")
    for expected in (
        "[gpu-partial-offload]",
        "[decode-below-bound]",
        "8.0 GiB",
        "4.133 tok/s",
        "ollama stop llama3:8b",
    ):
        if expected != "4.133 tok/s":  # that evidence belongs to a symptom that is explained, not to the proof
            assert page.index(expected, cause) < page.index("Suspected, not proven")


def test_proving_symptoms_stand_before_explained_ones():
    page = render(REPORT)
    assert page.index("[gpu-partial-offload]") < page.index("[decode-below-bound]")


def test_evidence_names_its_origin_and_source():
    assert "model size           8.0 GiB  (reported: GET /api/ps)" in render(REPORT)


def test_every_kind_of_step_can_be_copied():
    lines = [line.strip() for line in render(REPORT).splitlines()]
    assert "ollama stop llama3:8b" in lines
    assert "undo: ollama run llama3:8b" in lines
    assert any(line.startswith("curl -X POST http://127.0.0.1:11434/api/generate") for line in lines)
    assert "in /etc/override.conf write:" in lines
    assert "Environment=A=1" in lines
    assert "Start the app again." in lines


def test_the_way_to_verify_is_a_command_for_the_same_target():
    assert "llm-doctor check --target http://127.0.0.1:11434/v1 --only offload" in render(REPORT)


def test_a_long_command_is_continued_for_the_shell_not_wrapped():
    long = msgspec.structs.replace(TARGET, url="http://127.0.0.1:11434/" + "x" * 60)
    page = render(msgspec.structs.replace(REPORT, targets=(long,)))
    assert "llm-doctor check --target \\\n" in page


def test_what_was_not_evaluated_is_counted_and_grouped_by_reason():
    page = render(REPORT)
    assert "Checks: 1 passed, 1 failed, 3 not evaluated (1 of them crashed)" in page
    assert "- Ollama does not say how many slots it has  [busy, slots]" in page
    assert "the check itself failed: ZeroDivisionError" in page


def test_the_worst_open_sign_comes_first():
    worse = msgspec.structs.replace(TINY, symptom="prompt-truncated", severity=Severity.CRITICAL)
    target = msgspec.structs.replace(TARGET, findings=(TINY, worse))
    page = render(msgspec.structs.replace(REPORT, targets=(target,)))
    assert page.index("[prompt-truncated]") < page.index("[window-tiny]")


def test_suspected_causes_are_called_so_with_the_signs_that_speak_for_them():
    page = render(REPORT)
    assert page.index("Suspected, not proven") < page.index("? The window was never set  [window-default]")
    assert "because of window-tiny" in page


def test_nothing_evaluated_is_never_called_well():
    page = render(NOTHING_FOUND)
    assert page.startswith("UNKNOWN  nothing could be evaluated")
    assert "looked at the usual ports" in page
    assert "healthy" not in page
    assert "nothing wrong" not in page


def test_all_well_says_how_many_checks_looked_and_how_many_could_not():
    well = msgspec.structs.replace(
        REPORT,
        state=State.OK,
        targets=(msgspec.structs.replace(TARGET, state=State.OK, findings=(), causes=()),),
        coverage=Coverage(passed=7, skipped=2, total=9),
    )
    assert render(well).startswith("OK  nothing wrong was found by 7 checks, 2 could not be evaluated\n")


def test_an_interrupted_run_without_findings_is_not_presented_as_complete():
    cut = msgspec.structs.replace(
        REPORT,
        state=State.UNKNOWN,
        targets=(
            msgspec.structs.replace(
                TARGET, findings=(), causes=(), reason="interrupted", checks=(check("a", Status.PASSED),)
            ),
        ),
        coverage=Coverage(passed=1, total=1),
    )
    page = render(cut)
    assert page.startswith("UNKNOWN  nothing wrong was found by 1 check; the examination is not complete")


def test_a_cause_without_a_remedy_says_so():
    bare = msgspec.structs.replace(TARGET, causes=(msgspec.structs.replace(CONFIRMED, remedies=()),))
    assert "No remedy is known for this runtime." in render(msgspec.structs.replace(REPORT, targets=(bare,)))


@pytest.mark.parametrize("width", [40, 80, 100])
def test_text_fits_the_page_whatever_a_server_says(width):
    page = render(hostile(), look=Look(width=width))
    assert [line for line in page.splitlines() if cell_len(line) > width and "llm-doctor check" not in line] == []


def test_a_model_name_cannot_break_out_of_a_command():
    step = Step(kind="run", command=("ollama", "stop", "x\nrm -rf ~; $(reboot) \x1b[2J"))
    remedy = msgspec.structs.replace(CONFIRMED.remedies[0], steps=(step,))
    target = msgspec.structs.replace(TARGET, causes=(msgspec.structs.replace(CONFIRMED, remedies=(remedy,)),))
    page = render(msgspec.structs.replace(REPORT, targets=(target,)))
    assert "ollama stop 'x rm -rf ~; $(reboot) '" in page


def test_no_control_sequence_of_a_server_reaches_the_terminal():
    page = render(hostile())
    assert HOSTILE not in page
    assert not [c for c in page if ord(c) < 32 and c != "\n"]
    assert not [c for c in page if 0x7F <= ord(c) <= 0x9F or c in "\u202e\u200b"]
    assert "[bold red]x[/bold red]" in page  # shown, not obeyed


def test_colour_is_added_only_when_asked_for():
    assert "\x1b[" not in render(REPORT)
    assert "\x1b[" in render(REPORT, look=Look(colour=True))


def test_colour_carries_no_meaning_of_its_own():
    import re

    coloured = render(REPORT, look=Look(colour=True))
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render(REPORT)


def test_ascii_is_enough_where_nothing_else_can_be_shown():
    assert render(hostile(), look=Look(ascii=True)).isascii()


def test_windows_commands_are_quoted_for_windows():
    remedy = msgspec.structs.replace(CONFIRMED.remedies[0], steps=CONFIRMED.remedies[0].steps[:2])
    target = msgspec.structs.replace(TARGET, causes=(msgspec.structs.replace(CONFIRMED, remedies=(remedy,)),))
    page = render(msgspec.structs.replace(REPORT, targets=(target,), host={"System": {"os": "windows"}}))
    assert "curl.exe -X POST http://127.0.0.1:11434/api/generate" in page
    assert '\'{\\"model\\": ' in page  # Windows PowerShell drops a double quote without a backslash before it


def test_the_depth_of_the_run_is_named():
    assert "at depth passive" in render(msgspec.structs.replace(REPORT, depth=Depth.PASSIVE))
