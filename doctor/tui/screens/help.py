"""The page of keys and signs."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from doctor.tui.tones import toned
from doctor.tui.widgets.hanging import Hanging

KEYS = (
    ("1 to 6", "the screens: overview, causes, fit, history, report, ask"),
    ("up down", "move; in the causes n and p go to the next and previous finding"),
    ("enter", "open, or go into the detail; esc goes back"),
    ("space", "fold or unfold a line; left and right do the same"),
    ("f", "the steps that cure the highlighted cause"),
    ("a", "playbook: have the remedy done; y and n answer before each step, esc stops, u takes it back"),
    ("tab", "go to the next step or part"),
    ("c", "copy the selected step, the first one, or the report"),
    ("r", "run again"),
    ("x", "stop the run and keep what was found"),
    ("d", "depth of the next run: passive only reads, quick asks the model, deep asks more"),
    ("s", "save the report as JSON and as text; on screen 5 the bug report"),
    ("m k", "history: mark a run to compare with, keep the present run"),
    ("u", "report: copy the address of the prefilled page"),
    ("/ o", "ask: type other words, ask another server; esc leaves the field, so that keys are keys again"),
    ("left right", "fit: less or more"),
    ("t", "light or dark"),
    ("ctrl+p", "everything by name"),
    ("q", "quit; the exit code is the state of the last run"),
)
SIGNS = (
    ("✗", "bad", "critical: something is broken"),
    ("!", "warn", "warning: it works, but not as it should"),
    ("✓", "good", "ok: measured and in order"),
    ("?", "faint", "unknown, or a cause that is only suspected"),
    ("·", "faint", "note: unusual, but not wrong"),
    ("–", "faint", "not evaluated"),
    ("…", "faint", "under way"),
)


class HelpScreen(ModalScreen[None]):
    """Shown over the main screen until a key closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q,enter", "dismiss", "Close")]

    def compose(self) -> ComposeResult:
        """Keys, then signs."""
        with VerticalScroll(classes="dialog") as dialog:
            dialog.border_subtitle = "esc closes"
            yield Static(Content.styled("Keys", "bold underline"), markup=False)
            for key, says in KEYS:
                yield Static(Hanging(Content.styled(f"{key:<12}", "bold"), Content(says)), markup=False)
            yield Static(Content.styled("Signs", "bold underline"), classes="heading", markup=False)
            for sign, tone, says in SIGNS:
                yield Static(Hanging(toned(f"{sign:<12}", tone), Content(says)), markup=False)
