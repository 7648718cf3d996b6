"""A change of the server's options or variables, fitted to each way in which a server can have been started."""

import msgspec
import pytest

from doctor.facts import Launch, ServerProcess
from doctor.model import Step
from doctor.plan.server import server_steps
from doctor.plan.situation import Situation

COMMAND = ("/usr/bin/llama-server", "-m", "m.gguf", "-c", "4096")
OLLAMA = ("/usr/local/bin/ollama", "serve")
BY_HAND = "Restart llama-server with -c 32768."
FLAG = Step(kind="flag", flag={"-c": "32768"}, text=BY_HAND)
VARIABLE = Step(kind="environment", environment={"OLLAMA_CONTEXT_LENGTH": "32768"})


def here(method="plain", *, runtime="llama.cpp", command=COMMAND, environment=None, os="linux", **launch):
    process = ServerProcess(pid=1, name="x", command=command, environment=environment or {}, user="ann")
    known = Launch(method=method, **{"own": True, **launch})
    return Situation(runtime=runtime, os=os, local=True, process=process, launch=known)


def test_a_process_of_the_users_own_is_restarted_with_its_own_command_line():
    (step,) = server_steps(FLAG, here())
    assert step.automatic
    assert step.before == COMMAND
    assert step.command == (*COMMAND[:3], "-c", "32768")


def test_a_variable_is_handed_to_the_same_command():
    (step,) = server_steps(VARIABLE, here(runtime="ollama", command=OLLAMA))
    assert (step.kind, step.command, step.environment) == ("restart", OLLAMA, {"OLLAMA_CONTEXT_LENGTH": "32768"})
    assert step.automatic


def test_a_process_of_another_user_is_left_to_that_user():
    (step,) = server_steps(FLAG, here(own=False))
    assert not step.automatic
    assert "runs as ann" in step.text


@pytest.mark.parametrize("method", ["supervised", "child"])
def test_what_keeps_the_server_running_must_be_told(method):
    (step,) = server_steps(FLAG, here(method, name="llama-swap"))
    assert not step.automatic
    assert "llama-swap starts the server" in step.text


def test_an_option_by_a_variable_is_taken_away_with_the_variable():
    gone = Step(kind="flag", flag={"--chat-template": False}, text="x")
    (step,) = server_steps(gone, here(environment={"LLAMA_ARG_CHAT_TEMPLATE": "llama2"}))
    assert step.environment == {"LLAMA_ARG_CHAT_TEMPLATE": ""}


def test_what_is_set_already_is_not_set_again():
    (step,) = server_steps(Step(kind="flag", flag={"-c": 4096}), here())
    assert step.kind == "by-hand"
    assert "already" in step.text


def test_a_system_unit_gets_a_drop_in_that_only_root_may_write():
    path = "/etc/systemd/system/ollama.service.d/zz-llm-doctor.conf"
    situation = here("systemd", runtime="ollama", command=OLLAMA, name="ollama.service", drop_in=path)
    edit, reload_, restart = server_steps(VARIABLE, situation)
    assert edit.edit == {"file": path, "text": "[Service]\nEnvironment=OLLAMA_CONTEXT_LENGTH=32768\n"}
    assert reload_.command == ("sudo", "systemctl", "daemon-reload")
    assert restart.command[-1] == "ollama.service"
    assert not any(step.automatic for step in (edit, reload_, restart))


def test_a_user_unit_gets_its_drop_in_and_is_restarted_without_root():
    (step,) = server_steps(FLAG, here("systemd-user", name="llama.service", drop_in="/h/llama.service.d/zz.conf"))
    assert step.command == ("systemctl", "--user", "restart", "llama.service")
    assert "ExecStart=/usr/bin/llama-server -m m.gguf -c 32768" in step.edit["text"]
    assert step.automatic


def test_a_unit_that_starts_a_script_is_told_in_words():
    (step,) = server_steps(FLAG, here("systemd", name="llama.service", wrapped=True))
    assert (step.kind, step.text) == ("by-hand", BY_HAND)


def test_a_compose_service_gets_a_diff():
    definition = "services:\n  ollama:\n    image: ollama/ollama\n"
    launch = {"files": ("/srv/compose.yaml",), "service": "ollama", "definition": definition}
    edit, up = server_steps(VARIABLE, here("compose", runtime="ollama", command=OLLAMA, own=False, **launch))
    assert '+      OLLAMA_CONTEXT_LENGTH: "32768"' in edit.edit["diff"]
    assert up.command == ("docker", "compose", "-f", "/srv/compose.yaml", "up", "-d", "ollama")
    assert not edit.automatic
    assert not up.automatic


def test_a_compose_file_that_is_not_understood_is_told_in_words():
    launch = {"files": ("/srv/compose.yaml",), "service": "ollama", "definition": ""}
    (step,) = server_steps(VARIABLE, here("compose", runtime="ollama", command=OLLAMA, **launch))
    assert "In /srv/compose.yaml" in step.text
    assert "OLLAMA_CONTEXT_LENGTH=32768" in step.text


def test_a_container_is_to_be_made_again():
    (step,) = server_steps(VARIABLE, here("docker", runtime="ollama", command=OLLAMA, name="ollama"))
    assert "container ollama" in step.text
    assert "-e OLLAMA_CONTEXT_LENGTH=32768" in step.text
    (step,) = server_steps(FLAG, here("docker", name="llama", command=("-m", "m.gguf", "-c", "4096")))
    assert step.command == ("-m", "m.gguf", "-c", "32768")
    assert not step.automatic


@pytest.mark.parametrize(
    ("os", "first", "last"),
    [
        ("linux", "edit", "sudo systemctl restart ollama.service"),
        ("darwin", "launchctl setenv OLLAMA_CONTEXT_LENGTH 32768", "context slider"),
        ("windows", "setx OLLAMA_CONTEXT_LENGTH 32768", "context slider"),
    ],
)
def test_an_ollama_that_cannot_be_seen_gets_the_usual_way_of_its_system(os, first, last):
    steps = server_steps(VARIABLE, Situation(runtime="ollama", os=os, local=True))
    assert first in (" ".join(steps[0].command) or steps[0].kind)
    assert last in (" ".join(steps[-1].command) or steps[-1].text)
    assert not any(step.automatic for step in steps)


def test_on_another_machine_nothing_is_done():
    steps = server_steps(VARIABLE, Situation(runtime="ollama", os="linux", local=False))
    assert [step.kind for step in steps] == ["by-hand"]
    assert "OLLAMA_CONTEXT_LENGTH=32768" in steps[0].text


def test_a_blank_that_cannot_be_filled_leaves_the_words():
    (step,) = server_steps(Step(kind="flag", flag={"-c": "{window}"}, text=BY_HAND), here())
    assert (step.kind, step.text) == ("by-hand", BY_HAND)


def test_the_desktop_app_is_told_about_its_own_settings():
    steps = server_steps(VARIABLE, here("app", runtime="ollama", command=OLLAMA, os="darwin", name="Ollama"))
    assert steps[0].command[:2] == ("launchctl", "setenv")
    assert "context slider" in steps[-1].text


def test_homebrew_services_are_restarted_by_brew():
    situation = here("launchd", runtime="ollama", command=OLLAMA, os="darwin", name="homebrew.mxcl.ollama")
    assert [step.command for step in server_steps(VARIABLE, situation)] == [
        ("launchctl", "setenv", "OLLAMA_CONTEXT_LENGTH", "32768"),
        ("brew", "services", "restart", "ollama"),
    ]


def test_the_file_of_our_own_template_is_written_before_the_server_needs_it(tmp_path):
    file = str(tmp_path / "chatml.jinja")
    situation = msgspec.structs.replace(here(), values={"chatml": file})
    step = Step(kind="flag", flag={"--chat-template-file": file, "--chat-template": False}, text="x")
    written, restart = server_steps(step, situation)
    assert written.edit["file"] == file
    assert "<|im_start|>" in written.edit["text"]
    assert restart.command[-2:] == ("--chat-template-file", file)
