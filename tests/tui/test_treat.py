"""A remedy carried out on the screen: a real engine made ill by its command line, its real process and journal."""

import asyncio
import contextlib
import sys
from pathlib import Path

import psutil
import pytest
from textual.widgets import Footer, Static

from doctor.context import Target
from doctor.errors import TreatError
from doctor.http import Client
from doctor.known import Pace
from doctor.model import Cause, Depth
from doctor.runner import RunPlan
from doctor.treat import server
from doctor.treat.acts import Began
from doctor.treat.journal import begun, course, courses, folders, records, root
from doctor.treat.verdict import Outcome
from doctor.tui.applying import READ_ONLY
from doctor.tui.messages import ApplyAsked
from doctor.tui.open import made
from doctor.tui.screens.playbook import PlaybookScreen
from doctor.tui.screens.treat import TreatScreen
from doctor.tui.session import Places
from doctor.tui.treating import Stage
from doctor.tui.widgets.detail import Detail
from doctor.tui.widgets.outline_list import OutlineList
from doctor.ward import engine as ward_engine
from doctor.ward.engine import Settings
from tests.tui.test_app import notices, settled
from tests.tui.test_places import words

pytestmark = [
    pytest.mark.ward,
    pytest.mark.timeout(180),
    pytest.mark.skipif(sys.platform == "win32", reason="processes are restarted"),
]
CAUSE = "drift-parallel-share"
HOUSE = Path(__file__).resolve().parents[1] / "data" / "house"
SELDOM = Pace(look_s=600.0, examine_s=600.0, soon_s=600.0)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Places for journals and templates of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path


@pytest.fixture
def sick(home):
    """A server whose four slots cut its window into quarters."""
    with ward_engine.serving(settings=Settings(slots=4)) as running:
        yield running


def face(running, depth=Depth.PASSIVE, plugins=(), **places):
    plan = RunPlan(targets=(Target(url=running.url),), depth=depth, plugins=plugins)
    app = made(plan, Places(**places), pace=SELDOM)
    app.first = "causes"
    return app


async def until(pilot, wanted):
    """The loop goes on until it is so; the test's timeout ends it otherwise."""
    while not wanted():
        await pilot.pause(0.05)
    await settled(pilot)


async def opened(app, pilot, cause=CAUSE):
    """The playbook of the cause, after a run."""
    await until(pilot, lambda: app.session.progress.over)
    outline = app.main.query_one(OutlineList)
    key = next(row.key for row in outline.lines_shown if isinstance(row.item, Cause) and row.item.id == cause)
    app.main.show_line(key)
    await settled(pilot)
    await pilot.press("f")
    await settled(pilot)
    assert isinstance(app.screen, PlaybookScreen)


async def asked(app, pilot):
    """The treat screen, when it asks about the first step."""
    await opened(app, pilot)
    await pilot.press("a")
    await settled(pilot)
    screen = app.screen
    assert isinstance(screen, TreatScreen)
    await until(pilot, lambda: screen.treating.state.stage is Stage.ASKING)
    return screen


def command(running) -> tuple[str, ...]:
    """The command line of whatever serves there now."""
    from doctor.collect.process import read_server_process

    return read_server_process(int(running.url.rpartition(":")[2]), "llama.cpp").command


async def window(running) -> int:
    async with Client(running.url) as client:
        return (await client.get("/props")).json()["default_generation_settings"]["n_ctx"]


def bar(app):
    return str(app.screen.query_one("#question", Static).visual)


def keys(app):
    return {child.key for child in app.screen.query_one(Footer).query("FooterKey")}


async def test_it_is_fixed_on_yes_and_taken_back_with_u(sick):
    before = command(sick)
    app = face(sick)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await asked(app, pilot)
        assert "Step 1 of 1: Stop the server and start it with the new command line? y or n" in bar(app)
        assert "new: -kvu" in words(app)
        assert {"y", "n", "escape"} <= keys(app)
        assert "u" not in keys(app)
        assert command(sick) == before
        await pilot.press("y")
        await until(pilot, lambda: screen.treating.over)
        state = screen.treating.state
        assert state.judgement.outcome is Outcome.FIXED
        page = screen.query_one(Detail).page
        assert page.status == "fixed: Each request gets only a share of the window"
        rows = next(block.rows for block in page.blocks if hasattr(block, "rows"))
        assert ("window of one request", "1024 tokens", "4096 tokens") in rows
        assert f"llm-doctor undo {state.journal.name}" in words(app)
        assert course(state.journal).outcome == "fixed"
        assert (await window(sick), command(sick)) == (4096, (*before, "-kvu"))
        await pilot.press("u", "u")  # the second one finds it under way
        await until(pilot, lambda: screen.treating.state.undone)
        assert (await window(sick), command(sick)) == (1024, before)
        assert (course(state.journal).outcome, course(state.journal).open) == ("undone", ())
        assert "u" not in keys(app)


async def test_after_it_the_servers_are_examined_again_without_a_key(sick):
    app = face(sick)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await asked(app, pilot)
        first = app.session.report
        await pilot.press("y")
        await until(pilot, lambda: screen.treating.over)
        await pilot.press("escape")
        await until(pilot, lambda: app.session.report is not first and app.session.progress.over)
        assert app.screen is app.main
        assert CAUSE not in [cause.id for cause in app.session.report.targets[0].causes]


@pytest.mark.parametrize("key", ["n", "escape"])
async def test_without_a_yes_nothing_is_done(sick, key):
    before = command(sick)
    app = face(sick)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await asked(app, pilot)
        await pilot.press(key)
        await until(pilot, lambda: screen.treating.over)
        assert "Nothing was done." in words(app)
        assert bar(app) == "Nothing is left changed."
        assert command(sick) == before
        assert all(not read.open for read in courses(root()).values())
        report = app.session.report
        await pilot.press("escape")
        await settled(pilot)
        assert isinstance(app.screen, PlaybookScreen)
        assert app.session.report is report


async def test_while_it_goes_on_no_other_screen_no_run_and_no_q(sick):
    app = face(sick)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await asked(app, pilot)
        for key in ("1", "q"):
            await pilot.press(key)
            await settled(pilot)
            assert app.screen is screen
        app.action_again()
        assert app.session.progress.over
        assert "Not while a treatment goes on" in notices(app)[-1]
        assert "q" not in keys(app)


LONG_S = 100.0  # a step that watches so long whether something else starts the server is not over when it is broken off


async def test_escape_in_a_step_brings_the_old_server_back(sick, monkeypatch):
    before, pid = command(sick), sick.pid
    app = face(sick)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await asked(app, pilot)
        with monkeypatch.context() as longer:
            longer.setattr(server, "GRACE_S", LONG_S)
            await pilot.press("y")
            await until(pilot, lambda: screen.treating.state.stage is Stage.DOING)
            await asyncio.to_thread(gone, pid)
            await pilot.press("escape")
            await until(pilot, lambda: screen.treating.over)
        assert words(app).count("Stopped.") == 1
        assert command(sick) == before
        await pilot.press("u")
        await until(pilot, lambda: screen.treating.state.undone or not screen.treating.state.open)
        assert command(sick) == before


def gone(pid):
    """Wait for the end of a process."""
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait(30)


@pytest.mark.parametrize(
    ("number", "outcome", "says"),
    [
        (0, Outcome.UNCHANGED, "unchanged: The house's slots are too many"),
        (1, Outcome.WORSE, "worse: The house's slots are too many"),
    ],
)
async def test_what_does_not_help_is_said_and_taken_back_with_u(sick, number, outcome, says):
    """A user's own playbook, whose remedies are no good."""
    before = command(sick)
    app = face(sick, depth=Depth.QUICK, plugins=(HOUSE,))
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot, "house-share")
        await pilot.press(*["down"] * number, "a")
        await settled(pilot)
        screen = app.screen
        await until(pilot, lambda: screen.treating.state.stage is Stage.ASKING)
        await pilot.press("y")
        await until(pilot, lambda: screen.treating.over)
        assert screen.treating.state.judgement.outcome is outcome
        assert screen.query_one(Detail).page.status == says
        assert command(sick) != before
        await pilot.press("u")
        await until(pilot, lambda: screen.treating.state.undone)
        assert command(sick) == before


async def test_ctrl_c_before_a_step_leaves_a_true_journal(sick):
    before = command(sick)
    app = face(sick)
    async with app.run_test(size=(80, 24)) as pilot:
        await asked(app, pilot)
        await pilot.press("ctrl+c")
    (folder,) = courses(root())
    assert app.return_code == 130
    assert [type(record) for record in records(folder)] == [Began]
    assert command(sick) == before
    with begun("x", "y", sick.url, root()):  # nobody holds the lock any more
        pass


async def test_another_treatment_under_way_is_one_sentence(sick):
    app = face(sick)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        with begun("x", "y", sick.url, root()):
            await pilot.press("a")
            await settled(pilot)
            await until(pilot, lambda: app.screen.treating.over)
        assert "Another treatment is under way on this machine" in words(app)


async def test_a_server_that_was_started_anew_meanwhile_is_one_sentence(sick):
    """The step was planned for a process that is gone when the yes comes."""
    app = face(sick)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await asked(app, pilot)
        psutil.Process(sick.pid).kill()
        await asyncio.to_thread(gone, sick.pid)
        await pilot.press("y")
        await until(pilot, lambda: screen.treating.over)
        assert "Nothing is left changed." in words(app)
        assert screen.treating.state.failed


async def test_a_browser_that_only_reads_is_not_offered_it_and_is_refused(sick):
    before = command(sick)
    app = face(sick, read_only=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        assert "a" not in keys(app)
        assert READ_ONLY in words(app)
        playbook = app.screen
        await pilot.press("a")
        await settled(pilot)
        app.post_message(ApplyAsked(playbook.row, playbook.remedy))
        await settled(pilot)
        assert app.screen is playbook
        assert "cannot be carried out from here" in notices(app)[-1]
        assert (command(sick), folders(root())) == (before, [])


async def test_a_remedy_for_people_is_shown_and_not_offered(sick):
    app = face(sick)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await pilot.press("down", "down", "down")
        await settled(pilot)
        assert not app.screen.remedy.automatic
        assert "It is yours to do" in words(app)
        assert "a" not in keys(app)
        await pilot.press("a")
        await settled(pilot)
        assert isinstance(app.screen, PlaybookScreen)


async def test_ctrl_c_in_a_step_leaves_the_old_server_and_a_true_journal(sick, capsys, monkeypatch):
    monkeypatch.setattr(server, "GRACE_S", LONG_S)
    before, pid = command(sick), sick.pid
    app = face(sick)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await asked(app, pilot)
        await pilot.press("y")
        await until(pilot, lambda: screen.treating.state.stage is Stage.DOING)
        await asyncio.to_thread(gone, pid)
        await pilot.press("ctrl+c")
    assert app.return_code == 130
    assert "A step that had begun is put back as it" in capsys.readouterr().err
    await asyncio.to_thread(unlocked, sick.url)
    assert command(sick) == before
    read = next(read for read in courses(root()).values() if read.began.cause == CAUSE)
    assert (set(read.acts), read.did, read.outcome) == ({1}, frozenset(), "")


def unlocked(url):
    """Wait for the end of the treatment: while it goes on another one cannot begin."""
    while True:
        with contextlib.suppress(TreatError), begun("x", "y", url, root()):
            return
