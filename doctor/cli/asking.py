"""Questions to the person at the terminal, answered by a line or by Ctrl-C at any moment.

`input` loses a Ctrl-C that comes between its question and its wait for the answer: Python notes the signal, then
sleeps until a line is typed. Here the wait is for the line and for the signal.
"""

import contextlib
import os
import select
import signal
import sys
import threading
from collections.abc import Iterator, Sequence

import click

YES = ("y", "yes")
NO = ("n", "no")


def agreed(question: str, *, default: bool) -> bool:
    """Yes or no; nothing typed is the default. Raises click.Abort on Ctrl-C and when nobody can answer any more."""
    choices = "Y/n" if default else "y/N"
    while True:
        typed = _answer(f"{question} [{choices}]: ").lower()
        if typed in YES or typed in NO or not typed:
            return typed in YES or (not typed and default)
        _write("Please answer y or n.\n")


def chosen(question: str, choices: Sequence[str], default: str) -> str:
    """One of the choices; nothing typed is the default. Raises click.Abort like `agreed`."""
    while True:
        typed = _answer(f"{question} ({', '.join(choices)}) [{default}]: ") or default
        if typed in choices:
            return typed
        _write(f"Please answer one of {', '.join(choices)}.\n")


def _answer(prompt: str) -> str:
    try:
        with _bell() as rung:
            _write(prompt)
            if rung is not None:
                while sys.stdin not in select.select([sys.stdin, rung], [], [])[0]:
                    os.read(rung, 64)  # another signal, which did not raise
            line = sys.stdin.readline()
    except KeyboardInterrupt:
        _write("\n")
        raise click.Abort from None
    if not line:
        raise click.Abort
    return line.strip()


@contextlib.contextmanager
def _bell() -> Iterator[int | None]:
    """A descriptor that can be read once a signal has come, however early; None where `select` takes sockets only."""
    if os.name == "nt" or threading.current_thread() is not threading.main_thread():
        yield None
        return
    rung, rings = os.pipe()
    os.set_blocking(rings, False)
    before = signal.set_wakeup_fd(rings)
    try:
        yield rung
    finally:
        signal.set_wakeup_fd(before)
        os.close(rung)
        os.close(rings)


def _write(text: str) -> None:
    with contextlib.suppress(OSError):
        sys.stderr.write(text)
        sys.stderr.flush()
