"""Options that several commands share, and the kinds of words they take."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from doctor.cli.cleaning import LEVELS, Privacy
from doctor.cli.output import Delivery
from doctor.nearest import nearest
from doctor.report import FORMATS

MAX_DEADLINE_S = 86_400.0
CONTEXT: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class OneOf(click.Choice[str]):
    """A choice that answers a wrong word with one sentence and the nearest right one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401
        """The word itself. Raises click.BadParameter."""
        if value in self.choices:
            return str(value)
        msg = f"{value!r} is none of {', '.join(self.choices)}{nearest(str(value), self.choices)}"
        raise click.BadParameter(msg, ctx, param)


def seconds(ctx: click.Context, param: click.Parameter, value: float) -> float:
    """Option callback: a duration, more than none and at most a day. Raises click.BadParameter."""
    if not 0 < value <= MAX_DEADLINE_S:  # also refuses what is not a number
        msg = f"{value} is not a number of seconds between 0 and {MAX_DEADLINE_S:.0f}"
        raise click.BadParameter(msg, ctx, param)
    return value


format_option = click.option(
    "--format",
    "format_name",
    type=OneOf(list(FORMATS)),
    metavar="F",
    help=f"How to print: {', '.join(FORMATS)}. Default: text.",
)
output_option = click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="Write to a file instead; its ending chooses the format (.json .md .html .xml .prom ...).",
)
no_color_option = click.option("--no-color", is_flag=True, help="Never use colour; NO_COLOR is honoured as well.")
plugins_option = click.option(
    "--plugins",
    metavar="DIR",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Also use the checks/ and playbooks/ folders in DIR. Repeatable.",
)
fail_on_option = click.option(
    "--fail-on",
    type=OneOf(["warning", "critical"]),
    default="warning",
    help="The mildest state that makes the exit code other than 0. Default: warning.",
)


redact_option = click.option(
    "--redact",
    "level",
    type=OneOf(LEVELS),
    help="What to take out: all (secrets, names, addresses), secrets, or nothing. "
    "Default: all for what is shared (json, markdown, html, files of text), secrets otherwise.",
)
content_option = click.option(
    "--include-content", is_flag=True, help="Keep system prompts and documents, which are otherwise left out."
)
aliases_option = click.option(
    "--stable-aliases", is_flag=True, help="The same alias for the same name in every report."
)


def printing(command: Callable[..., int]) -> Callable[..., int]:
    """The options of every command that prints a report, handed over as one `Delivery` named `wish`."""

    @functools.wraps(command)
    def with_wish(*, format_name: str | None, output: str | None, no_color: bool, **others: Any) -> int:  # noqa: ANN401
        privacy = Privacy(others.pop("level") or "", others.pop("include_content"), others.pop("stable_aliases"))
        wish = Delivery(format_name=format_name, output=output, no_color=no_color, privacy=privacy)
        wish.must_be_possible()
        return command(wish=wish, **others)

    for option in (aliases_option, content_option, redact_option, no_color_option, output_option, format_option):
        with_wish = option(with_wish)
    return with_wish
