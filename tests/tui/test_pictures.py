"""Pictures of measurements on given facts, and how they are drawn."""

import pytest

from doctor.text import mib
from doctor.tui.page import Bars, Compared, Marked, Matrix, Slice, Spot, Stacked, Strip
from doctor.tui.pictures import pictures
from doctor.tui.sparks import filled, sparkline
from doctor.tui.widgets.picture import lines_of
from tests.tui import machine

FACTS = machine.facts()
GIB = 1 << 30


def drawn(picture, width=70):
    return [str(getattr(line, "text", line)) for line in lines_of(picture, width)]


def only(checks, kind, facts=FACTS):
    return [block for block in pictures(checks, facts) if isinstance(block, kind)]


def test_speed_is_a_bar_against_what_is_possible():
    (bars,) = only(["decode-rate"], Bars)
    assert [(bar.label, bar.value) for bar in bars.bars] == [
        ("measured", 14.2),
        ("as placed", 18.0),
        ("possible", 61.0),
        ("slow below", 36.0),
    ]


def test_memory_that_spills_has_a_line_where_the_room_ends():
    (bar,) = only(["headroom"], Stacked)
    needed = sum(part.bytes for part in bar.slices)
    assert needed - bar.room_bytes == GIB
    lines = drawn(bar)
    cells = lines[0].replace("┃", "")
    assert lines[0].index("┃") == round(bar.room_bytes / needed * len(cells))
    assert mib(GIB) + " more" in lines[2]
    assert lines[2].startswith("✗")


def test_memory_that_fits_says_what_is_left():
    lines = drawn(Stacked(slices=(Slice(label="weights", bytes=GIB),), room_bytes=4 * GIB, where="GPU memory"))
    assert lines[0].endswith("┃")
    assert lines[2] == "✓ 1.0 GiB of 4.0 GiB GPU memory, 3.0 GiB left"
    assert "not known" in drawn(Stacked(slices=(Slice(label="weights", bytes=GIB),), where="RAM"))[2]


def test_the_canary_strip_shows_where_something_was_lost():
    (strip,) = only(["canary"], Strip)
    line = drawn(strip)[0]
    assert [sign for sign in line if sign in "✓✗"] == ["✗", "✗", "✓", "✓"]
    assert line.startswith("head")
    assert drawn(strip)[1] == "8000 words: 2 of 4 found"


def test_tokens_sent_and_read_are_compared():
    (bars,) = only(["prompt-accounting"], Bars)
    assert [bar.value for bar in bars.bars] == [11872, 4096, 4096]
    assert bars.caption == "7776 tokens never reached the model."


def test_tool_calls_are_a_matrix_of_signs():
    (matrix,) = only(["tool-call"], Matrix)
    assert [signs for _, signs in matrix.rows] == [
        ("✓", "✓", "✓", "✓", "✓"),
        ("✓", "✗", "·", "·", "·"),
        ("✓", "·", "·", "·", "·"),
        ("✓", "✓", "✓", "✗", "✗"),
    ]


def test_a_template_is_shown_beside_what_its_family_expects():
    (compared,) = only(["markers"], Compared)
    assert ("-", "<|im_end|>") in compared.lines
    assert (" ", "<|im_start|>") in compared.lines
    assert not [line for line in compared.lines if line[0] == "+" and "im_start" in line[1]]


def test_a_template_that_is_as_expected_needs_no_picture():
    right = {**FACTS["Rendered"], "user_only": "<|im_start|>user\nwalnutone<|im_end|>\n<|im_start|>assistant\n"}
    assert only(["markers"], Compared, {**FACTS, "Rendered": right}) == []


@pytest.mark.parametrize("facts", [{}, {name: {"skipped": "no"} for name in FACTS}, {name: {"x": 1} for name in FACTS}])
def test_facts_that_are_not_there_draw_nothing(facts):
    assert pictures(["decode-rate", "headroom", "canary", "prompt-accounting", "tool-call", "markers"], facts) == []


def test_a_check_without_a_picture_has_none():
    assert pictures(["reachable"], FACTS) == []


@pytest.mark.parametrize("width", [20, 34, 60, 150])
def test_no_picture_is_wider_than_its_room(width):
    for picture in pictures(["decode-rate", "headroom", "canary", "tool-call"], FACTS):
        if isinstance(picture, Stacked | Strip | Matrix) and width >= 34:
            assert all(len(line) <= max(width, 34) for line in drawn(picture, width)[:1])


def test_bars_are_as_long_as_their_values():
    lines = lines_of(Bars(bars=(Marked(label="a", value=10, says=""), Marked(label="b", value=5, says=""))), 80)
    long, short = (str(line.mark).count("━") for line in lines)
    assert short * 2 == pytest.approx(long, abs=1)


def test_a_spot_at_the_edge_stays_in_the_strip():
    line = drawn(Strip(label="x", spots=(Spot(depth=-1, found=True), Spot(depth=2, found=False))))[0]
    assert [sign for sign in line if sign in "✓✗"] == ["✓", "✗"]


def test_sparklines_and_bars():
    assert sparkline([0, 0.5, 1.0], 3, 1.0) == "▁▅█"
    assert sparkline([None, 2], 4) == "   █"
    assert sparkline([], 3) == "   "
    assert sparkline([0, 0], 2) == "▁▁"
    assert filled(0.001, 10) == "█" + "░" * 9
    assert filled(2.0, 3) == "███"
