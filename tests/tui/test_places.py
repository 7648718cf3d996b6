"""The screens beside the causes, driven by their keys on a stored run; files, history and model file are real."""

import datetime as dt

import msgspec
import pytest
from textual.widgets import Footer, Input, OptionList

from doctor.history import entries
from doctor.tui.places import PLACES
from doctor.tui.screens.playbook import PlaybookScreen
from doctor.tui.screens.report import WAITING
from doctor.tui.session import Places
from doctor.tui.widgets.action_box import ActionBox
from doctor.tui.widgets.detail import Detail
from doctor.tui.widgets.found_list import FoundList
from doctor.tui.widgets.paper import Paper
from doctor.tui.widgets.place_line import PlaceLink
from doctor.tui.widgets.slider import Slider
from doctor.tui.widgets.vitals import Vitals
from doctor.ward.engine import PATIENT
from tests.tui import machine, stories
from tests.tui.test_app import notices, settled

WIDE = (80, 24)


def page(app):
    return app.screen.query_one(Detail).page


def words(app):
    """All text of the page on the screen."""
    shown = page(app)
    return " ".join([shown.status, shown.title, *(str(getattr(block, "text", block)) for block in shown.blocks)])


async def worked(app, pilot):
    """Until the workers of the screen have ended, and those that they have started."""
    await settled(pilot)
    while ending := [worker for worker in app.workers if worker.group not in ("run", "live")]:
        await app.workers.wait_for_complete(ending)
        await settled(pilot)


def of_today(events, minute_s):
    """The story told now: an old report would be forgotten as soon as it is kept."""
    started = (dt.datetime.now(dt.UTC) + dt.timedelta(seconds=minute_s)).isoformat(timespec="seconds")
    return [*events[:-1], type(events[-1])(report=msgspec.structs.replace(events[-1].report, started=started))]


async def test_the_overview_lists_what_is_wrong_and_enter_opens_it():
    app = machine.watched()
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        found = app.screen.query_one(FoundList)
        assert [row.item for row in found.found] == [stories.WINDOW, stories.MEMORY, stories.PARSER, stories.LOOSE]
        await pilot.press("down", "enter")
        await settled(pilot)
        assert app.screen is app.rooms["causes"]
        assert page(app).title == stories.MEMORY.title


@pytest.mark.parametrize(
    ("story", "says"),
    [
        (stories.nothing, "No model server was found; 2 says what to do."),
        (stories.healthy, "Nothing is wrong as far as"),
    ],
)
async def test_the_overview_says_so_when_a_run_ends_with_nothing(story, says):
    app = stories.app(story(), first="overview")
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        assert says in app.screen.query_one(FoundList).says
        assert says.partition(";")[0] in app.export_screenshot().replace("&#160;", " ")


async def test_the_overview_shows_the_vital_signs_of_server_card_and_machine():
    app = machine.watched()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        shown = app.export_screenshot().replace("&#160;", " ")
        for text in (
            "14.0 tok/s",
            "3800 of 4096 tokens",
            "11.2 of 12.0 GiB: ollama 10.6 GiB",
            "97 %",
            "71 °C",
            "firefox 4.0 GiB",
        ):
            assert text in shown, text


async def test_a_large_overview_shows_the_chosen_cause_in_full():
    app = machine.watched()
    async with app.run_test(size=(200, 60)) as pilot:
        await settled(pilot)
        await pilot.press("down")
        await settled(pilot)
        assert page(app).title == stories.MEMORY.title


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
async def test_the_number_keys_open_the_screens(place):
    app = stories.app(stories.sick())
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        await pilot.press(place.key)
        await settled(pilot)
        assert app.screen is app.rooms[place.name]
        assert [link.place for link in app.screen.query(PlaceLink) if link.here] == [place]


async def test_the_screens_are_still_there_when_one_comes_back():
    app = stories.app(stories.under_way("decode-rate"), first="overview")
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        for key in "1234512345":
            await pilot.press(key)
            await settled(pilot)
        assert app.screen is app.rooms["report"]
        rooms = dict(app.rooms)
        await pilot.press("1")
        await settled(pilot)
        assert app.screen is rooms["overview"]
        assert app.screen.query_one(FoundList).found


async def test_a_click_on_the_line_of_screens_opens_one():
    app = stories.app(stories.sick())
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        link = next(link for link in app.screen.query(PlaceLink) if link.place.name == "history")
        await pilot.click(link)
        await settled(pilot)
        assert app.screen is app.rooms["history"]


async def test_f_opens_the_playbook_and_its_remedies_show_their_steps():
    app = stories.app(stories.sick())
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        await pilot.press("f")
        await settled(pilot)
        assert isinstance(app.screen, PlaybookScreen)
        assert page(app).title == stories.WINDOW.remedies[0].say
        await pilot.press("down")
        await settled(pilot)
        assert page(app).title == stories.WINDOW.remedies[1].say
        assert len(app.screen.query(ActionBox)) == 3
        await pilot.press("c")
        await settled(pilot)
        assert "OLLAMA_CONTEXT_LENGTH" in notices(app)[-1]
        await pilot.press("escape")
        await settled(pilot)
        assert app.screen is app.main


async def test_f_is_not_offered_on_a_line_that_is_no_cause():
    app = stories.app(stories.sick())
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        await pilot.press("down", "f")
        await settled(pilot)
        assert app.screen is app.main
        assert "f" not in {child.key for child in app.screen.query_one(Footer).query("FooterKey")}


async def test_going_to_another_screen_closes_the_playbook():
    app = stories.app(stories.sick())
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        await pilot.press("f")
        await settled(pilot)
        await pilot.press("4")
        await settled(pilot)
        assert app.screen is app.rooms["history"]
        await pilot.press("2")
        await settled(pilot)
        assert app.screen is app.main


async def test_the_sliders_redraw_the_memory_that_the_model_needs():
    app = stories.app(stories.sick(), first="fit")
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        app.screen.query_one("#path", Input).value = str(PATIENT)
        app.screen.query_one("#path", Input).focus()
        await pilot.press("enter")
        await worked(app, pilot)
        before = words(app)
        context = app.screen.query_one("#context", Slider)
        assert context.has_focus
        most = context.value
        await pilot.press("home")
        await worked(app, pilot)
        assert context.value == "512" != most
        assert words(app) != before
        assert "fits" in words(app)
        app.screen.query_one("#quant", Slider).focus()
        await pilot.press("end")
        await worked(app, pilot)
        smaller = words(app)
        await pilot.press("home")
        await worked(app, pilot)
        assert words(app) != smaller


async def test_a_slider_can_be_dragged_to_by_a_click():
    app = stories.app(stories.sick(), first="fit")
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        slots = app.screen.query_one("#slots", Slider)
        await pilot.click(slots, offset=(13 + 39, 0))
        assert slots.value == "32"


@pytest.mark.parametrize("name", ["/no/such/file.gguf", "nul\0.gguf", __file__])
async def test_a_file_that_is_no_model_is_one_sentence(name):
    app = stories.app(stories.sick(), first="fit")
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        app.screen._read(name)
        await worked(app, pilot)
        assert page(app).title == "This file cannot be used"


async def test_a_run_is_kept_and_compared_with_a_later_one(tmp_path):
    places = Places(history=tmp_path / "history")
    app = stories.app(of_today(stories.healthy(), 0), first="history", places=places)
    async with app.run_test(size=WIDE) as pilot:
        await worked(app, pilot)
        await pilot.press("k")
        await worked(app, pilot)
        assert len(entries(tmp_path / "history")) == 1
    app = stories.app(of_today(stories.sick(), 60), first="history", places=places)
    async with app.run_test(size=WIDE) as pilot:
        await worked(app, pilot)
        assert app.screen.query_one("#runs", OptionList).option_count == 2
        await pilot.press("m", "down")
        await worked(app, pilot)
        assert "ok → critical" in words(app)
        await pilot.press("up", "m")
        await worked(app, pilot)
        assert page(app).title.startswith("Run of")


async def test_an_empty_history_says_how_to_fill_it(tmp_path):
    app = stories.app(stories.under_way(), first="history", places=Places(history=tmp_path / "none"))
    async with app.run_test(size=WIDE) as pilot:
        await worked(app, pilot)
        assert "Nothing is kept yet" in words(app)
        await pilot.press("k")
        await worked(app, pilot)
        assert not (tmp_path / "none").exists()


async def test_a_broken_file_in_the_history_is_one_sentence(tmp_path):
    (tmp_path / "20260131T142501Z-ok-aaaaaa.json").write_text("{")
    app = stories.app(stories.sick(), first="history", places=Places(history=tmp_path))
    async with app.run_test(size=WIDE) as pilot:
        await worked(app, pilot)
        await pilot.press("down")
        await worked(app, pilot)
        assert page(app).title == "Cannot be read"


async def test_the_report_is_for_the_project_whose_server_it_is_and_redacted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app = stories.app(stories.sick(model="tower.brandt.org/qwen"), first="report")
    async with app.run_test(size=WIDE) as pilot:
        await worked(app, pilot)
        assert app.screen.project == "ollama"
        preview = app.screen.query_one(Paper).text
        assert "Bug report for Ollama" in preview
        assert "brandt" not in preview
        await pilot.press("c")
        await settled(pilot)
        assert notices(app)[-1].startswith("Copied")
        await pilot.press("s")
        await settled(pilot)
        await pilot.press("enter")
        await worked(app, pilot)
        assert (tmp_path / "ollama-report.md").read_text(encoding="utf-8").startswith("Bug report for Ollama")
        await pilot.press("down")
        await worked(app, pilot)
        assert app.screen.project != "ollama"
        assert "Bug report for Ollama" not in app.screen.query_one(Paper).text


async def test_the_report_is_read_with_the_keys():
    app = stories.app(stories.sick(), first="report")
    async with app.run_test(size=WIDE) as pilot:
        await worked(app, pilot)
        paper = app.screen.query_one(Paper)
        paper.focus()
        for key, moved in (("down", True), ("up", False), ("end", True), ("home", False), ("pagedown", True)):
            await pilot.press(key)
            await settled(pilot)
            assert (paper.scroll_offset.y > 0) is moved, key
        before = paper.text
        await pilot.press("y", "delete", "c")
        await settled(pilot)
        assert paper.text == before
        assert notices(app)[-1].startswith("Copied")


async def test_before_a_run_has_ended_the_report_says_so():
    app = stories.app(stories.sick()[:-1], first="report")
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        assert str(app.screen.query_one(Paper).placeholder) == WAITING


async def test_words_of_the_reader_go_into_the_report_redacted():
    app = stories.app(stories.sick(), first="report")
    async with app.run_test(size=WIDE) as pilot:
        await worked(app, pilot)
        words_ = app.screen.query_one("#words", Input)
        words_.focus()
        words_.value = "it forgot me, Authorization: Bearer Zk7Qm2Xv9Rt4"
        await pilot.press("enter")
        await worked(app, pilot)
        preview = app.screen.query_one(Paper).text
        assert "it forgot me" in preview
        assert "Zk7Qm2Xv9Rt4" not in preview


async def test_a_browser_that_only_reads_cannot_save_or_keep(tmp_path):
    app = stories.app(stories.sick(), places=Places(history=tmp_path / "history", read_only=True))
    async with app.run_test(size=WIDE) as pilot:
        await worked(app, pilot)
        for place, key in (("2", "s"), ("4", "k"), ("5", "s")):
            await pilot.press(place)
            await worked(app, pilot)
            await pilot.press(key)
            await worked(app, pilot)
            assert app.screen in app.rooms.values()
        assert not (tmp_path / "history").exists()


async def test_the_palette_finds_a_screen_by_name():
    app = stories.app(stories.sick())
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+p")
        await settled(pilot)
        await pilot.press(*"hist")
        await worked(app, pilot)
        await pilot.press("enter")
        await worked(app, pilot)
        assert app.screen is app.rooms["history"]


async def test_the_vitals_are_drawn_only_where_they_are_seen():
    app = machine.watched(first="causes")
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        assert app.rooms["overview"].is_mounted is False
        await pilot.press("1")
        await settled(pilot)
        assert app.screen.query_one(Vitals).session is app.session
