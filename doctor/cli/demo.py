"""`llm-doctor demo`: a real engine made ill on purpose, and diagnosed like any other server."""

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING

import click

from doctor.cli import exits
from doctor.cli.face import face, possible
from doctor.cli.options import CONTEXT, printing
from doctor.cli.output import Delivery, look, put, say
from doctor.errors import WardError

if TYPE_CHECKING:
    from doctor.context import Target
    from doctor.model import Depth
    from doctor.ward.patients import Patient


@click.command("demo", context_settings=CONTEXT)
@click.argument("patient", required=False)
@click.option("--list", "list_them", is_flag=True, help="List the patients.")
@printing
def demo(patient: str | None, list_them: bool, wish: Delivery) -> int:
    """Diagnose a patient of the ward: a real engine made ill on purpose.

    It runs on this machine and ends with the command.
    On a terminal the full-screen view opens, unless --format or -o asks for a report. Needs the extra demo:
    pip install "llm-doctor[demo]".
    """
    from doctor.cli.listing import patients, table

    if list_them:
        return exits.OK if put(table(patients(), look(wish.no_color))) else exits.UNKNOWN
    from doctor.ward.patients import DEFAULT
    from doctor.ward.patients import patient as admission

    chosen = admission(patient or DEFAULT)
    say(f"patient {chosen.id}: {chosen.title}")
    with _admitted(chosen) as url:
        return _examined(chosen.target(url), chosen.visit.depth, wish)


def _examined(target: "Target", depth: "Depth", wish: Delivery) -> int:
    from doctor.cli.check import examine
    from doctor.runner import RunPlan

    plan = RunPlan(targets=(target,), depth=depth)
    if possible() and not (wish.format_name or wish.output):
        return face(plan)
    return examine(plan, wish)


START_S = 2.0  # a thread says within milliseconds that it runs


@contextlib.contextmanager
def _admitted(patient: "Patient") -> Iterator[str]:
    """The URL of a running patient. Its loop has a thread of its own, because the faces bring their own loops."""
    import asyncio
    import threading

    ready: Future[str] = Future()
    started: Future[Callable[[], object]] = Future()
    thread = threading.Thread(target=lambda: asyncio.run(_stay(patient, started, ready)))
    try:
        thread.start()
        yield ready.result()
    finally:
        # Also after a Ctrl-C inside start(): what began is ended, and a thread that never began says nothing.
        with contextlib.suppress(TimeoutError):
            started.result(timeout=START_S)()
            thread.join()


async def _stay(patient: "Patient", started: "Future[Callable[[], object]]", ready: "Future[str]") -> None:
    """Admit the patient, say where it is, and keep it until the function that `started` gives is called."""
    import asyncio

    from doctor.ward.run_ward import admitted

    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    started.set_result(lambda: loop.call_soon_threadsafe(ended.set))
    waiting = asyncio.ensure_future(ended.wait())
    async with contextlib.AsyncExitStack() as stack:
        admission = asyncio.ensure_future(stack.enter_async_context(admitted(patient)))
        await asyncio.wait({admission, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not admission.done():
            admission.cancel()
        try:
            ready.set_result(await admission)
        except (WardError, asyncio.CancelledError) as error:
            ready.set_exception(error)
            return
        await waiting
