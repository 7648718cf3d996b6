"""Which project a bug report is for when nobody has said so."""

import pytest

from doctor.model import Cause, Report, Severity, State, TargetReport, Tool
from doctor.tui.drafting import likely

ILL = (Cause(id="speed-partial-offload", verdict="confirmed", severity=Severity.WARNING, title="Part runs on the CPU"),)


def reported(*targets: TargetReport) -> Report:
    return Report(
        tool=Tool(name="llm-doctor", version="1"), started="", seconds=1.0, state=State.UNKNOWN, targets=targets
    )


def silent(port: int) -> TargetReport:
    return TargetReport(url=f"http://127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("targets", "project"),
    [
        ((silent(8080),), "llama.cpp"),
        ((silent(5001),), "koboldcpp"),
        ((silent(4567),), "ollama"),
        ((), "ollama"),
        ((silent(4567), silent(8000)), "vllm"),
        ((silent(8080), TargetReport(url="http://127.0.0.1:9", runtime="sglang")), "sglang"),
        (
            (
                TargetReport(url="http://127.0.0.1:1", runtime="vllm"),
                TargetReport(url="http://127.0.0.1:2", runtime="lmstudio", causes=ILL),
            ),
            "lmstudio",
        ),
    ],
)
def test_the_project_is_that_of_the_ill_server_or_of_the_port(targets, project):
    assert likely(reported(*targets)) == project
