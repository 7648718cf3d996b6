"""`rag` as users meet it: a process of its own on real indexes; the embedder is a façade that computes from words."""

import json
import re

import jsonschema
import pytest

from doctor.report.schema import schema
from tests.rag import indexes
from tests.rag.corpus import corpus
from tests.rag.embed_server import embedding
from tests.rag.threaded import in_thread
from tests.rag.word_vectors import word_vectors
from tests.stores.reading import state

# Importing the stores' libraries takes seconds of processor time, many times that on a busy machine.
pytestmark = pytest.mark.timeout(240)

PLAIN = corpus(60)
ROWS = PLAIN.with_vectors(word_vectors(PLAIN.texts))
SWITCHED = PLAIN.with_vectors(word_vectors(PLAIN.texts, salt="x"))


@pytest.fixture(scope="module")
def embedder():
    with in_thread(lambda: embedding({"all-minilm": word_vectors})) as (url, _):
        yield url


# The façade knows no meanings, which the check of the embedder itself would rightly say.
ALONE = ("--skip", "embeddings")


def index(tmp_path, rows=ROWS, build=indexes.sqlite_vec):
    folder = tmp_path / "index"
    folder.mkdir()
    return build(folder, rows)[0]


def test_a_healthy_index_is_ok_and_the_document_is_valid(doctor, embedder, tmp_path):
    place = index(tmp_path)
    before = state(place)
    ended = doctor("rag", place, "--target", embedder, *ALONE, "--format", "json")
    document = json.loads(ended.stdout)
    jsonschema.Draft202012Validator(schema()).validate(document)
    (target,) = document["targets"]
    assert (ended.returncode, document["state"], ended.stderr) == (0, "ok", "")
    assert target["url"] == f"sqlite-vec:{place}#docs"
    assert target["model"] == "all-minilm"
    assert {"reembedding", "known-items", "index-vectors"} <= {check["id"] for check in target["checks"]}
    assert document["coverage"]["crashed"] == 0
    assert state(place) == before


def test_no_text_of_the_index_is_in_the_json_report(doctor, embedder, tmp_path):
    words = "zanzibar quokka"
    rows = ROWS.with_texts([f"{words} {text}" for text in ROWS.texts])
    ended = doctor("rag", index(tmp_path, rows), "--target", embedder, "--format", "json")
    assert ended.returncode in {0, 1, 2}
    assert "zanzibar" not in ended.stdout
    assert not any(text.split(". ")[0] in ended.stdout for text in PLAIN.texts)


def test_texts_are_shown_when_asked_for_and_never_written_to_a_file(doctor, embedder, tmp_path):
    words = "zanzibar quokka"
    rows = SWITCHED.with_texts([f"{words} {text}" for text in SWITCHED.texts])
    place = index(tmp_path, rows)
    asked = ("rag", place, "--target", embedder, *ALONE)
    plain, shown = doctor(*asked), doctor(*asked, "--show-texts")
    assert "Retrieval: 60 questions" in plain.stdout
    assert ("zanzibar" in plain.stdout, "zanzibar quokka" in shown.stdout) == (False, True)
    doctor(*asked, "--show-texts", "-o", "report.txt")
    assert "Retrieval: 60 questions" in (tmp_path / "report.txt").read_text()
    assert "zanzibar" not in (tmp_path / "report.txt").read_text()


def test_another_model_is_named_with_the_command_that_verifies_the_cure(doctor, embedder, tmp_path):
    place = index(tmp_path, SWITCHED)
    ended = doctor("rag", place, "--target", embedder, "-k", "3")
    assert ended.returncode == 2
    assert "The index was made with another embedding model" in ended.stdout
    again = re.sub(r"\s*\\\n\s*", " ", ended.stdout)
    assert f"llm-doctor rag {place} --collection docs --target {embedder} -k 3 --only" in again


def test_a_saved_report_replays_to_the_same_state(doctor, embedder, tmp_path):
    place = index(tmp_path, SWITCHED)
    assert doctor("rag", place, "--target", embedder, *ALONE, "-o", "saved.json").returncode == 2
    ended = doctor("replay", "saved.json", "--format", "json")
    (target,) = json.loads(ended.stdout)["targets"]
    assert ended.returncode == 2
    assert [cause["id"] for cause in target["causes"] if cause["verdict"] == "confirmed"] == ["rag-model-switched"]


def test_without_an_embedder_the_index_itself_is_still_examined(doctor, tmp_path):
    ended = doctor("rag", index(tmp_path), "--target", "http://127.0.0.1:9", "--format", "json")
    statuses = {check["id"]: check["status"] for check in json.loads(ended.stdout)["targets"][0]["checks"]}
    assert statuses["index-vectors"] == statuses["index-chunks"] == "passed"
    assert statuses["reembedding"] == "skipped"


def test_passive_asks_no_server(doctor, tmp_path):
    ended = doctor("rag", index(tmp_path), "--depth", "passive", "--format", "json")
    checks = json.loads(ended.stdout)["targets"][0]["checks"]
    assert {check["status"] for check in checks if check["id"] in ("reembedding", "known-items")} == {"skipped"}
    assert ended.returncode == 0


def test_every_collection_is_examined_unless_one_is_named(doctor, embedder, tmp_path):
    folder = tmp_path / "index"
    folder.mkdir()
    place = indexes.sqlite_vec(folder, ROWS, name="letters")[0]
    indexes.sqlite_vec(folder, SWITCHED, name="manuals")
    both = json.loads(doctor("rag", place, "--target", embedder, *ALONE, "--format", "json").stdout)
    states = [(target["url"].partition("#")[2], target["state"]) for target in both["targets"]]
    assert states == [("letters", "ok"), ("manuals", "critical")]
    ended = doctor("rag", place, "--collection", "letters", "--target", embedder, *ALONE)
    assert ended.returncode == 0
    ended = doctor("rag", place, "--collection", "lettres", "--target", embedder)
    assert (ended.returncode, "letters, manuals" in ended.stderr) == (3, True)


def test_questions_of_the_users_own_are_asked(doctor, embedder, tmp_path):
    place = index(tmp_path)
    rows = [{"question": " ".join(text.split()[:9]), "source": meta["source"]}
            for text, meta in zip(ROWS.texts[:12], ROWS.metadata[:12], strict=True)]  # fmt: skip
    (tmp_path / "mine.jsonl").write_text("\n".join(map(json.dumps, rows)))
    ended = doctor("rag", place, "--target", embedder, "--questions", "mine.jsonl", "--format", "json")
    items = json.loads(ended.stdout)["targets"][0]["facts"]["KnownItems"]
    assert (items["made_by"], len(items["base"]["ranks"])) == ("file", 12)
    assert sum(rank == 1 for rank in items["base"]["ranks"]) >= 10
    (tmp_path / "mine.csv").write_text("question,source\nWhat is swapped?,a.md;b.md\n")
    assert doctor("rag", place, "--target", embedder, "--questions", "mine.csv", "--format", "json").returncode in {
        0,
        1,
        2,
    }


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nowhere"], "there is nothing at nowhere"),
        (["."], "no index was found in"),
        (["postgresql://u:geheim@127.0.0.1:9/x"], "cannot be reached"),
        (["http://127.0.0.1:9"], "nothing that can be read answers"),
        ([".", "--filter", "nonsense"], "not of the form KEY=VALUE"),
        ([".", "--questions", "gone.jsonl"], "cannot be read"),
        ([".", "-k", "0"], "-k"),
        ([".", "--store", "chrome"], "chroma"),
        ([".", "--target", "ftp://x"], "--target"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_3(doctor, words, sentence):
    ended = doctor("rag", *words)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert sentence in ended.stderr
    assert "geheim" not in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.jsonl", '{"question": "x"}\n', "line 1 of a.jsonl says neither source nor id"),
        ("a.jsonl", '{"question": ""}\n', "line 1 of a.jsonl has no question"),
        ("a.jsonl", '{"question": \n', "line 1 of a.jsonl is not JSON"),
        ("a.csv", "frage,quelle\nx,y\n", "a column named question"),
        ("a.csv", "question,source\n", "holds no questions"),
    ],
)
def test_a_questions_file_that_cannot_be_used_is_refused_with_its_line(doctor, tmp_path, name, content, sentence):
    (tmp_path / name).write_text(content)
    ended = doctor("rag", ".", "--questions", name)
    assert ended.returncode == 3
    assert sentence in ended.stderr


def test_a_check_of_servers_is_refused_with_its_command(doctor, tmp_path, embedder):
    ended = doctor("rag", index(tmp_path), "--only", "gpu-memory")
    assert (ended.returncode, "llm-doctor check" in ended.stderr) == (3, True)
    ended = doctor("check", "--target", embedder, "--only", "known-items")
    assert (ended.returncode, "llm-doctor rag" in ended.stderr) == (3, True)
