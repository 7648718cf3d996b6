"""The screens that nobody sees first: read after the first paint, away from the loop, and made when they are opened."""

import gc

from doctor.tui.screens.room import Room
from doctor.tui.session import Session

SPARED: set[str] = set()


def spare(moment: str) -> None:
    """Leave all objects that are there now to themselves, the first time that this moment comes.

    Modules, checks and playbooks stay to the end. Going through them again and again in search of garbage held the loop
    up for 0.2 to 0.35 s at a time.
    """
    if moment not in SPARED:
        SPARED.add(moment)
        gc.freeze()


def load() -> None:
    """Import them and what they need, so that no key has to wait for it."""
    from doctor.tui.screens import ask, fit, history, playbook, report, treat  # noqa: F401

    spare("loaded")


def room(name: str, session: Session) -> Room:
    """A screen of this name."""
    from doctor.tui.screens.ask import AskScreen
    from doctor.tui.screens.fit import FitScreen
    from doctor.tui.screens.history import HistoryScreen
    from doctor.tui.screens.report import ReportScreen

    return {"ask": AskScreen, "fit": FitScreen, "history": HistoryScreen, "report": ReportScreen}[name](session)
