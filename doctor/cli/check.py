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
    from doctor.report.retrieval import LocalTexts
    from doctor.runner import RunPlan

DEADLINE_S = 180.0
DEPTHS = ["passive", "quick", "deep"]  # as in doctor.model.Depth, which --help need not load
MAX_KEY_BYTES = 8192


@click.command("check", context_settings=CONTEXT)
@click.option("--target", "targets", metavar="URL", multiple=True, help="A server to examine. Repeatable.")
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
    key = key_in(api_key_file, targets) if api_key_file else ""
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
    )
    return examine(plan, wish, fail_on)


def examine(
    plan: "RunPlan",
    wish: Delivery,
    fail_on: str = "warning",
    texts: "Callable[[], Mapping[str, LocalTexts] | None]" = lambda: None,
) -> int:
    """Run the plan, deliver the report, and give the exit code. `texts` gives what only a terminal may show."""
    import asyncio

    from doctor.cli.follow import follow

    report, cut_short = asyncio.run(follow(plan))
    code = exits.exit_code(report.state, fail_on) if cut_short is None else cut_short
    return deliver(report, wish, code, texts())


def named_targets(urls: tuple[str, ...], model: str = "", key: str = "") -> tuple["Target", ...]:
    """The targets that the user named, each once. Raises UsageError."""
    if not urls:
        return ()
    from doctor.discover import parse_target

    parsed = [parse_target(url, origin="--target", model=model, api_key=key) for url in urls]
    return tuple({target.url: target for target in parsed}.values())


def key_in(path: str, targets: tuple[str, ...]) -> str:
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
