"""The app driven by its keys, on stored events; the clipboard and files are real."""

import asyncio
from pathlib import Path

import pytest
from textual.widgets import Footer, Input

from doctor.errors import PluginError
from doctor.events import RunEnded
from doctor.model import Cause, Depth
from doctor.tui.app import INTERRUPTED, DoctorApp
from doctor.tui.screens.causes import CausesScreen
from doctor.tui.screens.help import KEYS
from doctor.tui.widgets.action_box import ActionBox
from doctor.tui.widgets.detail import Detail
from doctor.tui.widgets.headline import Headline
from doctor.tui.widgets.outline_list import OutlineList
from tests.tui import stories

WIDE = (80, 24)
NARROW = (40, 24)


def outline(app):
    return app.main.query_one(OutlineList)


def title(app):
    return app.main.query_one(Detail).page.title


def headline(app):
    return str(app.main.query_one(Headline).visual)


def notices(app):
    return [f"{notice.title} {notice.message}".strip() for notice in app._notifications]


async def settled(pilot):
    """Until the stored events are told and drawn."""
    for _ in range(3):
        await pilot.pause()


async def test_the_first_cause_is_shown_without_a_key():
    app = stories.app(stories.sick())
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        assert title(app) == stories.WINDOW.title
        assert "CRITICAL" in headline(app)
        assert "13/13 checks, 14 s" in headline(app)


async def test_a_cause_confirmed_early_is_shown_while_the_run_goes_on():
    app = stories.app(stories.under_way("decode-rate"))
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        assert not app.session.progress.over
        assert title(app) == stories.WINDOW.title
        assert "now: decode rate" in headline(app)
        assert "9/13 checks" in headline(app)


async def test_the_line_that_the_reader_chose_stays_while_results_arrive():
    more = asyncio.Event()

    async def start(emit, stop):
        told = stories.under_way("canary")
        for event in told:
            emit(event)
        await more.wait()
        for event in stories.sick()[len(told) :]:
            emit(event)
        return stories.sick()[-1].report

    app = DoctorApp(start, clocks=stories.STILL, first="causes")
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        await pilot.press("home")
        assert outline(app).row.item is None
        more.set()
        await settled(pilot)
        assert app.session.progress.over
        assert outline(app).row.item is None


async def test_arrows_move_and_the_detail_follows():
    app = stories.app(stories.sick())
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        await pilot.press("down", "down")
        assert title(app) == "canary head lost"


async def test_n_and_p_go_round_the_causes_and_findings():
    app = stories.app(stories.sick())
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        await pilot.press("p")
        assert outline(app).row.item == stories.LOOSE
        await pilot.press("n")
        assert outline(app).row.item == stories.WINDOW


async def test_space_folds_a_cause_and_left_goes_to_it_from_its_finding():
    app = stories.app(stories.sick())
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        before = len(outline(app).lines_shown)
        await pilot.press("down", "left")
        assert outline(app).row.item == stories.WINDOW
        await pilot.press("space")
        await settled(pilot)
        assert len(outline(app).lines_shown) == before - 2
        assert outline(app).row.item == stories.WINDOW
        await pilot.press("right")
        await settled(pilot)
        assert len(outline(app).lines_shown) == before


async def test_c_copies_the_first_step_and_the_focused_one():
    app = stories.app(stories.sick())
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        await pilot.press("c")
        assert app.clipboard.startswith(f"curl -X POST {stories.URL}/api/generate")
        await pilot.press("enter", "tab", "tab", "tab", "c")
        assert app.focused.action.text == "ollama stop qwen3:4b"
        assert app.clipboard == "ollama stop qwen3:4b"
        await settled(pilot)
        assert "Copied ollama stop qwen3:4b" in notices(app)


async def test_enter_on_a_step_copies_it():
    app = stories.app(stories.sick())
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        await pilot.press("enter", "tab", "enter")
        await settled(pilot)
        assert isinstance(app.focused, ActionBox)
        assert app.clipboard == app.focused.action.text


async def test_a_page_without_steps_says_that_there_is_nothing_to_copy():
    app = stories.app(stories.healthy())
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        await pilot.press("c")
        assert app.clipboard == ""
        assert notices(app) == ["There is no step to copy on this page"]


async def test_escape_goes_back_to_the_outline():
    app = stories.app(stories.sick())
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        await pilot.press("enter")
        assert app.main.query_one(Detail).has_focus
        await pilot.press("escape")
        assert outline(app).has_focus


async def test_d_changes_the_depth_of_the_next_run_and_r_starts_it():
    depths = []

    async def start(emit, stop):
        depths.append(app.session.depth)
        return await stories.telling(stories.sick())(emit, stop)

    app = DoctorApp(start, clocks=stories.STILL, first="causes")
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        await pilot.press("d")
        await settled(pilot)
        assert "depth quick, next run deep" in headline(app)
        await pilot.press("r")
        await settled(pilot)
        assert depths == [Depth.QUICK, Depth.DEEP]
        assert "depth deep" in headline(app)
        assert title(app) == stories.WINDOW.title


async def test_x_stops_a_run_and_keeps_what_its_report_says():
    app = stories.app(stories.under_way())
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        await pilot.press("r")
        assert not app.session.progress.over
        await pilot.press("x")
        await settled(pilot)
        assert app.session.progress.over
        assert app.session.report is not None


async def test_s_writes_the_report_where_the_reader_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app = stories.app(stories.sick())
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        await pilot.press("s")
        assert app.screen.query_one(Input).value == "llm-doctor-report-20260131-142501.json"
        await pilot.press("enter")
        await app.workers.wait_for_complete()
        await settled(pilot)
        written = tmp_path / "llm-doctor-report-20260131-142501.json"
        assert written.is_file()
        assert str(written) in notices(app)[-1]


async def test_a_second_save_to_the_same_name_is_refused_in_words(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "llm-doctor-report-20260131-142501.json").write_text("kept")
    app = stories.app(stories.sick())
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        await pilot.press("s", "enter")
        await settled(pilot)
        assert any("exists already" in notice for notice in notices(app))


async def test_escape_leaves_the_save_question_without_writing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app = stories.app(stories.sick())
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        await pilot.press("s", "escape")
        await settled(pilot)
        assert app.screen is app.main
        assert list(tmp_path.iterdir()) == []


async def test_nothing_can_be_saved_before_a_run_has_ended():
    app = stories.app(stories.under_way())
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        await pilot.press("s")
        assert app.screen is app.main


async def test_help_opens_and_closes():
    app = stories.app(stories.sick())
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        await pilot.press("question_mark")
        assert app.screen is not app.main
        await pilot.press("escape")
        assert app.screen is app.main


@pytest.mark.parametrize(("key", "report"), [("q", True), ("ctrl+c", True), ("ctrl+q", True)])
async def test_quitting_gives_back_the_last_report(key, report):
    app = stories.app(stories.sick())
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        await pilot.press(key)
    assert (app.return_value is not None) is report
    assert app.return_code == 0


async def test_ctrl_c_during_a_run_counts_as_interrupted_and_stops_it():
    app = stories.app(stories.under_way())
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+c")
    assert app.return_code == INTERRUPTED
    assert app.return_value is None
    assert app.stop_signal.is_set()


async def test_a_run_that_cannot_start_says_why_and_can_be_repeated():
    runs = []

    async def start(emit, stop):
        runs.append(1)
        if len(runs) == 1:
            raise PluginError("check mine.py has no `async def check(context)`")
        return await stories.telling(stories.sick())(emit, stop)

    app = DoctorApp(start, clocks=stories.STILL, first="causes")
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        assert title(app) == "The run could not start"
        assert "mine.py" in app.main.query_one(Detail).page.blocks[0].text
        await pilot.press("r")
        await settled(pilot)
        assert title(app) == stories.WINDOW.title


async def test_on_a_narrow_screen_outline_and_detail_take_turns():
    app = stories.app(stories.sick())
    async with app.run_test(size=NARROW) as pilot:
        await settled(pilot)
        assert not app.main.query_one(Detail).display
        await pilot.press("enter")
        await settled(pilot)
        assert app.main.query_one(Detail).display
        assert not outline(app).display
        await pilot.press("escape")
        await settled(pilot)
        assert outline(app).display
        assert outline(app).has_focus


async def test_all_keys_of_the_footer_fit_into_forty_columns():
    app = stories.app(stories.sick())
    async with app.run_test(size=NARROW) as pilot:
        for key in ("f12", "enter"):
            await settled(pilot)
            await pilot.press(key)
            await settled(pilot)
            assert all(child.region.right <= NARROW[0] + 1 for child in app.main.query_one(Footer).children)


async def test_a_window_that_becomes_wide_again_shows_both_sides():
    app = stories.app(stories.sick())
    async with app.run_test(size=NARROW) as pilot:
        await settled(pilot)
        await pilot.press("enter")
        await pilot.resize_terminal(100, 30)
        await settled(pilot)
        assert outline(app).display
        assert app.main.query_one(Detail).display


async def test_a_window_that_is_too_small_says_so_and_can_be_quit():
    app = stories.app(stories.sick())
    async with app.run_test(size=(20, 5)) as pilot:
        await settled(pilot)
        assert app.main.query_one("#too-small").display
        assert not app.main.query_one("#body").display
        await pilot.press("q")
    assert app.return_value is not None


async def test_t_switches_between_light_and_dark():
    app = stories.app(stories.sick())
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        await pilot.press("t")
        assert app.theme == "textual-light"
        await pilot.press("t")
        assert app.theme == "textual-dark"


async def test_no_server_leads_to_what_to_do():
    app = stories.app(stories.nothing())
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        assert title(app) == "No model server was found"
        await pilot.press("c")
        assert app.clipboard == "ollama serve"


async def test_several_servers_are_all_in_headline_and_outline():
    first, second = stories.sick(), stories.sick("http://127.0.0.1:8080", "other")
    both = type(first[0])(targets=first[0].targets + second[0].targets, checks=first[0].checks)
    ended = stories.report_of(first[-2].report, second[-2].report)
    app = stories.app([both, *first[1:-1], *second[1:-1], RunEnded(report=ended)])
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        assert "127.0.0.1:11434" in headline(app)
        assert "127.0.0.1:8080" in headline(app)
        assert sum(isinstance(row.item, Cause) for row in outline(app).lines_shown) == 6
        assert "26/26" in headline(app)


def test_every_key_of_the_footer_is_explained_on_the_help_page_and_in_the_docs():
    explained = {word for keys, _ in KEYS for word in keys.split()}
    bound = {binding.key_display or binding.key for binding in CausesScreen.BINDINGS} - {"escape", "?"}
    assert bound <= explained
    page = Path(__file__).parents[2].joinpath("docs", "tui.md").read_text(encoding="utf-8")
    assert all(f"`{key}`" in page for key in bound)


async def test_no_line_of_a_wrapped_title_is_lost_beside_the_scroll_bar():
    app = stories.app(stories.sick())
    async with app.run_test(size=WIDE) as pilot:
        await settled(pilot)
        drawn = app.export_screenshot().replace("&#160;", " ")
        assert ">calls<" in drawn
