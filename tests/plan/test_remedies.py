"""Remedies chosen and made exact: runtime, version, needs, copies of models, and what may be done by itself."""

import pytest

from doctor.facts import ServerProcess
from doctor.model import Remedy, Step
from doctor.plan.ollama_model import copied
from doctor.plan.remedies import fitting, planned
from doctor.plan.situation import Situation
from doctor.plan.systemd import drop_in
from doctor.plan.versions import fits

COPY = Step(
    kind="modelfile",
    modelfile={"suffix": "{window}", "parameters": {"num_ctx": "{window}"}},
    text="ollama create",
)


def ollama(**more):
    return Situation(**{"runtime": "ollama", "model": "llama3:8b", "local": True, "version": "0.32.15", **more})


def test_a_copy_of_an_ollama_model_is_a_request_that_can_be_taken_back():
    (step,) = planned(Remedy(say="x", steps=(COPY,)), ollama(values={"window": "32768"})).steps
    assert step.request["body"] == {
        "model": "llama3:8b-32768",
        "from": "llama3:8b",
        "parameters": {"num_ctx": 32768},
        "stream": False,
    }
    assert step.undo_request == {"method": "DELETE", "path": "/api/delete", "body": {"model": "llama3:8b-32768"}}
    assert (step.model, step.automatic) == ("llama3:8b-32768", True)


def test_before_0_5_5_a_copy_was_made_from_a_modelfile():
    step = copied({"suffix": "long", "parameters": {"num_ctx": "8192"}, "system": "Be brief."}, "m", "0.4.2")
    assert step.request["body"]["modelfile"] == 'FROM m\nPARAMETER num_ctx 8192\nSYSTEM """Be brief."""\n'
    assert step.request["body"]["name"] == "m-long"


@pytest.mark.parametrize("model", ["--help", "a b", "x;rm -rf ~", "../../etc", "", "a\nb"])
def test_a_model_whose_name_is_no_plain_name_is_left_to_the_user(model):
    remedy = planned(Remedy(say="x", steps=(COPY,)), ollama(model=model, values={"window": "32768"}))
    assert [step.kind for step in remedy.steps] == ["by-hand"]
    assert not remedy.automatic


def test_a_command_is_run_only_if_it_can_be_taken_back_and_names_are_plain():
    load = Step(kind="run", command=("lms", "load", "{model}"), undo_command=("lms", "unload", "{model}"))
    look = Step(kind="run", command=("lms", "ps"))

    def automatic(step, model="qwen3-8b"):
        return planned(Remedy(say="x", steps=(step,)), ollama(values={"model": model})).automatic

    assert automatic(load)
    assert not automatic(look)
    assert not automatic(load, model="$(reboot)")
    assert not planned(Remedy(say="x", steps=(load,)), ollama(local=False, values={"model": "m"})).automatic


def test_what_is_filled_in_is_not_filled_again():
    remedy = Remedy(say="Use {model}.", steps=())
    assert planned(remedy, ollama(values={"model": "{url}", "url": "u"})).say == "Use {url}."


def test_a_remedy_that_begins_by_hand_or_is_global_is_not_automatic():
    by_hand, request = Step(kind="by-hand", text="x"), Step(kind="request", request={"path": "/"}, automatic=True)
    assert Remedy(say="x", steps=(request, by_hand)).automatic
    assert not Remedy(say="x", steps=(by_hand, request)).automatic
    assert not Remedy(say="x", risk="global", steps=(request,)).automatic


def test_needs_pick_the_remedy_for_what_the_server_was_started_with():
    remedies = (
        Remedy(say="take it away", needs=("--chat-template",)),
        Remedy(say="give one", needs=("!--chat-template",)),
        Remedy(say="always"),
    )

    def said(*command):
        process = ServerProcess(pid=1, name="llama-server", command=command)
        return [r.say for r in fitting(remedies, Situation(runtime="llama.cpp", process=process))]

    assert said("llama-server", "--chat-template", "llama2") == ["take it away", "always"]
    assert said("llama-server") == ["give one", "always"]
    assert said() == ["take it away", "give one", "always"]


@pytest.mark.parametrize(
    ("condition", "version", "holds"),
    [
        ("", "1.0", True),
        (">=0.30", "0.32.15", True),
        (">=0.30", "0.9.1", False),
        (">=0.5.5,<0.30", "0.12.0-rc1", True),
        (">=b10573", "b11549-3f545be", True),
        ("<b10573", "b11549", False),
        ("==0.30", "0.30.0", True),
        (">=0.30", "", True),
        (">=b10573", "b0-unknown", True),
    ],
)
def test_conditions_on_a_version(condition, version, holds):
    assert fits(condition, version) is holds


def test_a_condition_that_is_none_is_an_error():
    with pytest.raises(ValueError, match="no condition"):
        fits("about 3", "3.0")


def test_a_drop_in_keeps_what_it_held_and_quotes_as_systemd_reads():
    first = drop_in("", {"A": "1", "B": "two words"}, ["/bin/x", "50%", "$HOME", 'say "hi"'])
    assert first.splitlines() == [
        "[Service]",
        "Environment=A=1",
        'Environment="B=two words"',
        "ExecStart=",
        'ExecStart=/bin/x 50%% "$$HOME" "say \\"hi\\""',
    ]
    again = drop_in(first, {"A": "2", "C": ""}).splitlines()
    assert again == [
        "[Service]",
        'Environment="B=two words"',
        *first.splitlines()[3:],
        "Environment=A=2",
        "UnsetEnvironment=C",
    ]


def test_no_words_for_people_hold_a_blank_that_nothing_fills():
    """As where nothing is known of the server's window, its processor and its template."""
    here = Situation(runtime="ollama", os="linux", values={"model": "m", "url": "http://127.0.0.1:1"})
    step = Step(kind="environment", environment={"OLLAMA_CONTEXT_LENGTH": "{window}"})
    remedy = Remedy(say="More than {window}.", runtime="ollama", effect="{windows} tokens", steps=(step,))

    made = planned(remedy, here)

    assert (made.say, made.effect) == ("More than WINDOW.", "WINDOWS tokens")
    assert made.steps[0].text == "Start the server again with OLLAMA_CONTEXT_LENGTH=WINDOW."
