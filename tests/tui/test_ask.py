"""The reader's own words on the screen: likely causes while they are typed, then real checks on a real engine."""

import contextlib

import pytest
from textual.widgets import Footer, Input, OptionList

from doctor.context import Target
from doctor.known import Pace
from doctor.model import Depth
from doctor.runner import RunPlan
from doctor.tui.open import made
from doctor.tui.screens.playbook import PlaybookScreen
from doctor.tui.session import Places
from doctor.tui.widgets.detail import Detail
from doctor.ward import engine as ward_engine
from doctor.ward.engine import Settings
from tests.tui import stories
from tests.tui.test_app import settled
from tests.tui.test_places import words, worked

FORGETS = "with several users at once it forgets the start of my text"
SELDOM = Pace(look_s=600.0, examine_s=600.0, soon_s=600.0)


@pytest.fixture(scope="module")
def shared_window():
    """A real llama.cpp server whose four slots share one window."""
    with ward_engine.serving(settings=Settings(slots=4)) as running:
        yield running.url


async def typed(app, pilot, text=FORGETS):
    await worked(app, pilot)
    app.screen.query_one("#complaint", Input).value = text
    await worked(app, pilot)


def lines(app):
    candidates = app.screen.query_one("#candidates", OptionList)
    return [str(candidates.get_option_at_index(i).prompt.text) for i in range(candidates.option_count)]


def keys(app):
    return {child.key for child in app.screen.query_one(Footer).query("FooterKey")}


async def test_likely_causes_appear_while_the_words_are_typed():
    app = stories.app(stories.sick(), first="ask")
    async with app.run_test(size=(80, 24)) as pilot:
        await worked(app, pilot)
        assert "Say in your own words" in words(app)
        await pilot.press(*"it forgets the beginning")
        await worked(app, pilot)
        assert any("window is too small" in line and 'you say "forgets"' in line for line in lines(app))
        assert "Enter runs only the checks that tell them apart, on Ollama at 127.0.0.1:11434" in words(app)
        await pilot.press("down")
        await settled(pilot)
        assert app.screen.query_one("#candidates", OptionList).has_focus
        await pilot.press("enter")
        await worked(app, pilot)
        assert app.screen.query_one(Detail).page.title in lines(app)[0]
        await pilot.press("escape")
        await worked(app, pilot)
        assert "Enter runs only" in words(app)
        await pilot.press("slash")
        assert app.screen.query_one("#complaint", Input).has_focus


async def test_without_a_server_the_candidates_are_named_and_why_nothing_was_asked():
    app = stories.app(stories.nothing(), first="ask")
    async with app.run_test(size=(80, 24)) as pilot:
        await typed(app, pilot)
        assert "No model server is known here" in words(app)
        await pilot.press("enter")
        await worked(app, pilot)
        assert "No model server was found, so nothing was looked for." in words(app)
        assert len(lines(app)) > 2
        await pilot.press("enter")
        await worked(app, pilot)
        assert app.screen.query_one(Detail).page.title in lines(app)[0]
        assert app.screen is app.rooms["ask"]


async def test_words_that_say_nothing_known_are_answered_with_the_way_on():
    app = stories.app(stories.sick(), first="ask")
    async with app.run_test(size=(80, 24)) as pilot:
        await typed(app, pilot, "qwertz")
        assert "None of the causes that are known here" in words(app)
        await pilot.press("enter")
        await worked(app, pilot)
        assert "None of the causes that are known here" in words(app)
        assert not app.session.occupied


async def test_the_asking_waits_for_the_run_under_way_and_can_be_called_off():
    app = stories.app(stories.under_way("decode-rate"), first="ask")
    async with app.run_test(size=(80, 24)) as pilot:
        await typed(app, pilot)
        await pilot.press("enter")
        await worked(app, pilot)
        assert "when the run under way has ended" in words(app)
        assert "x" in keys(app)
        await pilot.press("x")
        await worked(app, pilot)
        assert "Enter runs only" in words(app)
        assert not app.screen.questioning.state.running


async def test_a_digit_opens_a_screen_while_the_field_is_empty_and_is_typed_otherwise():
    app = stories.app(stories.sick(), first="ask")
    async with app.run_test(size=(80, 24)) as pilot:
        await worked(app, pilot)
        await pilot.press("1")
        await settled(pilot)
        assert app.screen is app.overview
        await pilot.press("6")
        await worked(app, pilot)
        await pilot.press(*"it takes 5 minutes")
        await worked(app, pilot)
        assert app.screen.query_one("#complaint", Input).value == "it takes 5 minutes"
        await pilot.press("escape", "2")
        await settled(pilot)
        assert app.screen is app.main


async def test_of_two_servers_o_chooses_which_is_asked():
    events = stories.sick()
    second = Target(url="http://127.0.0.1:8080")
    began = type(events[0])(targets=(*events[0].targets, second), checks=events[0].checks)
    app = stories.app([began, *events[1:]], first="ask")
    async with app.run_test(size=(80, 24)) as pilot:
        await typed(app, pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert "127.0.0.1:11434" in words(app)
        await pilot.press("o")
        await worked(app, pilot)
        assert "127.0.0.1:8080" in words(app)


@contextlib.asynccontextmanager
async def looked_at(url):
    """The ask screen after a run that only read, so that the asking is all that asks."""
    app = made(RunPlan(targets=(Target(url=url),), depth=Depth.PASSIVE), Places(), pace=SELDOM)
    app.first = "ask"
    async with app.run_test(size=(80, 24)) as pilot:
        while not app.session.progress.over:
            await pilot.pause(0.05)
        app.session.depth = Depth.QUICK
        yield app, pilot


@pytest.mark.ward
@pytest.mark.timeout(180)
async def test_the_cause_is_found_with_few_checks_and_opens_its_playbook(shared_window):
    async with looked_at(shared_window) as (app, pilot):
        await typed(app, pilot)
        await pilot.press("enter")
        await worked(app, pilot)
        state = app.screen.questioning.state
        verdicts = {one.id: one.verdict for one in state.likely}
        assert verdicts["drift-parallel-share"] == "confirmed"
        costs = [(one.depth != "passive", one.requests) for one in state.asked]
        assert 0 < len(costs) < app.session.report.coverage.total / 5
        assert costs[0] == min(costs)
        said = words(app)
        assert said.count("why: ") == len(costs)
        assert said.count("answer: ") == len(costs)
        number = list(verdicts).index("drift-parallel-share") + 1
        assert f"It is number {number}: enter opens its cure" in said
        assert app.screen.query_one("#candidates", OptionList).highlighted == number - 1
        await pilot.press("enter")
        await settled(pilot)
        assert isinstance(app.screen, PlaybookScreen)
        assert app.screen.cause.id == "drift-parallel-share"
        assert "a" in keys(app)
        await pilot.press("escape")
        await settled(pilot)
        assert app.screen is app.rooms["ask"]


@pytest.mark.ward
@pytest.mark.timeout(180)
async def test_x_ends_the_asking_and_keeps_what_was_found(shared_window):
    async with looked_at(shared_window) as (app, pilot):
        await typed(app, pilot, "it repeats the same sentence again and again")
        await pilot.press("enter")
        while not app.screen.questioning.state.asked:
            await pilot.pause(0.01)
        await pilot.press("x")
        await worked(app, pilot)
        state = app.screen.questioning.state
        assert not state.running
        assert "Stopped" in state.reason or any(one.verdict == "confirmed" for one in state.likely)
        assert state.asked
