"""`llm-doctor man` and `llm-doctor completion`: pages and scripts made from the commands themselves."""

import click

from doctor import __version__
from doctor.cli import exits
from doctor.cli.options import CONTEXT, OneOf
from doctor.cli.output import put

SHELLS = ["bash", "zsh", "fish"]


@click.command("completion", context_settings=CONTEXT)
@click.argument("shell", metavar="bash|zsh|fish", type=OneOf(SHELLS))
def completion(shell: str) -> int:
    """Print a script that completes commands and options in a shell.

    \b
    Examples:
      llm-doctor completion bash > /etc/bash_completion.d/llm-doctor
      llm-doctor completion fish > ~/.config/fish/completions/llm-doctor.fish
    """  # noqa: D301 - click's mark for lines to be kept as they are
    from click.shell_completion import get_completion_class

    from doctor.cli.main import program

    kind = get_completion_class(shell)
    if kind is None:
        return exits.UNKNOWN
    return (
        exits.OK
        if put(kind(program, {}, "llm-doctor", "_LLM_DOCTOR_COMPLETE").source_template % _names())
        else exits.UNKNOWN
    )


def _names() -> dict[str, str]:
    return {
        "complete_func": "_llm_doctor_completion",
        "complete_var": "_LLM_DOCTOR_COMPLETE",
        "prog_name": "llm-doctor",
    }


@click.command("man", context_settings=CONTEXT)
def man() -> int:
    """Print the manual page, in the format of man.

    \b
    Examples:
      llm-doctor man > llm-doctor.1 && man ./llm-doctor.1
    """  # noqa: D301 - click's mark for lines to be kept as they are
    return exits.OK if put(page()) else exits.UNKNOWN


def page() -> str:
    """The whole page: every command with its options, then exit codes, files and variables."""
    from doctor.cli.main import COMMANDS, program

    context = click.Context(program, info_name="llm-doctor")
    lines = [f'.TH LLM-DOCTOR 1 "" "llm-doctor {__version__}" "User Commands"', ".SH NAME"]
    lines += [
        "llm-doctor \\- find out why a local LLM is slow, forgetful or broken, and how to cure it",
        ".SH SYNOPSIS",
    ]
    lines += [".B llm-doctor", "[\\fICOMMAND\\fR] [\\fIOPTIONS\\fR]", ".SH COMMANDS"]
    for name in COMMANDS:
        command = program.get_command(context, name)
        if command is not None:
            lines += _command(command, click.Context(command, info_name=name, parent=context))
    lines.append(".SH EXIT STATUS")
    for code, meaning in exits.MEANINGS.items():
        lines += [".TP", str(code), _said(meaning.replace("`", ""))]
    lines += [
        ".SH FILES",
        ".TP",
        "llm-doctor.toml",
        "settings of the project",
        ".TP",
        "~/.config/llm-doctor/config.toml",
    ]
    lines += ["settings of the user", ".TP", "/etc/llm-doctor/config.toml", "settings of the system", ".SH ENVIRONMENT"]
    lines += ["LLM_DOCTOR_DEPTH and its like give options; NO_COLOR is honoured."]
    return "\n".join(lines) + "\n"


def _command(command: click.Command, context: click.Context) -> list[str]:
    pieces = " ".join(command.collect_usage_pieces(context))
    lines = [f".SS {_said(context.info_name or '')} {_said(pieces)}"]
    for paragraph in (command.help or "").split("\n\n"):
        kept = paragraph.startswith("\b")
        text = paragraph.removeprefix("\b").strip("\n")
        lines += [".PP", *([".nf", *map(_said, text.splitlines()), ".fi"] if kept else [_said(" ".join(text.split()))])]
    for param in command.get_params(context):
        record = param.get_help_record(context)
        if record:
            lines += [".TP", f"\\fB{_said(record[0])}\\fR", _said(record[1])]
    return lines


def _said(text: str) -> str:
    """Text that troff prints as it is."""
    clean = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + clean if clean.startswith((".", "'")) else clean
