"""`llm-doctor` itself: finds the command, maps every end to its exit code."""

import contextlib
import importlib
import sys
from types import TracebackType
from typing import Any

import click

from doctor import __version__
from doctor.cli import exits
from doctor.cli.face import face, possible
from doctor.cli.interrupts import note_interrupts
from doctor.cli.options import CONTEXT
from doctor.cli.output import say
from doctor.cli.settings import defaults
from doctor.errors import DoctorError, UsageError
from doctor.nearest import nearest

COMMANDS = {
    "check": "doctor.cli.check:check",
    "rag": "doctor.cli.rag:rag",
    "ask": "doctor.cli.ask:ask",
    "treat": "doctor.cli.treat:treat",
    "undo": "doctor.cli.undo:undo",
    "fit": "doctor.cli.fit:fit",
    "list": "doctor.cli.listing:listing",
    "explain": "doctor.cli.explain:explain",
    "demo": "doctor.cli.demo:demo",
    "replay": "doctor.cli.replay:replay",
    "show": "doctor.cli.show:show",
    "report": "doctor.cli.report:report",
    "diff": "doctor.cli.diff:diff",
    "history": "doctor.cli.history:history",
    "fixture": "doctor.cli.fixture:fixture",
    "config": "doctor.cli.config:config",
    "watch": "doctor.cli.watch:watch",
    "serve": "doctor.cli.serve:serve",
    "probe": "doctor.cli.probe:probe",
    "merge": "doctor.cli.merge:merge",
    "examples": "doctor.cli.examples:examples",
    "completion": "doctor.cli.manual:completion",
    "man": "doctor.cli.manual:man",
}


CONFIGURED = frozenset({"check", "watch", "serve"})  # commands whose options the settings may give


class Commands(click.Group):
    """The commands by name, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the help page."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, or None when there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first word names. Raises click.UsageError with the nearest name."""
        word = args[0]
        if word not in COMMANDS and not ctx.resilient_parsing:
            raise click.UsageError(f"there is no command {word!r}{nearest(word, COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"llm-doctor {__version__}")
        ctx.exit(exits.OK)


@click.group(cls=Commands, invoke_without_command=True, context_settings=CONTEXT)
@click.option("--target", "targets", metavar="URL", multiple=True, help="A server to examine. Repeatable.")
@click.option(
    "-V", "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version."
)
@click.option("--plain", is_flag=True, help="The same as lines of text, for screen readers.")
@click.option("--serve", is_flag=True, help="The full-screen view in a browser. Needs the extra web.")
@click.option("--listen", metavar="HOST:PORT", help="Where --serve listens. Default: 127.0.0.1:8765.")
@click.option("--allow-treat", is_flag=True, help="Let the browser change something; otherwise it only reads.")
@click.option("--in-browser", is_flag=True, hidden=True)
@click.pass_context
def program(
    ctx: click.Context,
    *,
    targets: tuple[str, ...],
    plain: bool,
    serve: bool,
    listen: str | None,
    allow_treat: bool,
    in_browser: bool,
) -> int | None:
    """Find out why a local LLM is slow, forgetful or broken, and how to cure it.

    Without a command: the full-screen view on a terminal, `llm-doctor check` otherwise.

    \b
    Examples:
      llm-doctor                           look for servers and diagnose them
      llm-doctor check --depth passive     only read, never make a model generate
      llm-doctor explain prompt-truncated  what a check, symptom or cause is
      llm-doctor demo                      diagnose a patient that comes with it

    Exit codes: 0 ok, 1 warning, 2 critical, 3 unknown or wrong usage, 130 interrupted.
    """  # noqa: D301 - click's mark for lines to be kept as they are
    if ctx.invoked_subcommand is not None:
        if targets:
            raise UsageError(f"write --target after the command: llm-doctor {ctx.invoked_subcommand} --target URL")
        if plain or serve or listen or allow_treat:
            raise UsageError("--plain, --serve, --listen and --allow-treat go with no command")
        if ctx.invoked_subcommand in CONFIGURED:
            ctx.default_map = {ctx.invoked_subcommand: defaults()}
        return None
    if (listen or allow_treat) and not (serve or in_browser):
        raise UsageError("--listen and --allow-treat go with --serve")
    if serve:
        from doctor.cli.in_browser import DEFAULT, serve_face

        return serve_face(targets, listen or DEFAULT, allow_treat=allow_treat)
    if plain or in_browser or possible():
        return full_screen(targets, plain=plain, read_only=in_browser and not allow_treat)
    check = program.get_command(ctx, "check")
    ctx.default_map = {"check": defaults()}
    code: int = ctx.invoke(check, targets=targets)  # type: ignore[arg-type] # "check" is always there
    return code


def full_screen(targets: tuple[str, ...], *, plain: bool = False, read_only: bool = False) -> int:
    """The TUI on these targets, or the same as lines."""
    from doctor.cli.check import named_targets
    from doctor.cli.settings import thresholds
    from doctor.runner import RunPlan

    plan = RunPlan(targets=named_targets(targets), thresholds=thresholds())
    if plain:
        from doctor.cli.plain import plainly

        return plainly(plan)
    return face(plan, read_only=read_only)


def outcome(arguments: list[str] | None = None) -> int:
    """Carry out a command line and give its exit code; expected trouble becomes one sentence on standard error."""
    try:
        result: Any = program.main(args=arguments, prog_name="llm-doctor", standalone_mode=False)
    except click.exceptions.NoSuchOption as error:
        say(f"there is no option {error.option_name}{nearest(error.option_name, _options(error.ctx))}")
    except click.MissingParameter as error:
        say(error.format_message())
    except click.BadParameter as error:
        say(f"{_name(error.param)} {error.message}".strip())
    except click.ClickException as error:
        say(error.format_message())
    except DoctorError as error:
        say(str(error))
    except click.Abort:
        return exits.INTERRUPTED
    else:
        return result if isinstance(result, int) else exits.OK
    return exits.UNKNOWN


def _options(ctx: click.Context | None) -> list[str]:
    """Every option that the command knows."""
    if ctx is None:
        return []
    return [name for param in ctx.command.get_params(ctx) for name in param.opts if name.startswith("--")]


def _name(param: click.Parameter | None) -> str:
    """An option as typed; nothing for an argument, whose value names itself."""
    return param.opts[-1] if isinstance(param, click.Option) else ""


def _fault(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A fault of this program: the traceback for a bug report, and 3 instead of Python's 1, which means a warning."""
    import traceback

    from doctor.contained import Contained

    with contextlib.suppress(OSError, AttributeError):
        with Contained() as broken:  # also where it is the redaction that is at fault
            from doctor.redact import Redactor, gather

            sys.stderr.write(Redactor(gather()).text("".join(traceback.format_exception(kind, error, trace))))
        if broken.reason:
            sys.stderr.write(f"{kind.__name__}, whose lines are not shown because they could not be redacted\n")
    say("this is a fault in llm-doctor, not in your model server; the lines above belong into a bug report")
    sys.exit(exits.UNKNOWN)


def run() -> None:
    """The entry point of the `llm-doctor` command."""
    sys.excepthook = _fault
    note_interrupts()
    sys.exit(outcome())
