"""`check_llm_doctor`: the same diagnosis as a monitoring plug-in, with the options that such plug-ins have.

Rules: monitoring-plugins.org's development guidelines. No positional arguments; --help, --version and wrong usage end
with 3 (unknown), so that a typing error never looks like a state of the server.
"""

import re
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

import click

from doctor import __version__
from doctor.cli import exits
from doctor.cli.options import OneOf

if TYPE_CHECKING:
    from doctor.model import Report
    from doctor.runner import RunPlan

DEFAULT_TIMEOUT_S = 30.0
MARGIN_S = 1.0  # kept for printing
RANGE = re.compile(r"(?P<inside>@)?(?:(?P<low>~|-?\d+(?:\.\d+)?)?:)?(?P<high>-?\d+(?:\.\d+)?)?\Z")


class Range(NamedTuple):
    """A threshold as plug-ins write it: `10`, `10:`, `~:10`, `10:20`, `@10:20`; a value outside alerts."""

    low: float
    high: float
    inside: bool = False

    def alerts(self, value: float) -> bool:
        """Whether the value is one to alert on."""
        within = self.low <= value <= self.high
        return within if self.inside else not within


class Wanted(NamedTuple):
    """How long it may take, and what is to be alerted on."""

    timeout_s: float
    figure: str
    warning: Range | None
    critical: Range | None

    def judged(self, values: dict[str, float]) -> tuple[int | None, str]:
        """The thresholds' state; a figure that was not measured is unknown where somebody set a threshold for it."""
        if self.warning is None and self.critical is None:
            return None, ""
        value = values.get(self.figure)
        if value is None:
            return exits.UNKNOWN, f"{self.figure} was not measured"
        for code, limit in ((exits.CRITICAL, self.critical), (exits.WARNING, self.warning)):
            if limit is not None and limit.alerts(value):
                return code, f"{self.figure} is {value:.6g}"
        return exits.OK, ""


def parsed_range(text: str) -> Range:
    """Raises click.BadParameter for anything that is no range."""
    match = RANGE.match(text.strip())
    if match is None or not text.strip() or (match["low"] is None and match["high"] is None):
        raise click.BadParameter(f"{text!r} is no range; write 10, 10:, ~:10, 10:20 or @10:20")
    low = float("-inf") if match["low"] == "~" else float(match["low"] or 0)
    high = float("inf") if match["high"] is None else float(match["high"])
    if low > high:
        raise click.BadParameter(f"{text!r} is no range: its first number is the larger one")
    return Range(low, high, bool(match["inside"]))


def _range(_: click.Context, __: click.Parameter, value: str | None) -> Range | None:
    return parsed_range(value) if value is not None else None


@click.command(context_settings={"help_option_names": ["-h", "--help"], "allow_extra_args": False})
@click.option("-H", "--host", "url", required=True, metavar="URL", help="The server: http://host:port, or host:port.")
@click.option("-m", "--model", default="", help="The model to examine.")
@click.option("-t", "--timeout", type=float, default=DEFAULT_TIMEOUT_S, help="Seconds until unknown. Default: 30.")
@click.option("-w", "--warning", callback=_range, metavar="RANGE", help="Warn when the figure is outside.")
@click.option("-c", "--critical", callback=_range, metavar="RANGE", help="Critical when the figure is outside.")
@click.option("-f", "--figure", default="decode_rate", help="What -w and -c look at. Default: decode_rate, in tok/s.")
@click.option("-d", "--depth", type=OneOf(["passive", "quick", "deep"]), default="passive", help="Default: passive.")
@click.option("-k", "--api-key-file", metavar="F", help="A file with the server's key.")
@click.option("-v", "--verbose", count=True, help="More lines.")
@click.version_option(__version__, "-V", "--version", prog_name="check_llm_doctor")
def plugin(  # noqa: PLR0913 - click hands over one parameter an option
    *,
    url: str,
    model: str,
    timeout: float,
    warning: Range | None,
    critical: Range | None,
    figure: str,
    depth: str,
    api_key_file: str | None,
    verbose: int,
) -> int:
    """Check a model server: prints one line for a monitoring system, and exits with 0, 1, 2 or 3."""
    from doctor.cli.check import key_of, named_targets
    from doctor.cli.settings import thresholds
    from doctor.model import Depth
    from doctor.report.figures import PLACES
    from doctor.runner import RunPlan

    if figure not in (*PLACES, "gpu_share"):
        raise click.BadParameter(f"-f {figure!r} is none of {', '.join((*PLACES, 'gpu_share'))}")
    if not timeout > 0:
        raise click.BadParameter(f"-t {timeout} is no number of seconds")
    key = key_of(api_key_file, (url,)) if api_key_file else ""
    deadline_s = max(0.1, timeout - min(MARGIN_S, timeout / 5))
    plan = RunPlan(
        targets=named_targets((url,), model, key),
        model=model,
        depth=Depth(depth),
        deadline_s=deadline_s,
        thresholds=thresholds(),
    )
    return _checked(plan, Wanted(timeout, figure, warning, critical), verbose)


def _checked(plan: "RunPlan", wanted: "Wanted", verbose: int) -> int:
    """Run within the time, print, and give the worse of the diagnosis' state and the threshold's."""
    import asyncio

    from doctor.cli.cleaning import Cleaner, Privacy
    from doctor.report.figures import figures
    from doctor.report.plugin import render

    began_s, stage = time.monotonic(), ["looking at the server"]
    try:
        report = asyncio.run(_within(plan, wanted.timeout_s, stage))
    except TimeoutError:
        sys.stdout.write(
            f"UNKNOWN - no result within {wanted.timeout_s:g} s, while at: {stage[0]} "
            f"| time={time.monotonic() - began_s:.3f}s;;;0\n"
        )
        return exits.UNKNOWN
    code = exits.exit_code(report.state)
    cleaner = Cleaner("secrets", Privacy(), [target.api_key for target in plan.targets if target.api_key])
    lines = cleaner.text(render(cleaner.report(report))).splitlines()
    judged, said = wanted.judged({item.name: item.value for target in report.targets for item in figures(target)})
    if judged is not None and SEVERITY.index(judged) > SEVERITY.index(code):
        code = judged
        lines[0] = f"{WORDS[judged]} - {said}; " + lines[0].partition(" - ")[2]
    sys.stdout.write("\n".join(lines if verbose else lines[:1]) + "\n")
    return code


async def _within(plan: "RunPlan", timeout_s: float, stage: list[str]) -> "Report":
    """The run; `stage` holds what it is at. Raises TimeoutError."""
    import asyncio

    from doctor.events import CheckBegan, Event
    from doctor.runner import run

    def heard(event: Event) -> None:
        if isinstance(event, CheckBegan):
            stage[0] = event.check

    async with asyncio.timeout(timeout_s):
        return await run(plan, heard)


SEVERITY = (exits.OK, exits.WARNING, exits.UNKNOWN, exits.CRITICAL)
WORDS = {exits.OK: "OK", exits.WARNING: "WARNING", exits.CRITICAL: "CRITICAL", exits.UNKNOWN: "UNKNOWN"}


def main() -> None:
    """The entry point: whatever goes wrong is unknown, never a state of the server."""
    from doctor.errors import DoctorError

    try:
        result = plugin.main(prog_name="check_llm_doctor", standalone_mode=False)
        code = result if isinstance(result, int) and len(sys.argv) > 1 and not _asked_for_help() else exits.UNKNOWN
    except (click.ClickException, DoctorError) as error:
        message = error.format_message() if isinstance(error, click.ClickException) else str(error)
        sys.stdout.write(f"UNKNOWN - {message}\n")
        code = exits.UNKNOWN
    except click.Abort:
        code = exits.UNKNOWN
    sys.exit(code)


def _asked_for_help() -> bool:
    return bool({"-h", "--help", "-V", "--version"}.intersection(sys.argv[1:]))
