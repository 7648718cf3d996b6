"""Hostile names, answers, playbooks and checks on every line and page, on stored events full of them."""

import html
import re
import unicodedata

import msgspec
import pytest

from doctor.check import Check
from doctor.events import RunBegan, RunEnded, TargetEnded
from doctor.model import Category, CheckReport, Depth, Remedy, Severity, Status, Step, Symptom
from doctor.playbooks import Playbook
from doctor.tui.library import library
from doctor.tui.widgets.detail import Detail
from doctor.tui.widgets.headline import Headline
from doctor.tui.widgets.outline_list import OutlineList
from tests.tui import stories
from tests.tui.test_app import settled

HOSTILE = {
    "closing-markup": "a[/x]b[/]c",
    "click": '[@click=app.quit]press[/] [@click="app.leave"]me[/@click]',
    "open-markup": "[bold [[red] \\[ [link=file:///etc/passwd]x",
    "escape": "\x1b[31mred\x1b[0m\x1b]0;title\x07\x1b]52;c;ZXZpbA==\x07\x1bP1$r\x1b\\",
    "c1": "\x9b31m\x90x\x9c\x85\x8d",
    "controls": "a\x00b\x07c\x08d\re\x0bf\x7f",
    "bidi": "a\u202eb\u2066c\u200bd\ufeffe\u2028f",
    "long": "x" * 10_000,
    "lines": "one\ntwo\n\n\nthree\t\ttab",
    "wide": "漢字" * 200 + "e\u0301" * 20,
    "shell": "; rm -rf ~ $(x) `y` --flag ../../",
    "surrogate": "a\ud800b",
    "empty": "",
}


def filled(value, text):
    """The same value with every free text in it replaced."""
    if isinstance(value, msgspec.Struct):
        kept = {"url", "id", "symptom", "explained_by", "verdict", "kind", "started", "schema_version"}
        fields = {name: getattr(value, name) for name in value.__struct_fields__ if name not in kept}
        return msgspec.structs.replace(value, **{name: filled(field, text) for name, field in fields.items()})
    if type(value) is str:
        return text
    if isinstance(value, tuple):
        return tuple(filled(item, text) for item in value)
    if isinstance(value, dict):
        return {key: filled(item, text) for key, item in value.items()}
    return value


def hostile_events(text):
    events = stories.sick()
    report = filled(events[-2].report, text)
    looked = (*report.checks, CheckReport(id=text, category=Category.RAG, status=Status.CRASHED, reason=text))
    report = msgspec.structs.replace(report, checks=looked, ruled_out=(text, "known"), runtime=text)
    whole = msgspec.structs.replace(stories.report_of(report), reason=text)
    return [*stories.under_way("canary"), TargetEnded(report=report), RunEnded(report=whole)]


def hostile_library(text):
    async def run(_):
        raise AssertionError

    symptoms = tuple(Symptom(id=finding.symptom, title=text) for finding in stories.FINDINGS.values())
    checks = [
        Check(
            id=id_,
            category=Category.RAG,
            title=text,
            doc=f"{text}\n\n{text}",
            depth=Depth.QUICK,
            symptoms=symptoms,
            run=run,
            path=stories.__file__,
        )
        for id_ in (*stories.CHECKS, text)
    ]
    remedy = Remedy(say=text, steps=(Step(kind="by-hand", text=text),))
    books = [
        Playbook(
            id=id_,
            category=Category.RAG,
            title=text,
            severity=Severity.NOTE,
            body=f"# {text}\n\n- {text}\n\n{text}",
            verify=(text,),
            remedies=(remedy,),
        )
        for id_ in ("context-too-small", "known", text)
    ]
    return library(checks, books)


def drawn(app):
    """What is on the screen now."""
    return html.unescape(re.sub(r"<style.*?</style>|<[^>]*>", "", app.export_screenshot(), flags=re.DOTALL))


def clickable(app):
    """What a click somewhere on the screen would do besides what the widgets do themselves."""
    width, height = app.size
    metas = [app.screen.get_style_at(x, y).meta for y in range(height) for x in range(0, width, 9)]
    return [meta["@click"] for meta in metas if "@click" in meta]


def harmless(text):
    return not [c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c not in "\n\t"]


async def every_line(pilot, app):
    """Unfold everything and go through all lines from top to bottom."""
    outline = app.main.query_one(OutlineList)
    outline.action_first()
    while True:
        if outline.row.folded:
            outline.action_flip()
            await pilot.pause()
        yield outline.row
        if outline.highlighted == len(outline.lines_shown) - 1:
            return
        outline.action_cursor_down()
        await pilot.pause()


# A visit to every line takes seconds; texts that do not disturb each other are visited together.
TOGETHER = {
    "markup": ("closing-markup", "click", "open-markup", "shell"),
    "controls": ("escape", "controls", "bidi", "surrogate", "c1"),
    "shapes": ("lines", "wide", "long"),
    "empty": ("empty",),
}


@pytest.mark.parametrize("names", TOGETHER.values(), ids=TOGETHER.keys())
async def test_every_line_and_page_takes_hostile_text_as_text(names):
    text = " ".join(HOSTILE[name] for name in names)
    app = stories.app(hostile_events(text), read_library=lambda: hostile_library(text))
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await app.workers.wait_for_complete()
        detail = app.main.query_one(Detail)
        pages = []
        async for _ in every_line(pilot, app):
            pages.append(detail.page)
            assert harmless(detail.to_copy)
            assert clickable(app) == []
        await pilot.press("c")
        assert harmless(drawn(app))
        assert len(pages) > 20
        assert app.is_running


async def test_a_narrow_screen_takes_hostile_text_as_text():
    text = " ".join(value[:200] for value in HOSTILE.values())
    app = stories.app(hostile_events(text), read_library=lambda: hostile_library(text))
    async with app.run_test(size=(40, 24)) as pilot:
        await settled(pilot)
        await pilot.press("enter", "tab", "enter", "end", "escape", "end")
        assert harmless(drawn(app))
        assert clickable(app) == []
        assert app.is_running


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
async def test_the_headline_takes_hostile_text_as_text(text):
    target = msgspec.structs.replace(stories.sick()[0].targets[0], model=text, origin=text)
    app = stories.app([RunBegan(targets=(target,), checks=(text, "swap")), *stories.under_way("swap")[2:]])
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        lines = str(app.main.query_one(Headline).visual).splitlines()
        assert len(lines) == 3
        assert harmless("".join(lines))


async def test_fifty_thousand_findings_do_not_hold_the_screen_up():
    ended = stories.sick()[-2].report
    many = msgspec.structs.replace(ended, findings=(stories.LOOSE,) * 50_000, causes=())
    app = stories.app([TargetEnded(report=many), RunEnded(report=stories.report_of(many))])
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("end")
        assert len(app.main.query_one(OutlineList).lines_shown) < 250
