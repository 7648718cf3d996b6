"""`llm-doctor check`: diagnose and print the report."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from doctor.cli import exits
from doctor.cli.options import CONTEXT, OneOf, fail_on_option, plugins_option, printing, seconds
from doctor.cli.output import Delivery, deliver
from doctor.errors import UsageError
from doctor.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from doctor.context import Target
    from doctor.model import Report
    from doctor.report.retrieval import LocalTexts
    from doctor.runner import RunPlan

DEADLINE_S = 180.0
DEPTHS = ["passive", "quick", "deep"]  # as in doctor.model.Depth, which --help need not load
MAX_KEY_BYTES = 8192


@click.command("check", context_settings=CONTEXT)
@click.option(
    "--target",
    "targets",
    metavar="URL",
    multiple=True,
    help="A server to examine, or its name in the settings. Repeatable.",
)
@click.option("--model", default="", metavar="M", help="The model to examine; by default the one that is loaded.")
@click.option("--only", metavar="ID|CATEGORY", multiple=True, help="Run only these checks. Repeatable.")
@click.option("--skip", metavar="ID|CATEGORY", multiple=True, help="Leave these checks out. Repeatable.")
@click.option(
    "--depth",
    type=OneOf(DEPTHS),
    default="quick",
    help="How much may be asked of the server. Default: quick. passive never makes a model generate.",
)
@printing
@fail_on_option
@click.option(
    "--deadline", callback=seconds, default=DEADLINE_S, metavar="S", help="End after S seconds. Default: 180."
)
@click.option("--api-key-file", metavar="F", help="A file with the key of the targets; - is standard input.")
@click.option("--baseline", metavar="FILE", help="Compare with this report (or last): what changed, and why.")
@click.option("--keep", is_flag=True, help="Keep the report in the history, for diff and --baseline last.")
@plugins_option
def check(  # noqa: PLR0913 - click hands over one parameter an option
    *,
    targets: tuple[str, ...],
    model: str,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    depth: str,
    wish: Delivery,
    fail_on: str,
    deadline: float,
    api_key_file: str | None,
    baseline: str | None,
    keep: bool,
    plugins: tuple[Path, ...],
) -> int:
    """Find out what is wrong with local model servers, why, and the cure.

    Without --target the servers of this machine are looked for.

    \b
    Examples:
      llm-doctor check
      llm-doctor check --target http://127.0.0.1:8080 --only speed
      llm-doctor check --depth passive --format json -o report.json
    """  # noqa: D301 - click's mark for lines to be kept as they are
    key = key_of(api_key_file, targets) if api_key_file else ""
    from doctor.cli.settings import thresholds
    from doctor.model import Depth
    from doctor.runner import RunPlan

    plan = RunPlan(
        targets=named_targets(targets, model, key),
        model=model,
        depth=Depth(depth),
        only=only,
        skip=skip,
        deadline_s=deadline,
        plugins=plugins,
        thresholds=thresholds(),
    )
    before = _baseline(baseline) if baseline else None
    return examine(plan, wish, fail_on, before, keep=keep)


def accepted(report: "Report") -> "Report":
    """The report with what the settings suppress made notes; a suppression that ended is said."""
    from doctor.cli.settings import current

    now = current()
    if now is None or not now.settings.suppress:
        return report
    import datetime as dt

    from doctor.cli.output import say
    from doctor.suppress import apply, expired

    today = dt.datetime.now(dt.UTC).date()
    for sentence in expired(now.settings.suppress, today):
        say(sentence)
    return apply(report, now.settings.suppress, today)


def _baseline(word: str) -> "Report":
    """The report to compare with, read before the work begins. Raises ReportError."""
    from doctor.cli.places import history_folder
    from doctor.history import read

    return read(word, history_folder())


def examine(
    plan: "RunPlan",
    wish: Delivery,
    fail_on: str = "warning",
    before: "Report | None" = None,
    *,
    keep: bool = False,
    texts: "Callable[[], Mapping[str, LocalTexts] | None]" = lambda: None,
) -> int:
    """Run the plan, deliver the report, and give the exit code; with a baseline, say what changed since.

    `texts` gives what only a terminal may show.
    """
    import asyncio

    from doctor.cli.follow import follow

    report, cut_short = asyncio.run(follow(plan))
    report = accepted(report)
    code = exits.exit_code(report.state, fail_on) if cut_short is None else cut_short
    if keep:
        _keep(report, [target.api_key for target in plan.targets if target.api_key])
    if before is not None:
        from doctor.cli.diff import compared

        worse = compared(before, report, wish)
        return worse if worse == exits.UNKNOWN or cut_short is not None else max(code, worse)
    return deliver(report, wish, code, [target.api_key for target in plan.targets if target.api_key], texts())


def _keep(report: "Report", keys: list[str]) -> None:
    """Into the history, without secrets; names stay, because the history stays on this machine."""
    from doctor.cli.cleaning import Cleaner, Privacy
    from doctor.cli.output import say
    from doctor.cli.places import history_folder
    from doctor.history import add

    try:
        add(Cleaner("secrets", Privacy(), keys).report(report), history_folder())
    except OSError as error:
        say(f"the report could not be kept in {history_folder()}: {error.strerror or error}")


def named_targets(urls: tuple[str, ...], model: str = "", key: str = "") -> tuple["Target", ...]:
    """The targets that the user named, each once. Raises UsageError."""
    from doctor.cli.settings import configured_targets, named, target_of

    if not urls:
        return configured_targets()
    from doctor.discover import parse_target

    found = []
    for word in urls:
        one = named(word)
        target = target_of(word, one, model) if one else parse_target(word, origin="--target", model=model, api_key=key)
        found.append(target)
    return tuple({target.url: target for target in found}.values())


def found_target() -> tuple["Target", ...]:
    """The server that is found on this machine, or nothing. Raises UsageError where several are."""
    import asyncio
    import os

    from doctor.discover import discover

    found = asyncio.run(discover(os.environ))
    if len(found) > 1:
        names = ", ".join(target.url for target in found)
        raise UsageError(f"several model servers were found ({names}); name one with --target URL")
    return found


def key_of(path: str, targets: tuple[str, ...]) -> str:
    """The key in the file. Raises UsageError; a key goes to nobody but a server that the user named."""
    if not targets:
        raise UsageError("--api-key-file needs --target: a key is only sent to a server that you name")
    name = "standard input" if path == "-" else one_line(path)
    try:
        if path == "-":
            data = sys.stdin.buffer.read(MAX_KEY_BYTES + 1)
        else:
            with Path(path).open("rb") as file:
                data = file.read(MAX_KEY_BYTES + 1)
    except OSError as error:
        msg = f"the key in {name} cannot be read: {error.strerror}"
        raise UsageError(msg) from error
    key = data.decode("utf-8", "replace").strip()
    if not key or len(data) > MAX_KEY_BYTES or not key.isascii() or not key.isprintable() or " " in key:
        raise UsageError(f"{name} does not hold a key: one word of printable ASCII is expected")
    return key
