"""One act after the other: written down, done, noted as done; and the way back in the opposite order."""

from collections.abc import Callable
from pathlib import Path

from doctor.collect import alive
from doctor.errors import TreatError
from doctor.treat import commands, files, requests, server
from doctor.treat.acts import AnyAct, Did, Doing, Edit, Restart, Run, Send, Started, Undid, Unit
from doctor.treat.journal import Course, Journal
from doctor.treat.ready import until_ready

Progress = Callable[[str], None]


async def do(
    journal: Journal, number: int, act: AnyAct, *, url: str, api_key: str = "", progress: Progress = lambda _: None
) -> None:
    """Do one act. Raises TreatError; an act that failed by itself is noted as taken back."""
    if isinstance(act, Send):
        await requests.possible(act, api_key)
    journal.write(Doing(number=number, act=act))
    try:
        await _done(journal, number, act, url, api_key, progress)
    except TreatError:
        # Every act leaves things as they were when it fails.
        journal.write(Undid(number=number))
        raise
    journal.write(Did(number=number))


async def _done(journal: Journal, number: int, act: AnyAct, url: str, api_key: str, progress: Progress) -> None:
    if isinstance(act, Edit):
        files.done(act)
    elif isinstance(act, Send):
        await requests.sent(act, api_key, progress)
    elif isinstance(act, Run):
        await commands.ran(act.command)
    elif isinstance(act, Unit):
        await _unit(act, journal.folder, url)
    else:
        await server.restarted(act, _noting(journal, number))


async def undo(journal: Journal, course: Course, number: int, *, api_key: str = "") -> None:
    """Take one act back, whether it was done, half done or not even begun. Raises TreatError."""
    act = course.acts[number]
    if isinstance(act, Edit):
        files.undone(act, journal.folder)
    elif isinstance(act, Send):
        await requests.unsent(act, api_key)
    elif isinstance(act, Run):
        if act.undo:
            await commands.ran(act.undo)
    elif isinstance(act, Unit):
        files.undone(act.edit, journal.folder)
        await _reloaded(act, course.began.url)
    else:
        await _restart_undone(journal, course, number, act)
    journal.write(Undid(number=number))


async def _restart_undone(journal: Journal, course: Course, number: int, act: Restart) -> None:
    started = course.started.get(number)
    new = (started.pid, started.created_s) if started and alive.is_alive(started.pid, started.created_s) else None
    await server.put_back(act, _noting(journal, number), new)


def _noting(journal: Journal, number: int) -> server.Note:
    return lambda pid, created_s: journal.write(Started(number=number, pid=pid, created_s=created_s))


async def _unit(act: Unit, kept: Path, url: str) -> None:
    """The drop-in, then the unit again; the old drop-in when the unit does not come up with the new one."""
    files.done(act.edit)
    try:
        await _reloaded(act, url)
    except TreatError as error:
        files.undone(act.edit, kept)
        await _reloaded(act, url)
        raise TreatError(f"{error}; the unit runs again as it did before") from error


async def _reloaded(act: Unit, url: str) -> None:
    systemctl = commands.located("systemctl")
    await commands.ran([systemctl, "--user", "daemon-reload"])
    await commands.ran([systemctl, "--user", "restart", act.name])
    await until_ready(url, act.name)
