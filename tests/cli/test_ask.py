"""`ask` as users meet it: words in, likely causes out, and the few checks that tell them apart, on real engines."""

import asyncio
import json
import sys

import pytest

from doctor.ward import engine as ward_engine
from doctor.ward.engine import Settings
from doctor.ward.patients import patient
from doctor.ward.run_ward import admitted
from tests.cli.conftest import environment

FORGETS = "with several users at once it forgets the start of my text"


@pytest.fixture(scope="module")
def shared_window():
    """A real llama.cpp server whose four slots share one window."""
    with ward_engine.serving(settings=Settings(slots=4)) as running:
        yield running.url


@pytest.fixture(scope="module")
def healthy():
    with ward_engine.serving() as running:
        yield running.url


def test_likely_causes_are_named_without_a_server(doctor):
    ended = doctor("ask", "--no-run", "it", "forgets", "what", "I", "said", "at", "the", "beginning")

    assert ended.returncode == 0
    assert "[drift-ctx-default]" in ended.stdout
    assert 'you say "forgets"' in ended.stdout


def test_words_that_say_nothing_known_are_answered_with_the_way_on(doctor):
    ended = doctor("ask", "qwertz")

    assert ended.returncode == 3
    assert "llm-doctor check" in ended.stdout


@pytest.mark.parametrize(("words", "says"), [(("",), "say what goes wrong"), (("slow " * 900,), "more than 4000")])
def test_no_complaint_and_far_too_long_a_one_are_refused(doctor, words, says):
    ended = doctor("ask", *words)

    assert (ended.returncode, ended.stdout) == (3, "")
    assert says in ended.stderr


def test_control_characters_of_the_complaint_reach_no_terminal(doctor):
    ended = doctor("ask", "--no-run", "--", "--forgets \x1b]0;own\x07 the beginning\x1b[2J\n\x9b31m of the chat")

    assert ended.returncode == 0
    assert not set(ended.stdout) & {"\x1b", "\x07", "\x9b"}


def test_a_server_that_is_down_is_the_answer(doctor):
    ended = doctor("ask", "connection refused", "--target", "http://127.0.0.1:9")

    assert ended.returncode == 2
    assert "CONFIRMED" in ended.stdout
    assert "[reachable, only reads]" in ended.stdout


@pytest.mark.ward
@pytest.mark.timeout(180)
def test_the_cause_is_confirmed_and_each_question_says_why_it_was_asked(doctor, shared_window):
    ended = doctor("ask", FORGETS, "--target", shared_window, "--format", "json")

    answer = json.loads(ended.stdout)
    verdicts = {one["id"]: one["verdict"] for one in answer["candidates"]}
    assert ended.returncode == 1
    assert verdicts["drift-parallel-share"] == "confirmed"
    # One of its proofs compares two routes, and this server has one: that proof stays open.
    assert verdicts["drift-ctx-default"] in ("ruled out", "not evaluated")
    assert all(one["proves"] or one["settles"] for one in answer["asked"])
    assert [one["check"] for one in answer["asked"]] == _run(answer)
    assert len(answer["asked"]) < 20  # of more than a hundred checks
    assert {cause["id"] for cause in answer["report"]["targets"][0]["causes"]} == {"drift-parallel-share"}


def _run(answer):
    """The checks that the report has, in the order of asking."""
    done = {check["id"] for check in answer["report"]["targets"][0]["checks"]}
    return [one["check"] for one in answer["asked"] if one["check"] in done]


@pytest.mark.ward
@pytest.mark.timeout(180)
def test_reading_comes_before_asking_the_model(doctor, shared_window):
    answer = json.loads(doctor("ask", FORGETS, "--target", shared_window, "--format", "json").stdout)

    depths = [one["depth"] for one in answer["asked"]]
    assert depths == sorted(depths, key=["passive", "quick", "deep"].index)


@pytest.mark.ward
@pytest.mark.timeout(180)
def test_a_healthy_server_gets_no_cause_put_on_it(doctor, healthy):
    ended = doctor("ask", FORGETS, "--target", healthy)

    assert ended.returncode == 0
    assert "None of these was proved" in ended.stdout
    assert "CONFIRMED" not in ended.stdout


@pytest.mark.ward
@pytest.mark.timeout(180)
def test_passive_asks_the_model_nothing(doctor, healthy):
    ended = doctor("ask", FORGETS, "--target", healthy, "--depth", "passive", "--format", "json")

    report = json.loads(ended.stdout)["report"]
    skipped = [check for check in report["targets"][0]["checks"] if check["reason"] == "needs depth quick"]
    assert skipped
    assert all(check["requests"] == 0 for check in skipped)


@pytest.mark.ward
@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("name", "words", "cause"),
    [
        ("half-window", "beim Einfügen langer Texte vergisst es den Anfang", "drift-ctx-default"),
        ("call-as-text", "tool calls are printed as text", "tool-parser-wrong"),
        ("never-stops", "l'assistant ne s'arrête jamais d'écrire", "garbage-eos-missing"),
        ("system-dropped", "系统提示不起作用", "drift-system-dropped-template"),
        ("thought-in-text", "thinkタグがそのまま回答に表示される", "garbage-think-leak"),
        ("always-thinks", "la respuesta llega vacía, solo hay razonamiento", "garbage-think-empty"),
        ("cut-embeddings", "search misses everything at the end of long texts", "rag-embed-truncation"),
        ("strict-roles", "error: roles must alternate user and assistant", "drift-system-role-unsupported"),
    ],
)
async def test_patients_are_understood_in_their_own_words(name, words, cause, tmp_path):
    """Real engines, or façades over them, made ill as their files say."""
    one = patient(name)
    async with admitted(one) as url:
        command = ["-m", "doctor", "ask", words, "--target", url, "--format", "json"]
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, cwd=tmp_path, env=environment(), stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
    verdicts = {entry["id"]: entry["verdict"] for entry in json.loads(out)["candidates"]}
    assert verdicts[cause] == "confirmed"
    assert sum(verdict == "confirmed" for verdict in verdicts.values()) == 1
