"""Facts about how things are started here: the server, and what the user types commands into."""

from doctor.facts.fact import Fact


class Launch(Fact, frozen=True, kw_only=True):
    """How the server's process was started, which decides where a change of its options lasts.

    `method`: "plain" (from a terminal or a script), "systemd", "systemd-user", "launchd", "app" (a desktop
    application), "windows-service", "docker", "compose", "supervised" (something starts it again by itself),
    "child" (another server started it).
    """

    method: str
    name: str = ""  # unit, label, container, application or parent
    command: tuple[str, ...] = ()  # of the server inside the container; secrets masked
    files: tuple[str, ...] = ()  # unit and drop-ins, compose files, property list
    service: str = ""  # of the compose file
    drop_in: str = ""  # of a unit: the file in which a treatment sets options and variables
    definition: str = ""  # what stands there, or the compose service's lines; secrets masked
    folder: str = ""  # where it was started, or the compose project's folder
    program: str = ""  # absolute path of the executable
    own: bool = False  # it runs as the user who runs the doctor
    wrapped: bool = False  # a script of the unit or image started it: its command line is not the unit's


class Shell(Fact, frozen=True, kw_only=True):
    """What commands are typed into: "posix", "fish", "powershell" (5), "pwsh" (7 and newer) or "cmd"."""

    kind: str
    source: str = ""
