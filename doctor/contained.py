"""The one broad handler: what somebody else's code raises becomes a reason, not the end of the program."""

from types import TracebackType

from doctor.errors import DoctorError, Skip
from doctor.text import one_line


class Contained:
    """A block of plug-in code. Our own errors, skips and interrupts pass; any other exception is kept as `reason`."""

    reason: str = ""

    def __enter__(self) -> "Contained":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> bool:
        if not isinstance(error, (Exception, SystemExit)) or isinstance(error, (DoctorError, Skip)):
            return False
        self.reason = one_line(f"{type(error).__name__}: {error}")
        return True
