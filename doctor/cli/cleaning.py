"""A report made fit to leave: redacted before it is written, and looked at once more when it is text."""

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from doctor.cli.places import state_folder
from doctor.errors import RedactionError, UsageError

if TYPE_CHECKING:
    from doctor.model import Report

# Formats that go to somebody else. The others are read where the machine is looked after: on its own terminal, by its
# monitoring. Names of hosts are needed there, to type a command or to find the machine; secrets are not.
SHARED_FORMATS = frozenset({"json", "jsonl", "markdown", "html"})
LEVELS = ["all", "secrets", "nothing"]


class Privacy(NamedTuple):
    """What the user wants to be taken out; `level` "" means as usual for the format and place."""

    level: str = ""
    include_content: bool = False
    stable_aliases: bool = False

    def of(self, format_name: str, to_file: bool) -> str:
        """The level for an output."""
        shared = format_name in SHARED_FORMATS or (format_name == "text" and to_file)
        return self.level or ("all" if shared else "secrets")


class Cleaner:
    """The redactor of one output, with the keys that this run was given among the literals."""

    def __init__(self, level: str, privacy: Privacy, secrets: Iterable[str] = ()) -> None:
        from doctor.redact import Level, Redactor, gather
        from doctor.redact.aliases import stable

        if privacy.stable_aliases and level != "all":
            raise UsageError("--stable-aliases is about names, and this output keeps its names; add --redact all")
        self._privacy = privacy
        self._path: Path | None = state_folder() / "aliases.json" if privacy.stable_aliases else None
        aliases = stable(self._path) if self._path else None
        self.redactor: Redactor = Redactor(gather(secrets=secrets), Level(level), aliases)

    def report(self, report: "Report") -> "Report":
        """The report redacted, with a note of what was done."""
        from doctor.redact import redacted

        return redacted(report, self.redactor, include_content=self._privacy.include_content)

    def text(self, text: str) -> str:
        """The finished text, if nothing is left in it that must not leave. Raises RedactionError."""
        left = self.redactor.leaks(text)
        if left:
            raise RedactionError(
                f"nothing was written: the finished text still holds something that looks like {' and '.join(left)}; "
                "--redact nothing writes it as it is"
            )
        self._keep()
        return text

    def _keep(self) -> None:
        from doctor.redact.aliases import keep

        if self._path:
            with contextlib.suppress(OSError):
                keep(self.redactor.aliases, self._path)
