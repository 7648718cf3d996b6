"""The screens that nobody sees first: read after the first paint, away from the loop, and made when they are opened."""

from doctor.tui.screens.room import Room
from doctor.tui.session import Session


def load() -> None:
    """Import them and what they need, so that no key has to wait for it."""
    from doctor.tui.screens import ask, fit, history, playbook, report, treat  # noqa: F401


def room(name: str, session: Session) -> Room:
    """A screen of this name."""
    from doctor.tui.screens.ask import AskScreen
    from doctor.tui.screens.fit import FitScreen
    from doctor.tui.screens.history import HistoryScreen
    from doctor.tui.screens.report import ReportScreen

    return {"ask": AskScreen, "fit": FitScreen, "history": HistoryScreen, "report": ReportScreen}[name](session)
