"""The light page shows what the page of the layout library shows, in less time."""

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.report import Look
from doctor.report.light_page import LightPage, cells
from doctor.report.page import Page

WORDS = st.lists(
    st.text("abcdefgh-.0123/…±×模型é", min_size=1, max_size=30),
    min_size=1,
    max_size=20,
).map(" ".join)
SGR = re.compile(r"\x1b\[[\d;]*m")


def shown(kind, look, text, tail="", marker=""):
    page = kind(look)
    page.add(text, "bold", indent=2, marker=marker, tail=tail)
    page.gap()
    page.exact([text], indent=1)
    return page.text()


@given(WORDS, st.sampled_from(["", "tail of it", "llama, 32 layers"]), st.integers(20, 100), st.booleans())
def test_both_pages_show_the_same_lines(text, tail, width, ascii_only):
    look = Look(width=width, ascii=ascii_only)
    ours, theirs = shown(LightPage, look, text, tail, "- "), shown(Page, look, text, tail, "- ")
    assert [line.rstrip() for line in ours.splitlines()] == [line.rstrip() for line in theirs.splitlines()]


@pytest.mark.parametrize("width", [24, 40, 80])
def test_no_line_is_wider_than_the_page_and_no_word_is_lost(width):
    text = "模型 " * 30 + "x" * 90 + " end"
    page = LightPage(Look(width=width))
    page.add(text, indent=3, marker="* ")
    lines = page.text().splitlines()
    assert max(map(cells, lines)) <= width
    assert "".join("".join(lines).split()) == "*" + "".join(text.split())


def test_colour_is_added_to_the_same_text():
    plain, coloured = (
        shown(LightPage, Look(width=40, colour=colour), "a long text " * 6, "tail") for colour in (False, True)
    )
    assert SGR.sub("", coloured) == plain
    assert "\x1b[1m" in coloured
    assert "\x1b[2mtail\x1b[0m" in coloured


def test_what_a_file_is_called_cannot_break_the_page():
    page = LightPage(Look(width=80))
    page.add("name\nwith \x1b[31mred\x1b[0m and \x9b5m", tail="end")
    page.exact(["two\nlines"])
    assert page.text() == "name with red and   end\ntwo lines\n"


def test_the_layout_library_is_not_loaded_for_a_fit():
    code = "import sys, doctor.report.fit_text; sys.exit(any(name.startswith('rich') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
