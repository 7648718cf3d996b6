"""Where results and talk go: standard output, a file, standard error."""

import contextlib
import errno
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

from doctor.cli import exits
from doctor.cli.cleaning import Cleaner, Privacy
from doctor.errors import UsageError
from doctor.report import ENDINGS, Look, render
from doctor.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from doctor.model import Report
    from doctor.report.retrieval import LocalTexts

PIPE_WIDTH = 80
MAX_WIDTH = 100
MIN_WIDTH = 40


class Delivery(NamedTuple):
    """How and where the user wants a report."""

    format_name: str | None = None
    output: str | None = None
    no_color: bool = False
    privacy: Privacy = Privacy()

    @property
    def format(self) -> str:
        """The format asked for, or the one that the ending of the file's name asks for."""
        ending = (self.output or "").lower().rpartition(".")[2]
        return self.format_name or ENDINGS.get(ending, "text")

    @property
    def path(self) -> Path | None:
        """The file to write, None for standard output."""
        return None if self.output in (None, "-") else Path(str(self.output))

    def must_be_possible(self) -> None:
        """Raise UsageError before the work begins when the file can certainly not be written."""
        if self.path is None:
            return
        if self.path.is_dir():
            raise UsageError(f"{one_line(str(self.path))} is a folder; -o needs the name of a file")
        if not self.path.parent.is_dir():
            raise UsageError(f"{one_line(str(self.path))} cannot be written: there is no folder {self.path.parent}")


def say(sentence: str) -> None:
    """One line of talk on standard error."""
    if sys.stderr is None:
        return
    with contextlib.suppress(OSError):
        sys.stderr.write(f"llm-doctor: {one_line(sentence, 1000)}\n")
        sys.stderr.flush()


def on_terminal(stream: TextIO | None) -> bool:
    """Whether the stream is a terminal that understands control sequences."""
    return stream is not None and stream.isatty() and os.environ.get("TERM", "") != "dumb"


def look(no_color: bool = False) -> Look:
    """What standard output can show. NO_COLOR beats FORCE_COLOR, which beats not being a terminal."""
    terminal = on_terminal(sys.stdout)
    columns = shutil.get_terminal_size((PIPE_WIDTH, 24)).columns if terminal else PIPE_WIDTH
    wanted = terminal or bool(os.environ.get("FORCE_COLOR"))
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "").replace("_", "")
    return Look(
        width=max(MIN_WIDTH, min(columns, MAX_WIDTH)),
        colour=wanted and not no_color and not os.environ.get("NO_COLOR"),
        ascii=not encoding.startswith(("utf", "cp65001")),
    )


def put(text: str) -> bool:
    """Write to standard output. A reader that left early is no error; False when the text could not be written."""
    if sys.stdout is None:
        say("standard output is closed, so the report could not be printed")
        return False
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        _discard_the_rest()
        if error.errno == errno.EPIPE:
            return True
        say(f"standard output cannot be written: {error.strerror}")
        return False
    return True


def _discard_the_rest() -> None:
    """Point standard output at nothing, so that the interpreter's last flush cannot complain."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def deliver(
    report: "Report",
    wish: Delivery,
    code: int,
    secrets: Iterable[str] = (),
    texts: "Mapping[str, LocalTexts] | None" = None,
) -> int:
    """Print or save the report, redacted; the exit code is `code`, or 3 when it did not get where it should.

    `secrets` are keys that this run was given. `texts` are shown on standard output and never written to a file.
    Raises RedactionError, before anything is written.
    """
    cleaner = Cleaner(wish.privacy.of(wish.format, wish.path is not None), wish.privacy, secrets)
    clean = cleaner.report(report)
    shown = texts if wish.path is None else None
    return deliver_text(lambda where: cleaner.text(render(clean, wish.format, where._replace(texts=shown))), wish, code)


def deliver_text(write: Callable[[Look], str], wish: Delivery, code: int) -> int:
    """The same for any text that depends on where it is shown."""
    if wish.path is None:
        return code if put(write(look(wish.no_color))) else exits.UNKNOWN
    try:
        save(wish.path, write(Look()))
    except OSError as error:
        say(f"{wish.path} could not be written ({error.strerror or error}); the report is printed instead")
        put(write(look(wish.no_color)))
        return exits.UNKNOWN
    say(f"report written to {wish.path}")
    return code


def save(path: Path, text: str, *, folders: bool = False) -> None:
    """Write a file whole or not at all: an older one stays until the new one is complete. Raises OSError.

    A link is replaced, not followed. Devices and pipes are written directly. `folders`: missing ones are made.
    """
    import secrets

    if folders:
        path.parent.mkdir(parents=True, exist_ok=True)
    data = text.encode("utf-8", "backslashreplace")
    mode = None
    with contextlib.suppress(FileNotFoundError):
        mode = path.stat().st_mode
    if mode is not None and not stat.S_ISREG(mode):
        path.write_bytes(data)
        return
    temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(6)}")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            temporary.chmod(stat.S_IMODE(mode))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
