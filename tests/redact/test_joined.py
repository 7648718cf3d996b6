"""Lines joined as a person's eye joins them: two ways to the same text, one of them fast."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doctor.redact.redactor import BROKEN, _joined


@given(st.text(alphabet="aA1 \t\n\r\\=:+/._-xyzKEYé", max_size=60))
@settings(max_examples=1000)
def test_searching_for_the_break_finds_what_the_pattern_finds(text):
    assert _joined(text) == BROKEN.sub("", text)


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("sk-abc1 \\\r\n  def2", "sk-abc1def2"),
        ("sk-abc1\n\tdef2", "sk-abc1def2"),
        ("sk-abc1\nname = 3", "sk-abc1\nname = 3"),
        ("sk-abc1\n\n3", "sk-abc1\n3"),
        ("no break", "no break"),
    ],
)
def test_a_line_goes_on_with_what_is_no_beginning(text, joined):
    assert _joined(text) == joined
