"""The lines at the top: how far the run is, and the state of every server in a sign and a word."""

from textual.content import Content

from doctor.model import Depth, State
from doctor.text import one_line
from doctor.tui.progress import Progress, TargetProgress
from doctor.tui.session import Session
from doctor.tui.tones import toned
from doctor.tui.widgets.steady import Steady
from doctor.tui.words import (
    RUNNING_SIGN,
    STATE_SIGNS,
    STATE_TONES,
    address,
    count,
    duration,
    model_name,
    runtime_name,
    slug_words,
)

MAX_TARGETS, MAX_ON_OVERVIEW = 3, 8
BAR_CELLS = 20
WIDE = 60  # with fewer columns only what matters most is said


class Headline(Steady):
    """Title and progress, one line a server, and what is being asked."""

    def __init__(self, *, everything: bool = False) -> None:
        super().__init__(markup=False)
        self.session: Session | None = None
        self.most = MAX_ON_OVERVIEW if everything else MAX_TARGETS

    def tell(self, session: Session) -> None:
        """Show where the run is now."""
        self.session = session
        self.draw()

    def on_resize(self) -> None:
        """The first line is set to the width."""
        self.draw()

    def draw(self) -> None:
        """Put the lines together for the present width."""
        if self.session is None or self.size.width < 1:
            return
        wide = self.size.width >= WIDE
        progress = self.session.progress
        lines = [
            self._first_line(progress, self.session.depth, wide),
            *_targets(progress, wide, self.most),
            _activity(progress, self.session.seconds_left),
        ]
        text = Content("\n").join(line.truncate(self.size.width, ellipsis=True) for line in lines)
        self.show(text, len(lines))

    def _first_line(self, progress: Progress, next_depth: Depth, wide: bool) -> Content:
        depth = f"depth {progress.depth.value}"
        if next_depth is not progress.depth:
            depth += f", next run {next_depth.value}"
        left = Content.assemble(("llm-doctor", "bold"), toned(f"  {depth}", "faint"))
        right = _how_far(progress, wide)
        gap = max(2, self.size.width - left.cell_length - right.cell_length)
        return Content.assemble(left, " " * gap, right)


def _targets(progress: Progress, wide: bool, most: int) -> list[Content]:
    targets = list(progress.targets.values())
    shown = targets if len(targets) <= most else targets[: most - 1]
    lines = [_target_line(target, wide) for target in shown]
    if len(targets) > len(shown):
        lines.append(toned(f"and {count(len(targets) - len(shown), 'server')} more", "faint"))
    return lines or [_without_target(progress)]


def _how_far(progress: Progress, wide: bool) -> Content:
    told = f"{progress.done}/{progress.total}{' checks' if wide else ''}, {duration(progress.seconds)}"
    if progress.over or not wide or not progress.total:
        return Content(told if progress.total else duration(progress.seconds))
    full = round(BAR_CELLS * progress.done / progress.total)
    return Content.assemble(toned("━" * full, "good"), toned("─" * (BAR_CELLS - full), "faint"), f" {told}")


def _target_line(target: TargetProgress, wide: bool) -> Content:
    healthy_so_far = not target.ended and target.state in (State.OK, State.UNKNOWN)
    if healthy_so_far:
        state = toned(f"{RUNNING_SIGN} examining", "faint")
    else:
        state = toned(f"{STATE_SIGNS[target.state]} {target.state.value.upper()}", STATE_TONES[target.state])
    name = runtime_name(target.runtime) if target.runtime else ""
    if wide and name:
        name = f"{name} {one_line(target.version, 20)}".rstrip() + f" at {address(target.url)}"
    model = model_name(target.model)
    return Content.assemble(state, "  ", ", ".join(part for part in (name or address(target.url), model) if part))


def _without_target(progress: Progress) -> Content:
    if progress.trouble:
        return toned("? UNKNOWN  the run could not start", "warn")
    if progress.searched:
        return toned("? UNKNOWN  no model server was found", "warn")
    return toned(f"{RUNNING_SIGN} looking for model servers", "faint")


def _activity(progress: Progress, left: tuple[float, bool] | None) -> Content:
    if not progress.over:
        asking = ", ".join(slug_words(check) for check in reversed(progress.asking))
        return toned(
            "; ".join(part for part in (_time_left(left), f"now: {asking}" if asking else "") if part), "faint"
        )
    report = progress.report
    if report is None or not report.coverage.total:
        return Content("")
    seen = report.coverage
    missed = seen.skipped + seen.crashed
    told = f"{seen.passed} passed, {seen.failed} failed, {missed} not evaluated"
    return toned(told, "faint")


def _time_left(left: tuple[float, bool] | None) -> str:
    """How long the run will still take, as far as that is known."""
    if left is None:
        return ""
    seconds, at_most = left
    told = f"{seconds:.0f} s" if seconds < 60 else duration(seconds)
    return f"at most {told} left" if at_most else f"about {told} left"
