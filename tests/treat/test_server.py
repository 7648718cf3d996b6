"""A server stopped and started again: real processes, a small server of the tests' own."""

import asyncio
import contextlib
import os
import signal
import sys
from types import SimpleNamespace

import pytest

from doctor.collect import alive
from doctor.errors import Skip, TreatError
from doctor.treat import server
from tests.treat.conftest import model_at, restart, run_again, wait_for

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")


def forget(pid: int, created_s: float) -> None:
    """Nobody writes down what is started."""


async def test_it_runs_with_its_new_words_in_its_old_folder_and_log(started, tmp_path):
    process, url = started("old")
    noted = []
    await server.restarted(restart(process, url, "new"), lambda *known: noted.append(known))
    assert model_at(url) == "new"
    (known,) = noted
    now = alive.look(known[0])
    assert (now.folder, now.output) == (str(tmp_path), str(tmp_path / "server.log"))
    assert not alive.is_alive(process.pid, alive.created(process.pid) or 0)


async def test_variables_are_changed_and_the_rest_is_kept(started):
    process, url = started("m", FLAVOUR="vanilla", OTHER="kept")
    noted = []
    await server.restarted(restart(process, url, FLAVOUR="mint"), lambda *known: noted.append(known))
    assert model_at(url) == "m mint"
    assert alive.look(noted[0][0]).environment["OTHER"] == "kept"


async def test_a_server_that_does_not_come_back_is_replaced_by_the_old_one(started):
    process, url = started("old")
    with pytest.raises(TreatError, match=r"ended with code 1: error: invalid argument: --dies; the server runs again"):
        await server.restarted(restart(process, url, "new", "--dies"), forget)
    wait_for(url, "old")


async def test_a_program_that_is_gone_is_replaced_by_the_old_one(started):
    process, url = started("old")
    act = restart(process, url)
    broken = type(act.new)(command=("/none/llama-server",), environment={}, folder=act.new.folder, log=act.new.log)
    with pytest.raises(TreatError, match="/none/llama-server cannot be started: No such file"):
        await server.restarted(type(act)(**{**fields(act), "new": broken}), forget)
    wait_for(url, "old")


def fields(act):
    return {name: getattr(act, name) for name in act.__struct_fields__}


async def test_a_wait_that_is_interrupted_brings_the_old_server_back(started):
    process, url = started("old")
    begun = asyncio.Event()
    work = asyncio.ensure_future(server.restarted(restart(process, url, "new", "--slow", "60"), lambda *_: begun.set()))
    await begun.wait()
    work.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await work
    wait_for(url, "old")


async def test_a_server_that_changed_meanwhile_is_left_alone(started):
    process, url = started("old")
    act = restart(process, url, "new")
    process.kill()
    process.wait()
    with pytest.raises(TreatError, match="nothing was changed"):
        await server.restarted(act, forget)
    assert model_at(url) == ""


async def test_what_starts_the_server_again_by_itself_is_noticed(started, monkeypatch):
    """The keeper is a shell that starts the server again as soon as it ends, like a supervisor."""
    monkeypatch.setattr(server, "GRACE_S", 40.0)  # over as soon as it is noticed
    first, url = started("old")
    act = restart(first, url)
    first.kill()
    first.wait()
    with run_again(act, loop='while :; do "$@"; done') as keeper:
        try:
            wait_for(url, "old")
            ((pid, _),) = alive.descendants(keeper.pid)
            with pytest.raises(TreatError, match="something starts the server again as soon as it ends"):
                await server.restarted(restart(SimpleNamespace(pid=pid), url, "new"), forget)
            assert model_at(url) == "old"
        finally:
            keeper.kill()


async def test_putting_back_stops_what_nobody_wrote_down(started):
    """As after a crash right behind the start of the new server."""
    process, url = started("old")
    act = restart(process, url, "new")
    await server.restarted(act, forget)
    await server.put_back(act, forget)
    wait_for(url, "old")


async def test_putting_back_after_a_change_of_variables_tells_new_from_old(started):
    process, url = started("m", FLAVOUR="vanilla")
    act = restart(process, url, FLAVOUR="mint")
    await server.restarted(act, forget)
    wait_for(url, "m mint")
    await server.put_back(act, forget)
    wait_for(url, "m vanilla")


async def test_putting_back_does_nothing_where_the_old_server_still_runs(started):
    process, url = started("old")
    await server.put_back(restart(process, url, "new"), forget)
    assert alive.is_alive(process.pid, alive.created(process.pid))


async def test_putting_back_does_not_disturb_somebody_elses_server(started):
    process, url = started("old")
    act = restart(process, url, "new")
    process.kill()
    process.wait()
    other = run_again(act, "other")
    wait_for(url, "other")
    with pytest.raises(TreatError, match="something else listens on port"):
        await server.put_back(act, forget)
    assert model_at(url) == "other"
    other.kill()
    other.wait()


async def test_one_that_does_not_hear_is_killed_when_patience_is_over(started, monkeypatch):
    monkeypatch.setattr(server, "PATIENCE_S", 1.0)
    process, url = started("old")
    act = restart(process, url, "new")
    os.kill(process.pid, signal.SIGSTOP)  # a stopped process does not act on being asked
    await server.restarted(act, forget)
    assert model_at(url) == "new"


def test_a_number_that_another_process_got_is_not_mistaken():
    assert alive.is_alive(os.getpid(), alive.created(os.getpid()))
    assert not alive.is_alive(os.getpid(), alive.created(os.getpid()) - 5)


def test_a_process_of_another_user_or_none_is_not_looked_at():
    with pytest.raises(Skip, match="ended"):
        alive.look(2**22 + 1)
    if os.geteuid() != 0:
        with pytest.raises(Skip):
            alive.look(1)
