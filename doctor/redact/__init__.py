"""What must not leave this machine, taken out of every output: secrets always, names and addresses where it is shared.

One `Redactor` serves one output. It replaces exact matches of what is known on this machine, then what a name, a shape
or an address gives away, and it looks through encodings: percent, JSON, base64, colour codes and broken lines. The
same value gets the same alias throughout. `leaks` looks once more at the finished text: whatever it still finds there
is a reason to write nothing.
"""

from doctor.redact.known import Known, gather
from doctor.redact.redactor import Level, Redactor
from doctor.redact.report import redacted

__all__ = ["Known", "Level", "Redactor", "gather", "redacted"]
