"""A remedy's steps as acts: everything that is needed to do and undo them is looked up before anything is changed."""

import msgspec

from doctor.collect import alive
from doctor.collect.process import cleaned
from doctor.errors import Skip, TreatError
from doctor.facts import Launch, ServerProcess
from doctor.model import Step
from doctor.plan import systemd
from doctor.plan.command_line import changed
from doctor.treat import commands, files
from doctor.treat.acts import AnyAct, Restart, Run, Send, Start, Unit
from doctor.treat.journal import Journal
from doctor.treat.ready import origin


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """The server that is treated, as the examination described it."""

    url: str
    runtime: str
    process: ServerProcess | None = None
    launch: Launch | None = None


def act_of(step: Step, number: int, scene: Scene, journal: Journal, say: str) -> AnyAct:
    """What carries out an automatic step. Raises TreatError when it cannot be done safely; nothing has been changed."""
    if not step.automatic:
        raise TreatError(f"this step is yours to do: {say}")
    if step.kind == "request" and step.request is not None:
        return _send(step, scene, say)
    if step.kind == "run":
        undo = (commands.located(step.undo_command[0]), *step.undo_command[1:]) if step.undo_command else ()
        return Run(say=say, command=(commands.located(step.command[0]), *step.command[1:]), undo=undo)
    if step.kind == "edit" and step.edit is not None:
        return files.planned(step.edit["file"], step.edit["text"].encode(), journal.folder, number, say)
    if step.kind == "restart" and step.edit is not None:
        return _unit(step, number, scene, journal, say)
    if step.kind == "restart":
        return _restart(step, scene, journal, say)
    raise TreatError(f"a step of the kind {step.kind} cannot be carried out")


def _send(step: Step, scene: Scene, say: str) -> Send:
    request, undo = step.request or {}, step.undo_request or {}
    return Send(
        say=say,
        origin=origin(scene.url),
        method=str(request.get("method", "POST")),
        path=str(request.get("path", "/")),
        body=request.get("body"),
        makes=step.model,
        undo_method=str(undo.get("method", "")),
        undo_path=str(undo.get("path", "")),
        undo_body=undo.get("body"),
    )


def _restart(step: Step, scene: Scene, journal: Journal, say: str) -> Restart:
    """The process as it is now: the step was planned with secrets masked, and from what was seen a while ago."""
    now = _seen(step, scene)
    new = changed(now.command, step.flag, scene.runtime)
    if cleaned(new) != cleaned(step.command):
        raise TreatError("the server's command line is no longer the one that was examined: run the command again")
    variables = {**now.environment, **step.environment}
    variables = {name: value for name, value in variables.items() if step.environment.get(name) != ""}
    log = now.output or str(journal.folder / "server.log")
    return Restart(
        say=say,
        pid=now.pid,
        created_s=now.created_s,
        old=Start(command=now.command, environment=now.environment, folder=now.folder, log=log),
        new=Start(command=new, environment=variables, folder=now.folder, log=log),
        url=scene.url,
    )


def _seen(step: Step, scene: Scene) -> alive.Alive:
    if scene.process is None:
        raise TreatError("the server's process cannot be seen")
    try:
        now = alive.look(scene.process.pid)
    except Skip as skip:
        raise TreatError(skip.reason) from skip
    if cleaned(now.command) != step.before:
        raise TreatError("the server was started again meanwhile, with another command line: run the command again")
    return now


def _unit(step: Step, number: int, scene: Scene, journal: Journal, say: str) -> Unit:
    if scene.launch is None or step.edit is None:
        raise TreatError("the unit that starts the server is not known")
    command: tuple[str, ...] = ()
    if step.flag:
        command = changed(_seen(step, scene).command, step.flag, scene.runtime)
    edit = files.planned(step.edit["file"], b"", journal.folder, number, say)
    held = (journal.folder / edit.before.kept).read_text(encoding="utf-8") if edit.before.kept else ""
    content = systemd.drop_in(held, step.environment, command).encode()
    edit = msgspec.structs.replace(edit, content=content, digest=files.digest(content))
    return Unit(say=say, edit=edit, name=scene.launch.name)
