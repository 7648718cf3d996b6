"""`llm-doctor merge`: many JSON reports as one view, the worst first."""

import json
from pathlib import Path

import click

from doctor.cli import exits
from doctor.cli.options import CONTEXT, OneOf, no_color_option
from doctor.cli.output import look, put, say
from doctor.errors import UsageError


@click.command("merge", context_settings=CONTEXT)
@click.argument("paths", metavar="FILE|FOLDER...", nargs=-1)
@click.option("--format", "format_name", type=OneOf(["text", "json"]), help="How to print. Default: text.")
@no_color_option
def merge(paths: tuple[str, ...], format_name: str | None, no_color: bool) -> int:
    """Rank the causes of many JSON reports by how many servers have them, and list the servers, the worst first.

    A folder stands for its *.json files. A file that is no report is said and left out. The exit code is that of the
    worst state.

    \b
    Examples:
      llm-doctor merge reports/
      llm-doctor merge a.json b.json --format json
    """  # noqa: D301 - click's mark for lines to be kept as they are
    from doctor.merge import Fleet, as_text

    files = [file for path in paths for file in _files(Path(path))]
    if not files:
        raise UsageError("merge needs JSON reports, or a folder that holds them")
    fleet = Fleet()
    for file in files:
        problem = fleet.add(file)
        if problem:
            say(problem)
    if not fleet.reports:
        return exits.UNKNOWN
    text = json.dumps(fleet.document(), indent=2) + "\n" if format_name == "json" else as_text(fleet, look(no_color))
    return exits.OF_STATE[fleet.state] if put(text) else exits.UNKNOWN


def _files(path: Path) -> list[Path]:
    return sorted(path.glob("*.json")) if path.is_dir() else [path]
