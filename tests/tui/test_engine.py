"""The app on a real run: the bundled checks on the real engine of the ward."""

import os
import signal

import pytest

from doctor.context import Target
from doctor.known import Pace
from doctor.model import Depth, State, Status
from doctor.runner import RunPlan, run
from doctor.tui.app import DoctorApp
from doctor.tui.open import made
from doctor.tui.session import Places
from doctor.tui.widgets.headline import Headline
from doctor.tui.widgets.outline_list import OutlineList
from doctor.ward import engine as ward_engine
from tests.tui.test_app import settled

pytestmark = pytest.mark.ward


def face(url):
    plan = RunPlan(targets=(Target(url=url),), depth=Depth.PASSIVE)
    return DoctorApp(lambda emit, stop: run(plan, emit, stop), depth=plan.depth, first="causes")


async def test_a_real_run_ends_with_its_report_on_the_screen(engine):
    app = face(engine)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await app.workers.wait_for_complete()
        await settled(pilot)
        report = app.session.report
        target = report.targets[0]
        headline = str(app.main.query_one(Headline).visual)
        assert target.runtime == "llama.cpp"
        assert f"{report.coverage.total}/{report.coverage.total} checks" in headline
        assert f"{report.coverage.passed} passed" in headline
        groups = [row.text for row in app.main.query_one(OutlineList).lines_shown]
        assert f"Passed ({sum(check.status is Status.PASSED for check in target.checks)})" in groups


async def test_a_second_run_starts_where_the_first_began(engine):
    app = face(engine)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await app.workers.wait_for_complete()
        first = app.session.report
        await settled(pilot)
        await pilot.press("r")
        await app.workers.wait_for_complete()
        await settled(pilot)
        assert app.session.report is not first
        assert app.session.report.coverage.total == first.coverage.total


async def test_a_server_that_is_not_there_is_critical_and_says_which(dead_url):
    app = face(dead_url)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await app.workers.wait_for_complete()
        await settled(pilot)
        assert app.session.report.state is State.CRITICAL
        assert dead_url.removeprefix("http://") in str(app.main.query_one(Headline).visual)


async def test_a_server_that_goes_away_becomes_a_cause_without_a_key(tmp_path):
    pace = Pace(look_s=0.1, examine_s=600.0, soon_s=0.2)
    async with ward_engine.serve() as server:
        plan = RunPlan(targets=(Target(url=server.url),), depth=Depth.PASSIVE)
        app = made(plan, Places(history=tmp_path), pace=pace)

        def seen_alive():  # a first look may be older than the run, which says where to look
            looks = [look.servers[server.url] for look in app.session.looks if server.url in look.servers]
            return app.session.progress.over and looks and looks[-1].answers

        async with app.run_test(size=(120, 40)) as pilot:
            while not seen_alive():
                await pilot.pause(0.1)
            causes = [cause.id for cause in app.session.report.targets[0].causes]
            assert "conn-server-down" not in causes
            os.kill(server.pid, signal.SIGKILL)
            while "conn-server-down" not in [cause.id for cause in app.session.report.targets[0].causes]:
                await pilot.pause(0.1)
            await settled(pilot)
            assert any("stopped answering" in sentence for _, sentence in app.session.happened)
            assert any(notice.title == "New cause" for notice in app._notifications)
            assert "CRITICAL" in str(app.overview.query_one(Headline).visual)
