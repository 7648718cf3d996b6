"""Whether a remedy can be carried out from here, and the sentence that says so."""

from doctor.model import Cause, Depth, Remedy
from doctor.tui.outline import Row
from doctor.tui.session import Places, Session
from doctor.tui.treating import Wish

READ_ONLY = "This browser view only reads; llm-doctor on the machine itself can carry it out."
ABLE = "Press a to have it done: each step is asked first, the result is verified, and u takes it back."
BY_HAND = "It is yours to do: it cannot be done and undone safely from here."
SUSPECTED = "The cause is only suspected, so nothing is changed from here."


def can_be_applied(row: Row, remedy: Remedy | None, places: Places) -> bool:
    """A remedy of a confirmed cause of a server, whose steps can be done and undone by this program."""
    return _fits(row, remedy) and not places.read_only and isinstance(row.item, Cause) and _proved(row.item)


def apply_note(row: Row, remedy: Remedy | None, places: Places) -> str:
    """Who carries it out."""
    if remedy is None or not isinstance(row.item, Cause):
        return ""
    if not _fits(row, remedy):
        return BY_HAND
    if not _proved(row.item):
        return SUSPECTED
    return READ_ONLY if places.read_only else ABLE


def wished(row: Row, remedy: Remedy, session: Session) -> Wish | str:
    """What is to be treated, or the sentence why it is not: this face only reads, or something is under way."""
    if not isinstance(row.item, Cause) or row.target is None or not can_be_applied(row, remedy, session.places):
        return "This remedy cannot be carried out from here"
    if session.occupied or not session.progress.over:
        return f"Wait until {session.occupied or 'the run'} has ended: numbers before and after need a quiet server"
    deep = session.progress.depth is Depth.DEEP  # what a deeper run found, a quick one may miss
    return Wish(
        cause=row.item,
        remedy=remedy,
        target=row.target.target,
        plugins=session.places.plugins,
        depth=Depth.DEEP if deep else Depth.QUICK,
        thresholds=session.places.thresholds,
    )


def _fits(row: Row, remedy: Remedy | None) -> bool:
    on_a_server = row.target is not None and row.target.index is None
    return remedy is not None and remedy.automatic and on_a_server


def _proved(cause: Cause) -> bool:
    return cause.verdict == "confirmed"
