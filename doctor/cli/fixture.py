"""`llm-doctor fixture`: a saved report as a test case that keeps its diagnosis from changing unnoticed."""

from pathlib import Path

import click

from doctor.cli import exits
from doctor.cli.cleaning import Cleaner, Privacy
from doctor.cli.options import CONTEXT
from doctor.cli.output import save, say
from doctor.errors import UsageError
from doctor.text import one_line

TEST = '''"""What must be found in {name}.json, a saved report: today's checks on its facts."""

import asyncio
from pathlib import Path

from doctor.replay import replay
from doctor.report.json import read_file

REPORT = Path(__file__).with_name("{name}.json")
CAUSES = {causes}
STATE = "{state}"


def test_{function}_is_diagnosed_as_before():
    report = asyncio.run(replay(read_file(str(REPORT))))
    assert [sorted(c.id for c in target.causes if c.verdict == "confirmed") for target in report.targets] == CAUSES
    assert report.state == STATE
'''


@click.command("fixture", context_settings=CONTEXT)
@click.argument("file")
@click.option("-o", "--output", "folder", metavar="DIR", default=".", help="Where to write. Default: here.")
@click.option("--name", metavar="NAME", help="Name of the two files. Default: that of FILE.")
def fixture(file: str, folder: str, name: str | None) -> int:
    """Turn a saved report into a regression test: a redacted report and a pytest file beside it.

    The test expects what today's checks find in the report's facts; read it before you keep it.
    """
    import asyncio

    from doctor.replay import replay
    from doctor.report import render
    from doctor.report.json import read_file

    word = name or (Path(file).stem if file != "-" else "report")
    function = "".join(c if c.isalnum() and c.isascii() else "_" for c in word.lower()).strip("_")
    if not function or word != Path(word).name:
        raise UsageError(f"{one_line(word, 80)!r} cannot be the name of a test; give one with --name")
    place = Path(folder)
    if not place.is_dir():
        raise UsageError(f"there is no folder {one_line(folder)}")
    cleaner = Cleaner("all", Privacy())
    report = cleaner.report(read_file(file))
    again = asyncio.run(replay(report))
    causes = [sorted(cause.id for cause in target.causes if cause.verdict == "confirmed") for target in again.targets]
    test = TEST.format(name=function, function=function, causes=causes, state=again.state)
    try:
        save(place / f"{function}.json", cleaner.text(render(report, "json")))
        save(place / f"test_{function}.py", test)
    except OSError as error:
        say(f"{one_line(folder)} cannot be written: {error.strerror or error}")
        return exits.UNKNOWN
    say(f"written: {place / f'{function}.json'} and {place / f'test_{function}.py'}")
    return exits.OK
