"""`llm-doctor ask`: what goes wrong, in the user's words; likely causes, and the few checks that tell them apart."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from doctor.cli import exits
from doctor.cli.check import DEADLINE_S, DEPTHS, found_target, key_of, named_targets
from doctor.cli.options import CONTEXT, OneOf, plugins_option, printing, seconds
from doctor.cli.output import Delivery, deliver_text

if TYPE_CHECKING:
    from doctor.ask.answer import Answer
    from doctor.ask.questions import Interview
    from doctor.context import Target
    from doctor.runner import RunPlan


@click.command("ask", context_settings=CONTEXT)
@click.argument("words", nargs=-1, required=True, metavar="WORDS...")
@click.option("--target", "url", metavar="URL", help="The server to ask about; by default the one that is found.")
@click.option("--model", default="", metavar="M", help="The model to examine; by default the one that is loaded.")
@click.option("--no-run", is_flag=True, help="Only name the likely causes, run no check.")
@click.option(
    "--depth",
    type=OneOf(DEPTHS),
    default="quick",
    help="How much may be asked of the server. Default: quick. passive never makes a model generate.",
)
@click.option(
    "--deadline", callback=seconds, default=DEADLINE_S, metavar="S", help="End after S seconds. Default: 180."
)
@click.option("--api-key-file", metavar="F", help="A file with the key of the target; - is standard input.")
@printing
@plugins_option
def ask(  # noqa: PLR0913 - click hands over one parameter an option
    *,
    words: tuple[str, ...],
    url: str | None,
    model: str,
    no_run: bool,
    depth: str,
    deadline: float,
    api_key_file: str | None,
    wish: Delivery,
    plugins: tuple[Path, ...],
) -> int:
    """Say what goes wrong in your own words; get likely causes and the few checks that tell them apart.

    English, German, French, Spanish, Chinese or Japanese; typing errors are forgiven; - reads the words from
    standard input. They never leave this machine. The cheapest check runs first, and no more than are needed.

    \b
    Examples:
      llm-doctor ask "it forgets what I said at the beginning"
      llm-doctor ask --no-run "tool calls show up as text"

    Exit codes: as for check; with --no-run 0 when a likely cause was found. 3 when the words say nothing known.
    """  # noqa: D301 - click's mark for lines to be kept as they are
    complaint = said(words)
    urls = (url,) if url else ()
    key = key_of(api_key_file, urls) if api_key_file else ""
    from doctor.cli.settings import thresholds
    from doctor.model import Depth
    from doctor.runner import RunPlan

    interview = begun(complaint, plugins)
    targets = () if no_run or not interview.candidates else target_of(urls, model, key)
    plan = RunPlan(
        targets=targets,
        model=model,
        depth=Depth(depth),
        only=interview.possible,
        deadline_s=deadline,
        plugins=plugins,
        thresholds=thresholds(),
        guide=interview.next,
    )
    answer, cut_short = answered(complaint, interview, None if no_run else plan)
    from doctor.report import ask as pages

    code = exit_code(answer, no_run) if cut_short is None else cut_short
    if wish.format == "json":
        return deliver_text(lambda _: pages.to_json(answer), wish, code)
    return deliver_text(lambda look: pages.page(answer, look), wish, code)


def said(words: tuple[str, ...]) -> str:
    """The complaint. Raises UsageError when there is none, or far too much of it."""
    from doctor.ask.asking import MAX_CHARACTERS, cleaned

    piped = words == ("-",)
    return cleaned(
        sys.stdin.buffer.read(MAX_CHARACTERS * 4 + 1).decode("utf-8", "replace") if piped else " ".join(words)
    )


def begun(complaint: str, plugins: tuple[Path, ...]) -> "Interview":
    """The candidates for the complaint and the questions about them."""
    from doctor.ask.asking import shelf

    known = shelf(plugins)
    return known.interview(known.candidates(complaint))


def target_of(urls: tuple[str, ...], model: str, key: str) -> "tuple[Target, ...]":
    """The server that is meant, nothing where none was found. Raises UsageError where several are."""
    return named_targets(urls, model, key) if urls else found_target()


def answered(complaint: str, interview: "Interview", plan: "RunPlan | None") -> "tuple[Answer, int | None]":
    """Ask as planned. The number is the exit code of the signal that cut it short, if one did."""
    from doctor.ask import asking
    from doctor.cli.follow import follow

    if plan is None or not plan.targets or not interview.possible:
        reason = "" if plan is None or not interview.candidates else _why_nothing(plan)
        return asking.named(complaint, interview, reason), None
    report, cut_short = asyncio.run(follow(plan))
    return asking.answered(complaint, interview, report), cut_short


def _why_nothing(plan: "RunPlan") -> str:
    from doctor.ask.asking import NO_CHECK, NO_SERVER

    return NO_CHECK if plan.targets else f"{NO_SERVER}; name one with --target URL."


def exit_code(answer: "Answer", no_run: bool) -> int:
    """As for check; with --no-run it is a success to name a cause."""
    if not answer.candidates:
        return exits.UNKNOWN
    return exits.OK if no_run else exits.OF_STATE[answer.state]
