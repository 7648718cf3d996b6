"""Exit codes: a contract with scripts and monitoring systems. Imports nothing, because every start needs it."""

OK = 0
WARNING = 1
CRITICAL = 2
UNKNOWN = 3  # nothing could be evaluated, deadline, wrong usage, bad configuration, a fault in this program
INTERRUPTED = 130
TERMINATED = 143

OF_STATE = {"ok": OK, "warning": WARNING, "critical": CRITICAL, "unknown": UNKNOWN}
MEANINGS = {
    OK: "nothing wrong was found, or nothing as bad as `--fail-on`",
    WARNING: "a warning: something is wrong, the model can be used",
    CRITICAL: "critical: something is broken, or a named server is down",
    UNKNOWN: "unknown: no server found, nothing could be evaluated, deadline passed, wrong usage or configuration",
    INTERRUPTED: "interrupted by Ctrl-C; what was found until then is printed",
    TERMINATED: "terminated by SIGTERM; what was found until then is printed",
}


def exit_code(state: str, fail_on: str = "warning") -> int:
    """The code for a report's state. `fail_on` critical lets warnings pass; it never hides what is unknown."""
    if state == "warning" and fail_on == "critical":
        return OK
    return OF_STATE[state]
