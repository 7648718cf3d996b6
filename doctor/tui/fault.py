"""A fault of this program as it is shown after the screen is gone: the usual lines, redacted."""

import traceback

from rich.text import Text

from doctor.redact import Redactor, gather


def fault() -> Text:
    """The lines of the exception that is being handled, without its local variables, which may hold keys."""
    return Text(Redactor(gather()).text(traceback.format_exc()))
