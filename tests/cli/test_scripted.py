"""`watch`, `serve`, `probe`, `merge` and `examples` as processes."""

import json
import signal
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import msgspec
import pytest

from doctor.report import render
from tests.report.sample import NOTHING_FOUND, REPORT, TARGET


def test_watch_prints_changes_only_and_pings_with_the_code(doctor, tmp_path):
    """The server is down; the dead-man switch is a real HTTP server that notes its visitors."""
    visits = []

    class Switch(BaseHTTPRequestHandler):
        def do_POST(self):
            visits.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Switch)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (tmp_path / "ping.txt").write_text(f"http://127.0.0.1:{server.server_port}/s3cret-uuid\n")
    try:
        words = (
            "watch",
            "--target",
            "http://127.0.0.1:9",
            "--interval",
            "0.1",
            "--times",
            "2",
            "--changes-only",
            "--ping-file",
            "ping.txt",
        )
        ended = doctor(*words)
    finally:
        server.shutdown()
        server.server_close()
    assert ended.returncode == 2
    assert len(ended.stdout.splitlines()) == 1
    assert " CRITICAL http://127.0.0.1:9: " in ended.stdout
    assert [path for path, _ in visits] == ["/s3cret-uuid/2", "/s3cret-uuid/2"]
    assert "s3cret" not in ended.stdout + ended.stderr


def test_watch_as_json_lines(doctor):
    ended = doctor("watch", "--target", "http://127.0.0.1:9", "--times", "1", "--format", "jsonl")
    assert json.loads(ended.stdout)["state"] == "critical"


def test_serve_says_where_and_ends_in_order(start):
    process = start("serve", "--target", "http://127.0.0.1:9", "--listen", "127.0.0.1:0")
    line = process.stderr.readline()
    assert "1 targets, metrics at http://127.0.0.1:" in line
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("http://a:1\nftp://b\n", "targets.txt, line 2: ftp:// is not an address"),
        ("unix:/run/ollama.sock", "line 1: a Unix socket cannot be examined"),
        ("http://user:pass@a:1", "line 1: an address must not hold a name or password"),
        ("# nothing\n", "it asks nobody else"),
    ],
)
def test_a_wrong_list_of_targets_is_a_sentence_with_its_line(doctor, tmp_path, content, sentence):
    (tmp_path / "targets.txt").write_text(content)
    ended = doctor("serve", "--targets-file", "targets.txt")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert sentence in ended.stderr
    assert "pass@" not in ended.stderr


def test_a_list_of_targets_may_have_duplicates_ipv6_and_paths(tmp_path):
    from doctor.cli.target_list import read_targets

    (tmp_path / "t.txt").write_text("http://a:1/\nhttp://a:1\n::1\n[::1]:8080 # comment\nb:2/v1/\n8080\n")
    assert read_targets(str(tmp_path / "t.txt")) == (
        "http://a:1",
        "http://[::1]",
        "http://[::1]:8080",
        "http://b:2/v1",
        "http://127.0.0.1:8080",
    )


def test_probe_is_live_and_ready_for_an_engine_and_neither_for_nothing(doctor, engine):
    for kind in ("live", "ready"):
        ended = doctor("probe", kind, "--target", engine, "--deadline", "10")
        assert (ended.returncode, ended.stdout[:14]) == (0, "ok: llama.cpp ")
        ended = doctor("probe", kind, "--target", "http://127.0.0.1:9")
        assert ended.returncode == 2
        assert ended.stdout.startswith(f"not {kind}: no server")


def test_merge_ranks_causes_and_servers_and_says_what_it_left_out(doctor, tmp_path):
    folder = tmp_path / "reports"
    folder.mkdir()
    for number in range(3):
        target = msgspec.structs.replace(TARGET, url=f"http://h{number}:1")
        (folder / f"{number}.json").write_text(render(msgspec.structs.replace(REPORT, targets=(target,)), "json"))
    (folder / "cut.json").write_text(render(REPORT, "json")[:900])
    (folder / "newer.json").write_text('{"schema_version": "2.0", "state": "ok", "started": "x", "tool": {}}')
    (folder / "empty.json").write_text(render(NOTHING_FOUND, "json"))
    ended = doctor("merge", "reports", "--format", "json")
    assert ended.returncode == 3, "a report that found nothing is unknown, which is worse than a warning"
    document = json.loads(ended.stdout)
    assert (document["reports"], document["servers"], document["states"]["warning"]) == (4, 3, 3)
    assert document["causes"] == [
        {"id": "does-not-fit", "severity": "warning", "title": document["causes"][0]["title"], "servers": 3}
    ]
    assert "cut.json is cut off" in ended.stderr
    assert "newer.json has schema version 2.0" in ended.stderr
    shown = doctor("merge", "reports").stdout
    assert shown.startswith("4 reports, 3 servers: 3 warning\n")
    assert "[does-not-fit]" in shown


@pytest.mark.parametrize(
    ("words", "sentence"), [([], "merge needs JSON reports"), (["none.json"], "none.json cannot be read")]
)
def test_merge_of_nothing_is_a_sentence(doctor, words, sentence):
    ended = doctor("merge", *words)
    assert ended.returncode == 3
    assert sentence in ended.stderr


def test_examples_are_listed_printed_and_written_but_never_over_anything(doctor, tmp_path):
    names = doctor("examples").stdout.split()
    assert {
        "alerts.yml",
        "prometheus.yml",
        "kubernetes.yaml",
        "llm-doctor.service",
        "action.yml",
        "ansible-tasks.yml",
    } <= set(names)
    assert doctor("examples", "alerts.yml").stdout.startswith("# Alert rules")
    (tmp_path / "d").mkdir()
    assert doctor("examples", "-o", "d").returncode == 0
    assert sorted(path.name for path in (tmp_path / "d").iterdir()) == sorted(names)
    assert "exists already" in doctor("examples", "-o", "d").stderr
    assert "did you mean alerts.yml" in doctor("examples", "alert.yml").stderr
