"""A complaint from its words to its answer, in pieces that the faces put together."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from doctor import __version__
from doctor.ask.answer import Answer, asked, likely
from doctor.ask.candidates import Candidate, candidates
from doctor.ask.match import Matcher
from doctor.ask.questions import Interview
from doctor.check import Check
from doctor.errors import UsageError
from doctor.model import Report, Tool
from doctor.playbooks import Playbook
from doctor.plugins import load_checks, load_playbooks
from doctor.selection import suited

MAX_CHARACTERS = 4000  # a complaint, not a log file
NO_CHECK = "No check can prove any of these, so none was run."
NO_SERVER = "No model server was found, so nothing was looked for"


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """What a complaint is compared with, and what can be asked."""

    checks: tuple[Check, ...]
    books: Sequence[Playbook]
    matcher: Matcher

    def candidates(self, complaint: str) -> tuple[Candidate, ...]:
        """The likely causes, most likely first."""
        return candidates(self.matcher.matches(complaint))

    def interview(self, found: Sequence[Candidate]) -> Interview:
        """The questions about them."""
        return Interview(found, suited(self.checks, index=False), self.books)


def shelf(plugins: tuple[Path, ...] = ()) -> Shelf:
    """Everything bundled, and what is in the plug-in folders; takes some tenths of a second."""
    checks, books = load_checks(plugins), load_playbooks(plugins)
    return Shelf(checks=checks, books=books, matcher=Matcher(books, checks))


def cleaned(text: str) -> str:
    """The complaint. Raises UsageError when there is none, or far too much of it."""
    text = text.encode("utf-8", "replace").decode("utf-8").strip()
    if not text:
        raise UsageError('say what goes wrong, for example: llm-doctor ask "it forgets what I said"')
    if len(text) > MAX_CHARACTERS:
        raise UsageError(f"that is more than {MAX_CHARACTERS} characters; say in a sentence or two what goes wrong")
    return text


def named(complaint: str, interview: Interview, reason: str = "") -> Answer:
    """The candidates alone; `reason` says why no check was run."""
    found = likely(interview.candidates, None, interview.checks)
    return Answer(tool=Tool(version=__version__), complaint=complaint, candidates=found, reason=reason)


def answered(complaint: str, interview: Interview, report: Report) -> Answer:
    """What the run said that the interview guided."""
    (target,) = report.targets
    confirmed = {cause.id for cause in target.causes if cause.verdict == "confirmed"}
    return Answer(
        tool=Tool(version=__version__),
        complaint=complaint,
        candidates=likely(interview.candidates, target, interview.checks),
        asked=asked(interview.asked, target),
        state=report.state,
        reason=_how_it_ended(interview, confirmed),
        report=report,
    )


def _how_it_ended(interview: Interview, confirmed: set[str]) -> str:
    """What the asking did not cover, in a sentence."""
    names = {candidate.book.id for candidate in interview.candidates}
    if names & confirmed:
        return "The asking ended there. llm-doctor check looks for everything else."
    if confirmed:
        return "It is none of these, but something else was found on the way."
    return "None of these was proved. llm-doctor check looks for everything else."
