"""An orderly end on Ctrl-C and SIGTERM of whatever runs in a loop on the command line."""

import asyncio
import contextlib
import signal
from collections.abc import Iterator, Mapping

from doctor.cli import exits
from doctor.cli.interrupts import noted

CODES = {signal.SIGINT: exits.INTERRUPTED, signal.SIGTERM: exits.TERMINATED}


@contextlib.contextmanager
def orderly_end(stop: asyncio.Event, codes: Mapping[signal.Signals, int] = CODES) -> Iterator[list[int]]:
    """The first signal sets `stop` and its exit code is kept; a second one has its ordinary effect."""
    caught: list[int] = []
    loop = asyncio.get_running_loop()

    def end(number: signal.Signals) -> None:
        caught.append(codes[number])
        stop.set()
        loop.remove_signal_handler(number)

    with contextlib.suppress(NotImplementedError, RuntimeError):  # Windows, or not the main thread
        for number in codes:
            loop.add_signal_handler(number, end, number)
    if noted:  # before this moment, and lost on its way
        caught.append(exits.INTERRUPTED)
        stop.set()
    try:
        yield caught
    finally:
        with contextlib.suppress(NotImplementedError, RuntimeError):
            for number in codes:
                loop.remove_signal_handler(number)
