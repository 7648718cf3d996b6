"""`llm-doctor treat`: show the cure of one cause, carry it out on consent, prove that it worked."""

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from doctor.cli import exits
from doctor.cli.asking import agreed, chosen
from doctor.cli.options import CONTEXT, OneOf, no_color_option, plugins_option
from doctor.cli.output import look, on_terminal, put, say
from doctor.errors import TreatError, UsageError

if TYPE_CHECKING:
    from doctor.context import Target
    from doctor.model import Cause, Remedy, Step, TargetReport
    from doctor.playbooks import Playbook
    from doctor.treat.journal import Journal
    from doctor.treat.treatment import Catalogue

CODES = {"fixed": exits.OK, "better": exits.WARNING, "unchanged": exits.WARNING, "worse": exits.CRITICAL}


@click.command("treat", context_settings=CONTEXT)
@click.argument("cause", metavar="CAUSE")
@click.option("--target", "url", metavar="URL", help="The server to treat; by default the one that is found.")
@click.option("--model", default="", metavar="M", help="The model to examine; by default the one that is loaded.")
@click.option(
    "--depth", type=OneOf(["quick", "deep"]), default="quick", help="As deep as the run that found it. Default: quick."
)
@click.option("--apply", "wanted", is_flag=True, help="Carry it out, asking before each step.")
@click.option("--yes", is_flag=True, help="With --apply: do not ask.")
@click.option("--remedy", type=click.IntRange(min=1), metavar="N", help="The remedy to carry out, by its number.")
@click.option("--api-key-file", metavar="F", help="A file with the key of the target; - is standard input.")
@no_color_option
@plugins_option
def treat(  # noqa: PLR0913 - click hands over one parameter an option
    *,
    cause: str,
    url: str | None,
    model: str,
    depth: str,
    wanted: bool,
    yes: bool,
    remedy: int | None,
    api_key_file: str | None,
    no_color: bool,
    plugins: tuple[Path, ...],
) -> int:
    """Show the cure of a cause for this very server; with --apply, do it, verify it, and be able to undo it.

    Without --apply nothing is changed. What needs root or changes the whole machine is printed, never run.

    \b
    Examples:
      llm-doctor treat drift-ctx-default
      llm-doctor treat drift-parallel-share --target http://127.0.0.1:8080 --apply
      llm-doctor undo

    Exit codes: 0 shown or fixed, 1 better or unchanged, 2 worse, 3 nothing was done or it could not be verified.
    """  # noqa: D301 - click's mark for lines to be kept as they are
    from doctor.cli.check import key_of

    if yes and not wanted:
        raise UsageError("--yes goes with --apply: without it nothing is done")
    if wanted and not yes and not can_ask():
        raise UsageError("--apply asks before each step, and there is no terminal to ask on; add --yes to agree to all")
    urls = (url,) if url else ()
    key = key_of(api_key_file, urls) if api_key_file else ""
    from doctor.treat.treatment import catalogue

    known = catalogue(plugins)
    session = Session(known, known.book(cause), target_of(urls, model, key), plugins, depth, no_color=no_color)
    if not session.examine():
        return session.not_found()
    session.show()
    if not wanted:
        return session.how_to_apply()
    return session.carry_out(session.choose(remedy, ask=not yes), ask=not yes)


def can_ask() -> bool:
    """Whether somebody is there to answer: never without a terminal."""
    return sys.stdin is not None and sys.stdin.isatty() and on_terminal(sys.stderr)


def target_of(urls: tuple[str, ...], model: str, key: str) -> "Target":
    """The one server to treat. Raises UsageError when none or several are found."""
    from doctor.cli.check import found_target, named_targets

    if urls:
        return named_targets(urls, model, key)[0]
    import msgspec

    found = found_target()
    if not found:
        raise UsageError("no model server was found on this machine; name it with --target URL")
    return msgspec.structs.replace(found[0], model=found[0].model or model)


class Session:
    """One call of the command: what is known so far, and where it is shown."""

    def __init__(
        self,
        known: "Catalogue",
        book: "Playbook",
        target: "Target",
        plugins: tuple[Path, ...],
        depth: str,
        *,
        no_color: bool,
    ) -> None:
        from doctor.model import Depth

        self.known = known
        self.book = book
        self.target = target
        self.plugins = plugins
        self.look = look(no_color)
        self.depth = Depth(depth)
        self.shell = "posix"

    def examine(self) -> bool:
        """Look whether it is this cause, with the checks that can prove it; False when it is not."""
        from doctor.report.steps import shell_of
        from doctor.treat.verdict import confirmed

        self.before, host = self._run(self.target)
        self.shell = shell_of(host)
        found = confirmed(self.before, self.book.id)
        if found is not None:
            self.cause: Cause = found
        return found is not None

    def _run(self, target: "Target") -> "tuple[TargetReport, dict[str, object]]":
        from doctor.cli.follow import follow
        from doctor.cli.settings import thresholds
        from doctor.treat.treatment import examination

        plan = examination(
            target, self.book, self.known, plugins=self.plugins, depth=self.depth, thresholds=thresholds()
        )
        report, cut_short = asyncio.run(follow(plan))
        if cut_short is not None:
            raise click.Abort
        return report.targets[0], report.host

    def not_found(self) -> int:
        """Say why there is nothing to treat: the cause is ruled out, or it could not be looked for."""
        from doctor.treat.treatment import why_nothing

        absent, says = why_nothing(self.before, self.book, self.target.url)
        say(says)
        if not absent and self.depth != "deep" and self.book.proved_by:
            say("if a deeper run found it, add --depth deep")
        return exits.OK if absent else exits.UNKNOWN

    def show(self) -> None:
        """The plan."""
        from doctor.report.treatment import plan_page

        put(plan_page(self.before, self.cause, self.shell, self.look))

    def how_to_apply(self) -> int:
        """The way on, after nothing was done."""
        from doctor.report.treatment import how_to_apply

        page = how_to_apply(self.cause, self.target.url, self.shell, self.look, self.depth)
        return exits.OK if put(page) else exits.UNKNOWN

    def choose(self, number: int | None, *, ask: bool) -> "Remedy":
        """The remedy to carry out. Raises UsageError when it is not one that the doctor can do."""
        remedies = self.cause.remedies
        possible = [index for index, remedy in enumerate(remedies, 1) if remedy.automatic]
        if not possible:
            raise UsageError("every remedy of this cause is yours to do, as shown above; nothing was changed")
        if number is None and ask and len(possible) > 1:
            choices = [str(index) for index in possible]
            number = int(chosen("Which one shall be done", choices, default=choices[0]))
        number = number or possible[0]
        if number not in possible:
            able = " or ".join(map(str, possible))
            raise UsageError(f"remedy {number} cannot be carried out by the doctor; {able} can")
        return remedies[number - 1]

    def carry_out(self, remedy: "Remedy", *, ask: bool) -> int:
        """Each step on consent, then the same checks again."""
        from doctor.treat.journal import begun, root

        with begun(self.book.id, remedy.say, self.target.url, root()) as journal:
            try:
                done = self._apply(journal, remedy, ask=ask)
            except (TreatError, KeyboardInterrupt, click.Abort) as error:
                return self._stopped(journal, error)
            if not done:
                say("nothing was done")
                return exits.UNKNOWN
            return self._verified(journal, remedy, done, ask=ask)

    def _apply(self, journal: "Journal", remedy: "Remedy", *, ask: bool) -> int:
        """The steps in order until one is not agreed to, because the next ones may rest on it; how many were done."""
        from doctor.cli.interrupts import usual_interrupts
        from doctor.treat.treatment import carry_out, own_steps, scene

        usual_interrupts()  # asyncio turns Ctrl-C into a cancellation, in which a stopped server is started again
        steps = own_steps(remedy)
        for number, step in enumerate(steps, 1):
            if ask and not self._agreed(step):
                return number - 1
            key, place = self.target.api_key, scene(self.before)
            asyncio.run(carry_out(journal, remedy, number, place, api_key=key, progress=self._progress))
        return len(steps)

    def _agreed(self, step: "Step") -> bool:
        from doctor.report.treatment import question

        return agreed(question(step, self.target.url, self.shell), default=False)

    def _progress(self, text: str) -> None:
        if on_terminal(sys.stderr):
            with contextlib.suppress(OSError):
                sys.stderr.write(f"\r\x1b[2K{text[:78]}")
                sys.stderr.flush()

    def _stopped(self, journal: "Journal", error: BaseException) -> int:
        """A step failed, or Ctrl-C: what was begun before can be taken back."""
        from doctor.treat.journal import course

        interrupted = not isinstance(error, TreatError)
        say("interrupted" if interrupted else str(error))
        if course(journal.folder).open:
            say(f"what was done before can be taken back with: llm-doctor undo {journal.id}")
        else:
            say("nothing is left changed")
        return exits.INTERRUPTED if interrupted else exits.UNKNOWN

    def _verified(self, journal: "Journal", remedy: "Remedy", done: int, *, ask: bool) -> int:
        from doctor.report.treatment import left_page, outcome_page, undo_page
        from doctor.treat.treatment import left_over, noted, target_after

        say("done; now the same checks again")
        target = target_after(self.target, remedy)
        after, _ = self._run(target)
        judgement = noted(journal, self.before, after, self.book, self.known.checks)
        numbers = [(number.label, number.before, number.after) for number in judgement.numbers]
        put(outcome_page(judgement.outcome.value, judgement.because, numbers, self.look))
        put(left_page(left_over(remedy, done), self.target.url, self.shell, self.look))
        if judgement.outcome in ("unchanged", "worse") and ask and self._back(judgement.outcome.value, journal):
            return exits.WARNING
        put(undo_page(journal.id, self.shell, self.look))
        return CODES.get(judgement.outcome.value, exits.UNKNOWN)

    def _back(self, outcome: str, journal: "Journal") -> bool:
        """Offer to take back what did not help."""
        from doctor.treat.treatment import taken_back

        if not agreed(f"It is {outcome}. Take it back?", default=True):
            return False
        asyncio.run(taken_back(journal, api_key=self.target.api_key, each=lambda text: say(f"taken back: {text}")))
        return True
