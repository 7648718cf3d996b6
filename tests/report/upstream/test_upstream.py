"""Bug reports: golden text for each project, its rules, GitHub's limits, and requests that really show it again."""
# ruff: noqa: E501

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from markdown_it import MarkdownIt

from doctor.errors import Skip, UsageError
from doctor.report.upstream import chosen_form, fill, forms
from doctor.report.upstream.forms import Form
from doctor.report.upstream.github import MAX_ADDRESS_BYTES, MAX_BODY, calm, fence
from doctor.report.upstream.reproduction import exchanges, reproduction
from tests.report.upstream.cases import FINDING, case, report

GOLDEN = Path(__file__).parent / "golden"
WORDS = "Since 0.12 it writes only G, see #12 and ollama/ollama#34, @maintainer."
RUNTIME = {form.id: (form.runtimes or ("ollama",))[0] for form in forms().values()}
HOSTILE = "```\n</details>@everyone #1 \x1b[31m <script>x</script>\n````\n### Fake heading\n" * 3


def filled(form_id, **more):
    return fill(forms()[form_id], case(RUNTIME[form_id], **more))


@pytest.mark.parametrize("form_id", list(forms()))
def test_the_body_is_the_golden_one(form_id):
    """UPDATE_GOLDEN=1 writes it anew; read the difference before you keep it."""
    body = filled(form_id, words=WORDS, log="level=INFO msg=loaded\nlevel=ERROR msg=oom").body
    path = GOLDEN / f"{form_id}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(body, encoding="utf-8")
    assert body == path.read_text(encoding="utf-8")


def test_the_projects_of_the_contract_have_a_form():
    names = {form.upstream for form in forms().values()}
    assert names == {
        "ollama",
        "llama.cpp",
        "vllm",
        "sglang",
        "lmstudio",
        "open-webui",
        "mlx-lm",
        "koboldcpp",
        "localai",
    }
    assert {form.form for form in forms().values() if form.upstream == "llama.cpp"} == {"eval", "misc", "compile"}


@pytest.mark.parametrize("form_id", list(forms()))
def test_required_fields_are_never_empty_even_when_nothing_was_measured(form_id):
    bare = report()
    target = msgspec.structs.replace(bare.targets[0], facts={}, findings=(), model="", version="")
    from doctor.report.upstream.filling import case_of

    empty = fill(forms()[form_id], case_of(msgspec.structs.replace(bare, host={}), target))
    for field in empty.form.field:
        if field.required and field.kind in ("area", "line", "shell"):
            assert "not available: " in empty.values[field.label], field.label


@pytest.mark.parametrize(
    ("form_id", "begins"),
    [("llama.cpp-eval", "Eval bug: "), ("llama.cpp-misc", "Misc. bug: "), ("llama.cpp-compile", "Compile bug: "), ("vllm", "[Bug]: "),
     ("sglang", "[Bug] "), ("open-webui", "issue: "), ("ollama", "the answer")],
)  # fmt: skip
def test_titles_begin_as_the_project_wants(form_id, begins):
    assert filled(form_id).title.startswith(begins)


@pytest.mark.parametrize(
    ("categories", "id_"),
    [
        ({"output"}, "llama.cpp-eval"),
        ({"tools"}, "llama.cpp-eval"),
        ({"speed"}, "llama.cpp-misc"),
        ({"connect"}, "llama.cpp-misc"),
    ],
)
def test_llama_cpps_form_follows_what_was_found(categories, id_):
    assert chosen_form("llama.cpp", report("llama.cpp").targets[0], categories).id == id_


def test_an_unknown_project_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match="did you mean vllm"):
        chosen_form("vlm", report().targets[0], set())


@pytest.mark.parametrize("form_id", list(forms()))
def test_everything_from_servers_logs_and_files_sits_inside_a_fence(form_id):
    """Checked with a Markdown parser: outside code there are our own words and the user's, and nothing is lively."""
    finding = msgspec.structs.replace(FINDING, summary="evil @evil evil/evil#66 marker7")
    made = case(RUNTIME[form_id], log=HOSTILE + "marker7")
    made = msgspec.structs.replace(
        made, target=msgspec.structs.replace(made.target, findings=(finding,), model="marker7 @model")
    )
    body = fill(forms()[form_id], made).body
    outside = []
    for token in MarkdownIt().parse(body):
        if token.type == "inline" and token.children:
            outside += [child.content for child in token.children if child.type != "code_inline"]
        elif token.type == "html_block":
            outside.append(token.content)
    text = "\n".join(outside)
    assert "marker7" in body or form_id == "llama.cpp-compile"
    assert "marker7" not in text
    assert "@" not in text
    assert "<script" not in text
    assert text.count("<details>") == text.count("</details>")


def test_the_users_words_notify_nobody():
    assert re.search(r"@\w|#\d", calm(WORDS)) is None
    assert calm("a@b.org and plain #words") == "a@b.org and plain #words"


def test_a_fence_is_longer_than_what_it_holds():
    assert fence("a ```` b").splitlines()[0] == "`````text"


@pytest.mark.parametrize("form_id", list(forms()))
@pytest.mark.parametrize("size", [0, 3_000, 200_000])
def test_address_and_body_stay_within_the_limits(form_id, size):
    big = filled(form_id, words="w " * min(size, 5000), log="é日```\n" * size)
    assert len(big.url.encode()) <= MAX_ADDRESS_BYTES
    assert len(big.body) <= MAX_BODY
    if size == 200_000 and form_id != "mlx-lm":
        assert "shortened" in big.body or "Logs" not in big.body
    assert big.url.startswith(f"https://github.com/{big.form.repo}/issues/new?template=")


def test_the_address_fills_text_fields_only_and_repeats_the_title():
    query = parse_qs(urlsplit(filled("llama.cpp-misc").url).query)
    assert set(query) == {"template", "title", "version", "command", "info", "logs"} - {"logs"}
    assert query["title"][0].startswith("Misc. bug: ")
    assert set(parse_qs(urlsplit(filled("vllm").url).query)) == {"template", "title"}
    assert set(parse_qs(urlsplit(filled("lmstudio").url).query)) == {"template", "title", "body"}


def test_a_form_without_answers_is_written_as_github_writes_it():
    body = filled("llama.cpp-misc").body
    assert "### First Bad Commit\n\n_No response_\n" in body
    assert body.startswith("### Name and Version\n\n```text\nllama.cpp 0.12.3\n```\n\n### Operating systems\n\nLinux\n")


def test_attestations_are_listed_and_never_ticked():
    made = filled("open-webui")
    assert "- [x]" not in made.body.lower()
    assert sum("tick it yourself" in sentence for sentence in made.missing) == 4


def test_what_is_missing_is_said():
    made = fill(forms()["ollama"], case("llama.cpp"))
    assert "the examined server is llama.cpp, not Ollama" in made.missing
    assert any("--log FILE, from: journalctl" in sentence for sentence in filled("ollama").missing)
    assert any("--say" in sentence for sentence in made.missing)


def test_forms_name_only_what_can_be_filled():
    from doctor.report.upstream import filling

    known = {
        *filling.BLOCKS,
        *filling.LINES,
        *filling.CHOICES,
        *filling.FOLDED,
        "words",
        "not-measured",
        "first-bad",
        "reproduction",
    }
    for form in forms().values():
        assert isinstance(form, Form)
        assert form.read_at
        for field in form.field:
            assert set(field.fill) <= known


def test_a_finding_without_a_request_is_reproduced_by_what_was_read():
    from doctor.model import Evidence

    target = msgspec.structs.replace(report().targets[0], facts={})
    made = reproduction(target, ["offload"], [Evidence(label="x", value=1, source="GET /api/ps")])
    assert made.shell == "curl -sS http://127.0.0.1:8080/api/ps"
    with pytest.raises(Skip):
        reproduction(target, ["offload"], [])


def test_the_request_for_python_and_the_shell_is_the_one_that_was_sent(engine, tmp_path, doctor_report):
    """Against the real engine: both commands are run as they are printed, and the answer is the one recorded."""
    saved = json.loads(doctor_report("check", "--target", engine, "--only", "decode-rate", "--format", "json"))
    target = msgspec.convert(saved["targets"][0], type=type(report().targets[0]))
    sent = [exchange for exchange in exchanges(target.facts) if exchange.purpose == "P13"]
    made = reproduction(target, ["decode-rate"], [])
    (tmp_path / "again.py").write_text(made.python, encoding="utf-8")
    again = subprocess.run(
        [sys.executable, "again.py"], cwd=tmp_path, capture_output=True, text=True, timeout=50, check=True
    )
    told = "".join(
        choice["delta"].get("content") or ""
        for line in again.stdout.splitlines()
        if line.startswith("data: {")
        for choice in json.loads(line[6:])["choices"]
    )
    assert told.startswith(sent[0].content[:80])  # the probe closes its stream early on a slow machine
    import shlex

    words = shlex.split(made.shell)
    assert words[:3] == ["curl", "-sS", engine + "/v1/chat/completions"]
    assert json.loads(words[-1]) == json.loads(sent[0].request)


@pytest.fixture
def doctor_report(tmp_path):
    def run(*words):
        command = [sys.executable, "-m", "doctor", *words]
        env = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])}
        return subprocess.run(
            command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=50, check=False
        ).stdout

    return run
