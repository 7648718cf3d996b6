"""Variables for a server whose process cannot be seen: where each operating system keeps them.

Ollama: docs/linux.md, docs/macos.md, docs/windows.md and app/server/server.go, read at ollama/ollama@fb307609.
"""

from collections.abc import Mapping

from doctor.model import Step
from doctor.plan import systemd
from doctor.plan.command_line import Flags

# The desktop app passes its own settings to the server, over the user's variables.
APP_SETTINGS = {
    "OLLAMA_CONTEXT_LENGTH": "the context slider",
    "OLLAMA_MODELS": "the folder of the models",
    "OLLAMA_HOST": "the switch that exposes Ollama to the network",
    "OLLAMA_ORIGINS": "the allowed origins",
}
SERVICE = "ollama.service"
DROP_INS = "/etc/systemd/system"


def told(flags: Flags, environment: Mapping[str, str], runtime: str) -> str:
    """The change in one sentence, for a server that is started in a way that is not known here."""
    return f"Start the server again {named(flags, environment)}." if runtime else f"{named(flags, environment)}."


def named(flags: Flags, environment: Mapping[str, str]) -> str:
    """Options and variables in words: `with -c 32768, without --chat-template`."""
    given = [name if value is True else f"{name} {value}" for name, value in flags.items() if value is not False]
    given += [f"{name}={value}" for name, value in environment.items() if value]
    gone = [name for name, value in flags.items() if value is False]
    gone += [name for name, value in environment.items() if not value]
    parts = [f"with {' and '.join(given)}"] if given else []
    parts += [f"without {' and '.join(gone)}"] if gone else []
    return ", ".join(parts)


def without_process(environment: Mapping[str, str], runtime: str, os: str) -> tuple[Step, ...]:
    """Steps that set the variables where the usual installation of this runtime looks for them."""
    if runtime == "ollama" and os in USUAL:
        return USUAL[os](environment)
    return (Step(kind="by-hand", text=told({}, environment, runtime)),)


def system_service(environment: Mapping[str, str], unit: str = SERVICE, before: str = "") -> tuple[Step, ...]:
    """A drop-in of a system unit, which needs root: printed, never run."""
    file = f"{DROP_INS}/{unit}.d/{systemd.NAME}"
    return drop_in_steps(file, systemd.drop_in(before, environment), unit)


def drop_in_steps(file: str, text: str, unit: str) -> tuple[Step, ...]:
    """The file of a system unit, and what makes systemd take it up."""
    return (
        Step(kind="edit", edit={"file": file, "text": text}, undo=f"Delete {file}, then the two commands again."),
        Step(kind="run", command=("sudo", "systemctl", "daemon-reload")),
        Step(kind="run", command=("sudo", "systemctl", "restart", unit)),
    )


def mac_app(environment: Mapping[str, str]) -> tuple[Step, ...]:
    """`launchctl setenv` reaches applications that are started afterwards, until the next restart of the Mac."""
    steps = [
        Step(
            kind="run",
            command=("launchctl", "setenv", name, value) if value else ("launchctl", "unsetenv", name),
            undo=f"launchctl unsetenv {name}" if value else "",
        )
        for name, value in environment.items()
    ]
    return (*steps, _again("Quit Ollama in the menu bar and start it again.", environment))


def windows_app(environment: Mapping[str, str]) -> tuple[Step, ...]:
    """A variable of the user, which programs started afterwards get."""
    steps = []
    for name, value in environment.items():
        gone = ("reg", "delete", "HKCU\\Environment", "/v", name, "/f")
        command = ("setx", name, value) if value else gone
        steps.append(Step(kind="run", command=command, undo=" ".join(gone) if value else ""))
    return (*steps, _again("Quit Ollama in the tray and start it again from the Start menu.", environment))


def _again(text: str, environment: Mapping[str, str]) -> Step:
    own = [setting for name, setting in APP_SETTINGS.items() if name in environment]
    if own:
        text += f" The app's own settings win over the variable: {' and '.join(own)} must be set there."
    return Step(kind="by-hand", text=text)


USUAL = {"linux": system_service, "darwin": mac_app, "windows": windows_app}
