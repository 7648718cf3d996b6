"""A finished run in the history of this machine: without secrets; names stay, because the history stays here."""

from pathlib import Path

from doctor.errors import ReportError
from doctor.history import Entry, add, entries
from doctor.model import Report


def keep(report: Report, folder: Path) -> Path:
    """Save the report and say where. Raises ReportError."""
    from doctor.redact import Level, Redactor, gather, redacted

    try:
        return add(redacted(report, Redactor(gather(), Level.SECRETS)), folder)
    except OSError as error:
        raise ReportError(f"the report could not be kept in {folder}: {error.strerror or error}") from error


def kept(folder: Path) -> list[Entry]:
    """What is kept, newest first. Raises ReportError."""
    try:
        return entries(folder)
    except OSError as error:
        raise ReportError(f"the history in {folder} cannot be read: {error.strerror or error}") from error
