"""A page that changes while it is read: what is the same stays, what is new stands where it belongs."""

import pytest
from textual.app import App

from doctor.tui.page import Heading, Page, Paragraph
from doctor.tui.widgets.detail import Detail, alike


class Reader(App):
    def compose(self):
        yield Detail()


def page(*words, status="CRITICAL"):
    blocks = tuple(Paragraph(text=word) for word in words)
    return Page(sign="!", tone="bad", status=status, title="Cut", blocks=(Heading(text="Proof"), *blocks))


def said(detail):
    return [str(widget.visual.text if hasattr(widget.visual, "text") else widget.visual) for widget in detail.children]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("ab", "abc"),
        ("ab", "xab"),
        ("abc", "axc"),
        ("abc", "ac"),
        ("abc", ""),
        ("", "abc"),
        ("aab", "ab"),
        ("ab", "aab"),
        ("abc", "cba"),
        ("abab", "ab"),
    ],
)
async def test_a_changed_page_reads_as_a_new_one(before, after):
    changed, fresh = Reader(), Reader()
    async with changed.run_test(), fresh.run_test():
        detail, other = changed.query_one(Detail), fresh.query_one(Detail)
        await detail.tell(page(*before))
        await detail.tell(page(*after))
        await other.tell(page(*after))
        assert said(detail) == said(other)
        assert [widget.classes for widget in detail.children] == [widget.classes for widget in other.children]
        assert said(detail)[3:] == list(after)


async def test_what_is_the_same_is_not_drawn_anew():
    app = Reader()
    async with app.run_test():
        detail = app.query_one(Detail)
        await detail.tell(page("a", "b", "c"))
        before = list(detail.children)
        await detail.tell(page("a", "new", "b", "c"))
        after = list(detail.children)
        assert (after[:4], after[-2:]) == (before[:4], before[-2:])
        await detail.tell(page("a", "new", "b", "c", status="WARNING"))
        assert list(detail.children)[1:] == after[1:]
        assert next(iter(detail.children)) is not after[0]


async def test_a_page_that_is_told_before_the_widget_is_there_is_drawn_with_it():
    app = App()
    async with app.run_test():
        detail = Detail()
        await detail.tell(page("a"))
        await app.mount(detail)
        assert said(detail)[-1] == "a"


def test_parts_that_lists_begin_with_alike():
    assert [alike("abc", other) for other in ("abc", "abx", "x", "", "abcd")] == [3, 2, 0, 0, 3]
