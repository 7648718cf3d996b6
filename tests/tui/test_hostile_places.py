"""Hostile text on the screens beside the causes: vital signs, pictures, history, report, fit, playbook, notices."""

import msgspec
import pytest
from textual.content import Content
from textual.widgets import Input, OptionList

from doctor.errors import UsageError
from doctor.history import add
from doctor.tui.messages import ChangeSeen, CopyAsked, LookTaken
from doctor.tui.page import Bars, Compared, Marked, Matrix, Page, Slice, Spot, Stacked, Strip
from doctor.tui.screens.playbook import PlaybookScreen
from doctor.tui.session import Places
from doctor.tui.widgets.detail import Detail
from doctor.tui.widgets.slider import Slider
from doctor.vitals import Loaded, Look
from tests.tui import machine, stories, treatments
from tests.tui.test_app import settled
from tests.tui.test_hostile import HOSTILE, clickable, drawn, filled, harmless, hostile_events, hostile_library
from tests.tui.test_places import worked

TOGETHER = " ".join(text[:200] for text in HOSTILE.values())


def hostile_look(text, at_s=20.0):
    last = machine.looks()[-1]
    gpu = msgspec.structs.replace(filled(last.machine.gpus[0], text), source="NVML", throttle=(text,))
    holders = filled(last.machine.holders, text)
    (pulse,) = last.servers.values()
    pulse = msgspec.structs.replace(pulse, loaded=(Loaded(name=text, gpu_share=0.5),), at_s=at_s)
    silent = msgspec.structs.replace(pulse, answers=False, why_silent=text)
    looked = msgspec.structs.replace(last.machine, gpus=(gpu,), holders=holders, at_s=at_s)
    return [Look(machine=looked, servers={stories.URL: one}) for one in (pulse, silent)]


def hostile(text, **settings):
    return stories.app(hostile_events(text), read_library=lambda: hostile_library(text), **settings)


def safe(app):
    return harmless(drawn(app)) and clickable(app) == [] and app.is_running


async def test_the_overview_takes_hostile_text_as_text():
    app = hostile(TOGETHER, first="overview")
    async with app.run_test(size=(160, 50)) as pilot:
        await worked(app, pilot)
        assert safe(app)
        for text in HOSTILE.values():
            for look in hostile_look(text):
                app.post_message(LookTaken(look))
            app.post_message(ChangeSeen(text))
            await settled(pilot)
            assert safe(app)


@pytest.mark.parametrize("text", [TOGETHER, HOSTILE["long"], HOSTILE["lines"]], ids=["together", "long", "lines"])
async def test_history_report_and_playbook_take_hostile_text_as_text(text, tmp_path):
    report = msgspec.structs.replace(hostile_events(text)[-1].report, started="2099-01-31T14:25:01+00:00")
    add(
        msgspec.structs.replace(report, targets=filled(report.targets, text.encode("utf-8", "replace").decode())),
        tmp_path,
    )
    app = hostile(text, first="history", places=Places(history=tmp_path))
    async with app.run_test(size=(100, 30)) as pilot:
        await worked(app, pilot)
        assert safe(app)
        await pilot.press("down", "m", "up")
        await worked(app, pilot)
        assert safe(app)
        await pilot.press("5")
        await worked(app, pilot)
        assert safe(app)
        await pilot.press("2", "home", "down", "f")
        await worked(app, pilot)
        assert isinstance(app.screen, PlaybookScreen)
        assert safe(app)
        remedies = app.screen.query_one("#remedies", OptionList)
        assert remedies.option_count == len(stories.WINDOW.remedies)


@pytest.mark.parametrize("text", [TOGETHER, HOSTILE["long"], HOSTILE["lines"]], ids=["together", "long", "lines"])
async def test_the_treatment_takes_hostile_text_as_text(text):
    app = stories.app(stories.sick())
    async with app.run_test(size=(100, 60)) as pilot:
        await worked(app, pilot)
        screen = await treatments.shown(app, pilot, treatments.AT_FIRST)
        for name, moment in treatments.MOMENTS.items():
            state = filled(moment, text)
            numbers = filled(treatments.NUMBERS, text)
            if moment.judgement:
                judgement = msgspec.structs.replace(moment.judgement, because=text, numbers=numbers)
                state = msgspec.structs.replace(state, judgement=judgement)
            treatments.at(screen, msgspec.structs.replace(state, stage=moment.stage))
            await settled(pilot)
            assert safe(app), name


@pytest.mark.parametrize("text", [TOGETHER, HOSTILE["long"], HOSTILE["lines"]], ids=["together", "long", "lines"])
async def test_the_asking_takes_hostile_text_as_text(text):
    app = stories.app(stories.sick(), first="ask")
    async with app.run_test(size=(100, 60)) as pilot:
        await worked(app, pilot)
        app.screen.query_one("#complaint", Input).value = text
        await worked(app, pilot)
        assert safe(app)
        for name, moment in treatments.INQUIRIES.items():
            likely = tuple(msgspec.structs.replace(one, title=text, because=(text,)) for one in moment.likely)
            asked = tuple(
                msgspec.structs.replace(one, title=text, reason=text, found=(text,), settles=(text,))
                for one in moment.asked
            )
            given = msgspec.structs.replace(moment, likely=likely, asked=asked, reason=text)
            treatments.inquired(app, given)
            await settled(pilot)
            assert safe(app), name
        await pilot.press("down", "enter")
        await worked(app, pilot)
        assert safe(app)
        treatments.inquired(app, msgspec.structs.replace(treatments.INQUIRIES["empty"], trouble=text))
        await settled(pilot)
        assert safe(app)


def pictures_of(text):
    return (
        Bars(bars=(Marked(label=text, value=1, says=text),), caption=text),
        Stacked(slices=(Slice(label=text, bytes=5),), room_bytes=3, where=text),
        Strip(label=text, spots=(Spot(depth=0.5, found=True),)),
        Matrix(columns=("called",), rows=((text, ("✓",)),), legend=text),
        Compared(first=text, second=text, lines=(("-", text), ("+", text))),
    )


async def test_every_picture_takes_hostile_text_as_text():
    app = stories.app(stories.sick())
    async with app.run_test(size=(100, 60)) as pilot:
        await settled(pilot)
        for name, text in HOSTILE.items():
            page = Page(sign="", tone="", status="", title=name, blocks=pictures_of(text))
            await app.main.query_one(Detail).tell(page)
            await settled(pilot)
            assert safe(app)


async def test_a_path_and_a_copied_text_are_text():
    app = stories.app(stories.sick(), first="fit")
    async with app.run_test(size=(100, 30)) as pilot:
        await worked(app, pilot)
        for text in HOSTILE.values():
            app.screen._read(text)
            app.post_message(CopyAsked(text))
            await worked(app, pilot)
            assert safe(app)


async def test_a_trouble_is_text():
    async def start(emit, stop):
        raise UsageError(TOGETHER)

    app = stories.app(stories.sick(), first="overview")
    app.start = start
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        assert safe(app)


def test_a_slider_shows_its_values_as_text():
    slider = Slider("[b]label", ("[@click=app.quit]x[/]",), "", id="x")
    slider._size = slider.size
    assert isinstance(slider.render(), Content)
    assert "[@click=app.quit]x[/]" in str(slider.render())
