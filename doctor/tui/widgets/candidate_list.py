"""The likely causes of a complaint, and what was found besides; a confirmed one is led to."""

from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from doctor.ask.answer import Likely
from doctor.model import Cause, Severity
from doctor.text import one_line
from doctor.tui.ask_page import candidate_line
from doctor.tui.questioning import Inquiry
from doctor.tui.tones import toned
from doctor.tui.widgets.hanging import Hanging
from doctor.tui.words import SEVERITY_SIGNS, SEVERITY_TONES


class CandidateList(OptionList):
    """Keeps the reader's line while answers arrive."""

    def __init__(self) -> None:
        super().__init__(id="candidates", markup=False)
        self.shown: list[Likely | Cause] = []
        self.drawn_of: tuple[list[Likely | Cause], bool] | None = None

    def tell(self, state: Inquiry) -> None:
        """Show these candidates; nothing happens when they are the same."""
        shown: list[Likely | Cause] = [*state.likely, *besides(state)]
        if (shown, state.report is not None) != self.drawn_of:
            self.shown, self.drawn_of = shown, (shown, state.report is not None)
            at = self.highlighted or 0
            self.set_options(_option(number, one, state) for number, one in enumerate(shown, 1))
            self.highlighted = min(at, len(shown) - 1) if shown else None
        self.display = bool(shown)

    def lead(self) -> None:
        """To the cause that was found."""
        found = (i for i, one in enumerate(self.shown) if isinstance(one, Cause) or one.verdict == "confirmed")
        self.highlighted = next(found, 0) if self.shown else None


def besides(state: Inquiry) -> list[Cause]:
    """Causes that were found on the way and that the words do not speak of."""
    named = {one.id for one in state.likely}
    return [cause for cause in _causes(state) if cause.id not in named and cause.verdict == "confirmed"]


def cause_of(state: Inquiry, one: Likely | Cause) -> Cause | None:
    """The cause of this line as it was found."""
    return next((cause for cause in _causes(state) if cause.id == one.id), None)


def _causes(state: Inquiry) -> tuple[Cause, ...]:
    return state.report.targets[0].causes if state.report and state.report.targets else ()


def _option(number: int, one: Likely | Cause, state: Inquiry) -> Option:
    if isinstance(one, Cause):
        sign, tone, title = SEVERITY_SIGNS[one.severity], SEVERITY_TONES[one.severity], one_line(one.title, 160)
        behind = "found on the way"
    else:
        cause = cause_of(state, one)
        severity = cause.severity if cause else Severity.WARNING
        sign, tone, title, behind = candidate_line(one, severity, asked=state.report is not None)
    mark = Content.assemble(toned(sign, tone), Content.styled(f" {number}. ", "bold"))
    return Option(
        Hanging(mark, Content.assemble(title, toned(f"  {behind}", "" if behind == "confirmed" else "faint")))
    )
