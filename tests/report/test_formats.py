"""Every format on a full, an empty and a hostile report, read back by the programs and libraries that consume it."""
# ruff: noqa: E501

import json
import re
import shutil
import subprocess

import junitparser
import msgspec
import pytest
from markdown_it import MarkdownIt
from tap.parser import Parser

from doctor.model import State
from doctor.redact import Redactor
from doctor.report import ENDINGS, FORMATS, render
from doctor.report.html import policy
from tests.report.sample import NOTHING_FOUND, REPORT, TARGET, hostile
from tests.report.upstream.cases import report as measured

REPORTS = {"full": REPORT, "empty": NOTHING_FOUND, "hostile": hostile(), "measured": measured()}
each_report = pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u202e\ud800-\udfff]")


def program(name, package):
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"needs {name} (Debian package {package})")
    return path


@each_report
@pytest.mark.parametrize("format_name", list(FORMATS))
def test_no_format_lets_a_control_character_through(format_name, report):
    text = render(report, format_name)
    assert text.endswith("\n")
    assert CONTROL.search(text) is None


@each_report
@pytest.mark.parametrize("format_name", list(FORMATS))
def test_the_last_look_finds_nothing_in_a_report_without_secrets(format_name, report):
    assert Redactor().leaks(render(report, format_name)) == []


def test_every_ending_means_a_format():
    assert set(ENDINGS.values()) <= set(FORMATS)


@each_report
def test_json_lines_are_json_and_end_with_the_state(report):
    lines = [json.loads(line) for line in render(report, "jsonl").splitlines()]
    assert lines[0]["type"] == "run"
    assert lines[-1]["type"] == "end"
    assert lines[-1]["state"] == report.state
    assert sum(line["type"] == "check" for line in lines) == sum(len(target.checks) for target in report.targets)
    assert sum(line["type"] == "cause" for line in lines) == sum(len(target.causes) for target in report.targets)


# Markdown


def words_outside_code(text):
    outside = []
    for token in MarkdownIt().enable("table").parse(text):
        outside += [child.content for child in token.children or () if child.type not in {"code_inline", "softbreak"}]
        outside += [token.content] if token.type == "html_block" else []
    return "\n".join(outside)


def test_markdown_of_a_summary_with_backticks_and_mentions():
    finding = msgspec.structs.replace(TARGET.findings[2], summary="``` @all <img src=x> | `a` marker7")
    text = render(
        msgspec.structs.replace(REPORT, targets=(msgspec.structs.replace(TARGET, findings=(finding,)),)), "markdown"
    )
    assert "marker7" in text
    assert "marker7" not in words_outside_code(text)
    assert "<img" not in words_outside_code(text)


def test_markdown_steps_can_be_copied():
    blocks = [token.content for token in MarkdownIt().parse(render(REPORT, "markdown")) if token.type == "fence"]
    assert "ollama stop llama3:8b" in blocks[0]


# HTML


@each_report
def test_html_has_no_script_nothing_to_load_and_a_strict_policy(report):
    text = render(report, "html")
    assert f'<meta http-equiv="Content-Security-Policy" content="{policy()}">' in text
    assert policy().startswith("default-src 'none'; style-src 'sha256-")
    body = text.partition("<body>")[2]
    for forbidden in ("<script", "<img", "<iframe", "<link", "<form", "<svg", "src=", "href=", "onerror", "style="):
        assert forbidden not in body


def test_html_shows_hostile_text_as_text():
    finding = msgspec.structs.replace(TARGET.findings[2], summary="<script>alert(1)</script> & \"q\" 'r'")
    text = render(
        msgspec.structs.replace(REPORT, targets=(msgspec.structs.replace(TARGET, findings=(finding,)),)), "html"
    )
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;q&quot; &#x27;r&#x27;" in text


@each_report
def test_html_is_valid_for_tidy(report, tmp_path):
    (tmp_path / "r.html").write_text(render(report, "html"), encoding="utf-8")
    ended = subprocess.run(
        [program("tidy", "tidy"), "-q", "-e", "-utf8", str(tmp_path / "r.html")],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert ended.stderr == ""


def test_html_opens_in_chromium_with_its_style_and_without_a_complaint(tmp_path):
    """The style sheet is applied, which the policy's digest decides, and the console stays empty."""
    page = tmp_path / "r.html"
    page.write_text(render(REPORT, "html"), encoding="utf-8")
    words = [
        program("chromium", "chromium"), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update", "--disable-quic", "--enable-logging=stderr", "--v=0",
        f"--user-data-dir={tmp_path / 'profile'}", "--window-size=800,600", f"--screenshot={tmp_path / 'r.png'}", page.as_uri(),
    ]  # fmt: skip
    ended = subprocess.run(words, capture_output=True, text=True, timeout=55, check=False)
    assert "CONSOLE" not in ended.stderr
    png = (tmp_path / "r.png").read_bytes()
    assert png.startswith(b"\x89PNG")
    assert len(png) > 20_000, "a page without its style sheet draws far less"


# JUnit


@each_report
def test_junit_is_read_back_case_by_case(report, tmp_path):
    (tmp_path / "r.xml").write_text(render(report, "junit"), encoding="utf-8")
    suites = list(junitparser.JUnitXml.fromfile(str(tmp_path / "r.xml")))
    cases = [case for suite in suites for case in suite]
    assert len(cases) == max(1, sum(len(target.checks) for target in report.targets))
    assert len({(case.classname, case.name) for case in cases}) == len(cases)
    for target, suite in zip(report.targets, suites, strict=False):
        kinds = [[type(result).__name__ for result in case.result] for case in suite]
        expected = {"failed": ["Failure"], "crashed": ["Error"], "skipped": ["Skipped"], "passed": []}
        assert kinds == [expected[check.status] for check in target.checks]


def test_junit_says_it_in_the_attribute_and_in_the_text():
    suite = next(iter(junitparser.JUnitXml.fromstring(render(REPORT, "junit").encode())))
    failure = next(case for case in suite if case.name == "offload").result[0]
    assert "37 % of llama3:8b is in GPU memory" in failure.message
    assert "share in GPU memory: 0.37" in failure.text
    assert "cure: Free GPU memory" in failure.text


@each_report
def test_junit_is_well_formed_for_xmllint(report):
    ended = subprocess.run(
        [program("xmllint", "libxml2-utils"), "--noout", "-"],
        input=render(report, "junit").encode(),
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, b"")


# Monitoring plug-in

DATUM = re.compile(r"[A-Za-z_0-9]+=-?\d+(\.\d+)?(s|B|%|c)?(;[^;]*){0,4}\Z")


@each_report
def test_the_plugins_line_follows_the_guidelines(report):
    text = render(report, "plugin")
    first, _, data = text.splitlines()[0].partition(" | ")
    assert first.startswith(f"{report.state.upper()} - ")
    assert "|" not in first
    assert len(text.encode()) <= 4096
    assert all(DATUM.match(datum) for datum in data.split())
    assert text.isascii()


def test_the_plugin_shows_the_rate():
    assert "decode_rate_tok_s=4.2;;;0" in render(measured(), "plugin")


def test_a_plugins_text_of_many_targets_stays_within_4_kib():
    many = msgspec.structs.replace(
        REPORT, targets=tuple(msgspec.structs.replace(TARGET, url=f"http://h{i}:1") for i in range(200))
    )
    assert len(render(many, "plugin").encode()) <= 4096


# Prometheus


@each_report
def test_prometheus_metrics_are_accepted_by_promtool(report):
    ended = subprocess.run(
        [program("promtool", "prometheus"), "check", "metrics"],
        input=render(report, "prometheus").encode(),
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")


def test_prometheus_has_the_state_the_cause_the_rate_and_the_time():
    text = render(measured(), "prometheus")
    assert 'llm_doctor_state{target="http://127.0.0.1:8080",state="critical"} 1' in text
    assert 'llm_doctor_decode_rate_tokens_per_second{target="http://127.0.0.1:8080"} 4.2' in text
    assert "llm_doctor_last_run_timestamp_seconds 1795460400" in text
    assert (
        'llm_doctor_cause{target="http://127.0.0.1:11434/v1",cause="does-not-fit",severity="warning",verdict="confirmed"} 1'
        in render(REPORT, "prometheus")
    )


def test_prometheus_escapes_what_its_format_uses():
    target = msgspec.structs.replace(TARGET, version='a"b\\c\nd')
    line = next(
        line
        for line in render(msgspec.structs.replace(REPORT, targets=(target,)), "prometheus").splitlines()
        if line.startswith("llm_doctor_info")
    )
    assert 'version="a\\"b\\\\c d"' in line


# TAP, GitHub, SARIF


@each_report
def test_tap_is_read_back(report):
    lines = list(Parser().parse_text(render(report, "tap")))
    tests = [line for line in lines if line.category == "test"]
    statuses = [check.status for target in report.targets for check in target.checks]
    assert [test.ok for test in tests] == [status not in ("failed", "crashed") for status in statuses]
    assert [bool(test.directive.skip) for test in tests] == [status == "skipped" for status in statuses]


@each_report
def test_github_annotations_are_commands_only_and_few(report):
    lines = render(report, "github").splitlines()
    assert 1 <= len(lines) <= 10
    for line in lines:
        assert re.match(r"::(error|warning|notice) title=[^:,]*::", line)
    assert ("::error" in lines[0]) == (report.state in (State.CRITICAL, State.UNKNOWN))


def test_a_percent_sign_in_an_annotation_is_escaped():
    assert "%0A" in render(REPORT, "github")
    target = msgspec.structs.replace(
        TARGET, causes=(), findings=(msgspec.structs.replace(TARGET.findings[2], summary="50% :: a\n::error::x"),)
    )
    assert (
        "50%25 :: a ::error::x" in render(msgspec.structs.replace(REPORT, targets=(target,)), "github").splitlines()[1]
    )


def test_sarif_holds_findings_that_have_a_file_and_only_those():
    facts = {"FileHealth": {"path": "/models/a b.gguf", "size_bytes": 1}}
    bad = msgspec.structs.replace(TARGET.findings[0], symptom="model-file-truncated", summary="the file ends early")
    from doctor.plugins import bundled_checks

    symptom = next(symptom.id for check in bundled_checks() if check.id == "model-file" for symptom in check.symptoms)
    target = msgspec.structs.replace(
        TARGET, facts=facts, findings=(msgspec.structs.replace(bad, symptom=symptom), *TARGET.findings)
    )
    run = json.loads(render(msgspec.structs.replace(REPORT, targets=(target,)), "sarif"))["runs"][0]
    assert [result["ruleId"] for result in run["results"]] == [symptom]
    assert (
        run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "file:///models/a%20b.gguf"
    )
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [symptom]
