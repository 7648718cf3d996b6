"""Chat templates of ours: what the runtimes look for in them."""

import re

from doctor.plan.templates import CHATML_END, CHATML_MARKER, GO, JINJA, text


def test_ollama_finds_the_tag_of_a_call_in_the_go_template():
    """`tools/template.go` looks for an `if` with .ToolCalls and takes the first text in it; a `range` is not enough."""
    inside = text(GO).partition("if .ToolCalls }}")[2]
    first = next(piece.strip() for piece in re.split(r"{{.*?}}", inside) if piece.strip())
    assert first.partition("{")[0].strip() == "<tool_call>"


def test_ollama_sees_that_the_go_template_takes_tools_and_their_results():
    """`server/images.go`: without both, the template in a model's file is preferred."""
    assert all(sign in text(GO) for sign in (".Tools", ".ToolCalls", 'eq .Role "tool"', ".System"))


def test_both_templates_write_the_markers_of_their_family():
    for name in (GO, JINJA):
        assert CHATML_MARKER in text(name)
        assert CHATML_END in text(name)
