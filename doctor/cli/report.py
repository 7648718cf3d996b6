"""`llm-doctor report`: a bug report for an upstream project, from a run or a saved report."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from doctor.cli import exits
from doctor.cli.cleaning import Cleaner, Privacy
from doctor.cli.options import CONTEXT, OneOf, aliases_option, content_option
from doctor.cli.output import Delivery, put, save, say
from doctor.errors import UsageError
from doctor.text import one_line

if TYPE_CHECKING:
    from doctor.model import Report

WAYS = ["form", "body", "url", "file"]
MAX_LOG_BYTES = 64 << 10
MAX_LOG_LINES = 200


@click.command("report", context_settings=CONTEXT)
@click.argument("file", required=False)
@click.option("--for", "upstream", metavar="NAME", required=True, help="The project: ollama, llama.cpp, vllm, ...")
@click.option("--target", metavar="URL", help="The server to examine, or the one of the report's to take.")
@click.option("--as", "way", type=OneOf(WAYS), default="form", help="form, body, url or file. Default: form.")
@click.option("-o", "--output", metavar="FILE", help="Write to a file instead.")
@click.option("--say", "words", default="", metavar="TEXT", help="Your own words: what you did, expected and saw.")
@click.option("--title", default="", metavar="TEXT", help="The title; by default the worst finding.")
@click.option("--log", "log_file", metavar="FILE", help="The server's log; its end goes into the report, redacted.")
@click.option("--attach", is_flag=True, help="Also write the redacted JSON report beside the file of -o.")
@click.option("--copy", is_flag=True, help="Copy the text to the clipboard.")
@click.option("--open", "open_it", is_flag=True, help="Open the prefilled page in the browser.")
@click.option("--preview", is_flag=True, help="Only say what would be replaced, by kind.")
@content_option
@aliases_option
def report(  # noqa: PLR0913 - click hands over one parameter an option
    *,
    file: str | None,
    upstream: str,
    target: str | None,
    way: str,
    output: str | None,
    words: str,
    title: str,
    log_file: str | None,
    attach: bool,
    copy: bool,
    open_it: bool,
    preview: bool,
    include_content: bool,
    stable_aliases: bool,
) -> int:
    """Write a bug report for an upstream project, filled with what was measured.

    FILE is a saved report; without it the server is examined now. Nothing is sent anywhere. Names, addresses and
    secrets are replaced; --preview says how many of which kind.

    \b
    Examples:
      llm-doctor report --for ollama
      llm-doctor report --for llama.cpp report.json --say "Garbled" -o bug.md
      llm-doctor report --for vllm report.json --preview
    """  # noqa: D301 - click's mark for lines to be kept as they are
    from doctor.report.upstream.draft import Said, as_form, draft

    if attach and not output:
        raise UsageError("--attach needs -o FILE: the attachment is written beside it")
    Delivery(output=output).must_be_possible()
    cleaner = Cleaner("all", Privacy("all", include_content, stable_aliases))
    examined = cleaner.report(_examined(file, target))
    text = cleaner.redactor.text
    said = Said(words=text(words), title=text(title), log=text(_log(log_file)))
    filled = draft(examined, upstream, target if file else None, said)
    if preview:
        return _previewed(cleaner)
    url = cleaner.text(filled.url)
    written = cleaner.text(as_form(filled) if way == "form" else url + "\n" if way == "url" else filled.body)
    code = _written(written, output, examined, attach)
    for sentence in filled.missing if way != "form" else ():
        say(f"still missing: {sentence}")
    if copy:
        _copy(written)
    if open_it and code == exits.OK:
        click.launch(url)
    return code


def _examined(file: str | None, target: str | None) -> "Report":
    if file:
        from doctor.report.json import read_file

        return read_file(file)
    import asyncio

    from doctor.cli.check import named_targets
    from doctor.cli.follow import follow
    from doctor.cli.settings import thresholds
    from doctor.runner import RunPlan

    plan = RunPlan(targets=named_targets((target,) if target else ()), thresholds=thresholds())
    found, _ = asyncio.run(follow(plan))
    return found


def _log(path: str | None) -> str:
    """The end of the log, at most `MAX_LOG_LINES`. Raises UsageError."""
    if not path:
        return ""
    from doctor.text import plain

    try:
        with Path(path).open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - MAX_LOG_BYTES))
            data = file.read(MAX_LOG_BYTES)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"the log {one_line(path)} cannot be read: {getattr(error, 'strerror', None) or error}"
        ) from error
    return "\n".join(plain(line, 2000) for line in data.decode("utf-8", "replace").splitlines()[-MAX_LOG_LINES:])


def _previewed(cleaner: Cleaner) -> int:
    counts = cleaner.redactor.counts
    lines = [f"{number:6} {kind}" for kind, number in counts.items()] or ["  nothing had to be replaced"]
    return exits.OK if put("\n".join(["Replaced, by kind:", *lines]) + "\n") else exits.UNKNOWN


def _written(text: str, output: str | None, examined: "Report", attach: bool) -> int:
    if output in (None, "-"):
        return exits.OK if put(text) else exits.UNKNOWN
    path = Path(str(output))
    try:
        save(path, text)
        say(f"bug report written to {path}")
        if attach:
            from doctor.report import render

            beside = path.with_suffix(".report.json")
            save(beside, render(examined, "json"))
            say(f"to be attached: {beside}")
    except OSError as error:
        say(f"{path} could not be written ({error.strerror or error}); the report is printed instead")
        put(text)
        return exits.UNKNOWN
    return exits.OK


def _copy(text: str) -> None:
    """To the clipboard, by the system's own program, else through the terminal."""
    import base64

    from doctor.clipboard import copied

    if copied(text):
        say("copied to the clipboard")
    elif sys.stderr is not None and sys.stderr.isatty():
        sys.stderr.write(f"\x1b]52;c;{base64.b64encode(text.encode()).decode()}\x07")
        say("handed to the terminal for its clipboard")
    else:
        say("there is no clipboard here; write to a file with -o")
