"""Everything that this program raises on purpose.

DoctorError                  a sentence for the person at the keyboard; the command line exits with 3
├── UsageError               an unknown id, option, URL or file
├── PluginError              a check or playbook file that cannot be used
├── ReportError              a saved report that cannot be read
├── RedactionError           an output that still holds what must not leave; nothing of it was written
├── WardError                a patient that cannot be started
├── TreatError               a remedy that cannot be carried out or taken back; what was done is in the message
├── StoreError               an index that cannot be opened or read
└── Trouble                  something a server or machine did; becomes a fact, a skip or a finding
    ├── Unreachable          no connection, or it broke
    ├── Refused              an HTTP status that says no (carries status and body text)
    ├── Malformed            an answer that is not what the protocol says
    └── TooLate              a deadline passed
Skip                         a fact or check cannot be evaluated here; carries the reason
"""


class DoctorError(Exception):
    """A sentence for the person at the keyboard."""


class UsageError(DoctorError):
    """An unknown id, option, URL or file."""


class PluginError(DoctorError):
    """A check or playbook file that cannot be used."""


class ReportError(DoctorError):
    """A saved report that cannot be read."""


class RedactionError(DoctorError):
    """An output that still holds what must not leave; nothing of it was written."""


class WardError(DoctorError):
    """A patient that cannot be started."""


class TreatError(DoctorError):
    """A remedy that cannot be carried out or taken back."""


class StoreError(DoctorError):
    """An index that cannot be opened or read."""


class Trouble(DoctorError):
    """Something a server or machine did."""


class Unreachable(Trouble):
    """No connection could be made, or it broke; `how` is one of the states of `facts.target.Reach`."""

    def __init__(self, message: str, how: str = "broken") -> None:
        super().__init__(message)
        self.how = how


class Refused(Trouble):
    """An HTTP answer that says no."""

    def __init__(self, message: str, status: int, body: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.body = body


class Malformed(Trouble):
    """An answer that is not what the protocol says."""


class TooLate(Trouble):
    """A deadline passed."""


class Skip(Exception):
    """A fact or a check cannot be evaluated here; the reason is shown to the user."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
