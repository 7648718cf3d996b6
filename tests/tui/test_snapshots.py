"""The screen as it is drawn, compared with stored pictures, on stored events."""

from importlib.metadata import version

import pytest

from tests.tui import stories
from tests.tui.test_app import settled

# Another release of Textual draws borders, scroll bars and shades differently; the pictures are of this one.
DRAWN_WITH = "8.2."
pytestmark = pytest.mark.skipif(
    not version("textual").startswith(DRAWN_WITH), reason=f"the pictures were drawn with Textual {DRAWN_WITH}x"
)

SIZES = [(80, 24), (120, 40), (40, 24)]
STORIES = {
    "sick": stories.sick,
    "healthy": stories.healthy,
    "nothing": stories.nothing,
    "under_way": lambda: stories.under_way("decode-rate"),
}


def pressing(*keys):
    async def run_before(pilot):
        await settled(pilot)
        await pilot.press(*keys)
        await settled(pilot)

    return run_before


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("story", STORIES)
def test_overview(snap_compare, story, size):
    assert snap_compare(stories.app(STORIES[story]()), terminal_size=size, run_before=settled)


@pytest.mark.parametrize(
    "keys",
    [("enter",), ("enter", "tab", "tab"), ("down", "down"), ("question_mark",), ("s",), ("t",)],
    ids=["detail", "step", "finding", "help", "save", "light"],
)
@pytest.mark.parametrize("size", [(80, 24), (40, 24)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_after_keys(snap_compare, keys, size):
    assert snap_compare(stories.app(stories.sick()), terminal_size=size, run_before=pressing(*keys))


def test_too_small(snap_compare):
    assert snap_compare(stories.app(stories.sick()), terminal_size=(20, 5), run_before=settled)
