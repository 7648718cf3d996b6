"""The command palette: everything that a key does, by name."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.app import SystemCommand

from doctor.tui.places import PLACES

if TYPE_CHECKING:
    from doctor.tui.app import DoctorApp


def commands(app: "DoctorApp") -> Iterable[SystemCommand]:
    """What makes sense now; our own words only, never a name that a server gave itself."""
    for place in PLACES:
        yield SystemCommand(place.title, place.says, lambda name=place.name: app.action_place(name))
    if app.session.progress.over:
        yield SystemCommand("Run again", "examine the servers again", app.action_again)
    else:
        yield SystemCommand("Stop the run", "and keep what was found", app.action_stop)
    yield SystemCommand("Depth of the next run", "passive only reads, quick asks, deep asks more", app.action_deeper)
    if app.session.report is not None and not app.session.places.read_only:
        yield SystemCommand("Save the report", "as JSON, and as text beside it", app.action_save)
    yield SystemCommand("Light or dark", "the other theme", app.action_light_or_dark)
    yield SystemCommand("Help", "keys and signs", app.action_help)
    yield SystemCommand("Quit", "the exit code is the state of the last run", app.action_leave)
