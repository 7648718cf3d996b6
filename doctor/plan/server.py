"""A change of the server's options or variables, as steps for the way in which this server was started."""

import re
from collections.abc import Callable, Mapping

import msgspec

from doctor.facts import Launch
from doctor.model import Step
from doctor.plan import compose, environment, systemd, templates
from doctor.plan.command_line import Flags, changed, variables_in_the_way
from doctor.plan.situation import Situation
from doctor.secret_names import is_secret

BLANK = re.compile(r"\{[a-z_]+\}")


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What changes: options, variables ("" takes one away), the command line that results, and words for a person."""

    flags: Flags
    variables: Mapping[str, str]
    command: tuple[str, ...] = ()
    text: str = ""

    @property
    def told(self) -> Step:
        """The change in words, as the playbook says it or in general ones."""
        if self.text:
            return Step(kind="by-hand", text=self.text)
        said = environment.told(self.flags, self.variables, "server")
        return Step(kind="by-hand", text=BLANK.sub(lambda found: found[0][1:-1].upper(), said))


def server_steps(step: Step, here: Situation) -> tuple[Step, ...]:
    """The steps that give the server these options and variables, as exact as its launch is known."""
    change = Change(flags=step.flag, variables=step.environment, text=step.text)
    if any(BLANK.search(str(value)) for value in (*step.flag.values(), *step.environment.values())):
        return (change.told,)
    if here.launch is None or not here.command:
        known = here.local and not step.flag
        return environment.without_process(step.environment, here.runtime, here.os) if known else (change.told,)
    variables = {**variables_in_the_way(here.environment, step.flag, here.runtime), **step.environment}
    command = changed(here.command, step.flag, here.runtime)
    if command == here.command and not any(_may_differ(name, value, here) for name, value in variables.items()):
        runs = environment.named(step.flag, variables)
        text = f"The server runs {runs} already, so it is not that; the page of the cause says what else it can be."
        return (Step(kind="by-hand", text=text),)
    change = msgspec.structs.replace(change, variables=variables, command=command)
    return (*_own_template(step, here), *BY_METHOD.get(here.launch.method, _plain)(change, here, here.launch))


def _may_differ(name: str, value: str, here: Situation) -> bool:
    """Whether the server's variable is another, or cannot be known because it holds a secret."""
    return is_secret(name) or here.environment.get(name, "") != value


def _own_template(step: Step, here: Situation) -> tuple[Step, ...]:
    """The file of our own template, where an option names it: it must be there before the server starts."""
    file = here.values.get("chatml")
    if not file or file not in step.flag.values():
        return ()
    edit = {"file": file, "text": templates.text(templates.JINJA), "name": templates.JINJA}
    return (Step(kind="edit", edit=edit, undo="The file may stay.", automatic=True),)


def _restart(change: Change, here: Situation, text: str = "", *, automatic: bool = False) -> Step:
    return Step(
        kind="restart",
        command=change.command,
        before=here.command,
        environment=dict(change.variables),
        flag=dict(change.flags),
        text=text,
        automatic=automatic,
    )


def _plain(change: Change, here: Situation, launch: Launch) -> tuple[Step, ...]:
    """A process that can be stopped and started again; by us only if it is the user's own."""
    if launch.own:
        return (_restart(change, here, automatic=True),)
    user = here.process.user if here.process else ""
    return (_restart(change, here, f"The server runs as {user or 'another user'}: stop it and start it as that user."),)


def _kept_up(change: Change, here: Situation, launch: Launch) -> tuple[Step, ...]:
    """Something else starts the server, and would start it again as it was."""
    return (_restart(change, here, f"{launch.name} starts the server: change its command line there."),)


def _systemd(change: Change, here: Situation, launch: Launch) -> tuple[Step, ...]:
    if launch.wrapped and change.flags:
        return (change.told,)
    command = change.command if change.flags else ()
    text = systemd.drop_in(launch.definition, change.variables, command)
    if launch.method == "systemd":
        return environment.drop_in_steps(launch.drop_in, text, launch.name)
    restart = ("systemctl", "--user", "restart", launch.name)
    edit = {"file": launch.drop_in, "text": text}
    return (
        Step(
            kind="restart",
            command=restart,
            before=here.command,
            environment=dict(change.variables),
            flag=dict(change.flags),
            edit=edit,
            automatic=launch.own,
        ),
    )


def _compose(change: Change, here: Situation, launch: Launch) -> tuple[Step, ...]:
    before, file = launch.definition, launch.files[0] if launch.files else "the compose file"
    after = compose.changed_service(
        before, launch.service, change.variables, change.flags, here.runtime, launch.command
    )
    if after is None:
        words = environment.named(change.flags, change.variables)
        return (Step(kind="by-hand", text=f"In {file} let the service {launch.service} run {words}."),)
    files = [word for name in launch.files for word in ("-f", name)]
    return (
        Step(kind="edit", edit={"file": file, "diff": compose.diff(before, after, file)}),
        Step(kind="run", command=("docker", "compose", *files, "up", "-d", launch.service)),
    )


def _docker(change: Change, here: Situation, launch: Launch) -> tuple[Step, ...]:
    options = [f"-e {name}={value}" for name, value in change.variables.items() if value]
    options += [f"no -e {name}" for name, value in change.variables.items() if not value]
    text = f"Remove the container {launch.name} and run it again with its old options"
    text += f" and {', '.join(options)}." if options else "."
    if not change.flags:
        return (Step(kind="by-hand", text=text),)
    return (_restart(change, here, f"{text} Behind the image's name:"),)


def _launchd(change: Change, here: Situation, launch: Launch) -> tuple[Step, ...]:
    file = launch.files[0] if launch.files else launch.name
    again = f"launchctl kickstart -k gui/$(id -u)/{launch.name}"
    if launch.name.startswith("homebrew."):
        return (
            (*environment.mac_app(change.variables)[:-1], change.told)
            if change.flags
            else (
                *environment.mac_app(change.variables)[:-1],
                Step(kind="run", command=("brew", "services", "restart", launch.name.rpartition(".")[2])),
            )
        )
    text = f"In {file}, under EnvironmentVariables and ProgramArguments, then run {again}:"
    return (_restart(change, here, text),)


def _app(change: Change, here: Situation, _: Launch) -> tuple[Step, ...]:
    if change.flags:
        return (change.told,)
    return environment.without_process(change.variables, here.runtime, here.os)


BY_METHOD: Mapping[str, Callable[[Change, Situation, Launch], tuple[Step, ...]]] = {
    "plain": _plain,
    "supervised": _kept_up,
    "child": _kept_up,
    "systemd": _systemd,
    "systemd-user": _systemd,
    "compose": _compose,
    "docker": _docker,
    "launchd": _launchd,
    "app": _app,
    "windows-service": lambda change, _, __: (change.told,),
}
