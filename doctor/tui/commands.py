"""The command palette: everything that a key does, by name."""

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from textual.app import SystemCommand
from textual.screen import Screen

from doctor.tui.places import PLACES

if TYPE_CHECKING:
    from doctor.tui.app import DoctorApp


def commands(app: "DoctorApp", screen: Screen[object]) -> Iterable[SystemCommand]:
    """What makes sense now; our own words only, never a name that a server gave itself."""
    yield from _of_the_screen(screen)
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


def _of_the_screen(screen: Screen[object]) -> Iterable[SystemCommand]:
    """What the keys of this screen do at this moment, but for going back."""
    for node, binding, enabled, _ in screen.active_bindings.values():
        own = node is screen and not binding.action.startswith("app.")
        if own and enabled and binding.show and binding.key != "escape":
            yield SystemCommand(
                f"{binding.description} ({binding.key_display or binding.key})",
                "on this screen",
                partial(screen.run_action, binding.action),
            )
