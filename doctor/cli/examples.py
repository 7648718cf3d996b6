"""`llm-doctor examples`: files to start from, for Prometheus, systemd, containers, CI and monitoring."""

from pathlib import Path

import click

from doctor.cli import exits
from doctor.cli.options import CONTEXT
from doctor.cli.output import put, save, say
from doctor.errors import UsageError
from doctor.nearest import nearest

FOLDER = Path(__file__).resolve().parent.parent / "examples"


@click.command("examples", context_settings=CONTEXT)
@click.argument("name", required=False)
@click.option("-o", "--output", "folder", metavar="DIR", help="Write to this folder; all files without NAME.")
def examples(name: str | None, folder: str | None) -> int:
    """List the example files, print one, or write them to a folder.

    \b
    Examples:
      llm-doctor examples
      llm-doctor examples alerts.yml
      llm-doctor examples -o deploy/
    """  # noqa: D301 - click's mark for lines to be kept as they are
    files = {path.name: path for path in sorted(FOLDER.iterdir()) if path.is_file() and path.suffix != ".py"}
    if name and name not in files:
        raise UsageError(f"there is no example {name!r}{nearest(name, files)}")
    if folder is None:
        text = files[name].read_text(encoding="utf-8") if name else "".join(f"{one}\n" for one in files)
        return exits.OK if put(text) else exits.UNKNOWN
    place = Path(folder)
    if not place.is_dir():
        raise UsageError(f"there is no folder {folder}")
    for one in [name] if name else files:
        if (place / one).exists():
            raise UsageError(f"{place / one} exists already; nothing was overwritten")
    for one in [name] if name else files:
        try:
            save(place / one, files[one].read_text(encoding="utf-8"))
        except OSError as error:
            raise UsageError(f"{place / one} cannot be written: {error.strerror or error}") from error
        say(f"written: {place / one}")
    return exits.OK
