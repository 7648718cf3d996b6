"""`llm-doctor --plain`: the view as lines, on stored events and as a process on no server at all."""

import asyncio
import sys

from doctor.cli.main import outcome
from doctor.cli.plain import Teller
from tests.tui import stories
from tests.tui.test_hostile import HOSTILE, harmless, hostile_events


def told(events):
    teller = Teller()
    return [line for event in events for line in teller.lines(event)]


def test_every_cause_is_said_once_when_it_is_proven_and_before_the_end():
    lines = told(stories.sick())
    assert lines[0] == "Found 1 server."
    assert "ollama 0.12.3, model qwen3:4b" in lines[1]
    assert [line for line in lines if stories.WINDOW.title in line] == [
        f"Cause confirmed, critical: {stories.WINDOW.title}"
    ]
    assert lines.index(f"Cause confirmed, critical: {stories.WINDOW.title}") < len(lines) - 1
    assert any(line.startswith("Finding, warning: 71 % of the model") for line in lines)
    assert "10 of 13 checks done." in lines


def test_hostile_text_stays_one_harmless_line():
    for text in HOSTILE.values():
        for line in told(hostile_events(text)):
            assert harmless(line)
            assert "\n" not in line


async def test_as_a_process_it_ends_with_the_report_and_its_code():
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "doctor", "--plain", "--target", "http://127.0.0.1:9", stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    text = output.decode()
    assert process.returncode == 2
    assert "\x1b" not in text
    assert "Cause confirmed, critical: No model server is running at this address" in text
    assert text.index("Cause confirmed") < text.index("\nReport\n")


def test_it_goes_with_no_command(capsys):
    assert outcome(["--plain", "list", "checks"]) == 3
    assert "no command" in capsys.readouterr().err
