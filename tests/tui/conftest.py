"""What the tests of the face share: no colour settings of the machine that runs them, and a patience that is one."""

import asyncio

import pytest
import textual.app
import textual.pilot

import doctor.tui.app


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    """Textual reads these when an app is made."""
    for name in ("NO_COLOR", "TEXTUAL_THEME", "TEXTUAL_ANIMATIONS", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def collected_as_usual(monkeypatch):
    """Hundreds of views in one process: what is set aside while one is open would never be collected after it."""
    monkeypatch.setattr(doctor.tui.app, "collect_in_pieces", lambda: None)


@pytest.fixture(autouse=True)
def nothing_left_to_do(monkeypatch):
    """Keys and pauses end when the loop has nothing left to do.

    Textual takes a process that uses no processor for idle; on a busy machine it may be one that gets none.
    """
    wait = textual.pilot.wait_for_idle

    async def until_idle(*seconds):
        await wait(*seconds)
        loop = asyncio.get_running_loop()
        while loop._ready:  # noqa: ASYNC110 - the loop has no event for it
            await asyncio.sleep(0)

    for module in (textual.app, textual.pilot):
        monkeypatch.setattr(module, "wait_for_idle", until_idle)
