"""Wrong usage: exit code 3, nothing on stdout, one sentence with the nearest right word on stderr."""

import pytest

from doctor.cli.main import outcome


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["chekc"], "there is no command 'chekc'; did you mean check?"),
        (["sing"], "there is no command 'sing'"),
        (["check", "--taget", "x"], "there is no option --taget; did you mean --target?"),
        (["check", "-x"], "there is no option -x"),
        (["--verison"], "there is no option --verison; did you mean --version?"),
        (["check", "--format", "jsn"], "--format 'jsn' is none of text, json, jsonl, "),
        (["check", "--depth", "quik"], "--depth 'quik' is none of passive, quick, deep; did you mean quick?"),
        (["check", "--fail-on", "ok"], "--fail-on 'ok' is none of warning, critical"),
        (["check", "--deadline", "nan"], "--deadline nan is not a number of seconds between 0 and 86400"),
        (["check", "--deadline", "soon"], "--deadline 'soon' is not a valid float"),
        (["check", "--deadline", "-1"], "--deadline -1.0 is not a number of seconds"),
        (["check", "--format"], "'--format' requires an argument"),
        (["check", "extra"], "unexpected extra argument"),
        (["check", "--target", "ftp://x"], "http:// and https:// are"),
        (["check", "--target", "http://u:p@x"], "--api-key-file"),
        (["check", "--only", "offlod"], "there is no check or category 'offlod'; did you mean offload?"),
        (["check", "--skip", "sped"], "did you mean speed?"),
        (["check", "--plugins", "/nowhere"], "plug-in folder /nowhere"),
        (["check", "-o", "/nowhere/report.json"], "there is no folder /nowhere"),
        (["check", "-o", "/tmp"], "is a folder"),
        (["check", "--api-key-file", "key"], "--api-key-file needs --target"),
        (["check", "--target", "h", "--api-key-file", "/nowhere/key"], "No such file or directory"),
        (["--target", "h", "check"], "write --target after the command"),
        (["list"], "Missing argument"),
        (["list", "cheks"], "'cheks' is none of checks, causes, runtimes, patients; did you mean checks?"),
        (["explain", "prompt-truncatd"], "did you mean prompt-truncated?"),
        (["demo", "nobody"], "there is no patient 'nobody'"),
        (["show", "nowhere.json"], "nowhere.json cannot be read: No such file or directory"),
        (["replay", "nowhere.json"], "nowhere.json cannot be read: No such file or directory"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_answered_with_one_sentence(capsys, words, sentence):
    assert outcome(words) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in err
    assert err.startswith("llm-doctor: ")
    assert err.count("\n") == 1


def test_wrong_usage_is_the_exit_code_of_the_process(doctor):
    assert doctor("check", "--taget", "x").returncode == 3


@pytest.mark.parametrize("content", [b"", b"two words", b"\xff\xfe", b"k" * 9000, b"line\nline"])
def test_a_file_that_holds_no_key_is_refused_without_showing_it(capsys, tmp_path, content):
    path = tmp_path / "key"
    path.write_bytes(content)
    assert outcome(["check", "--target", "127.0.0.1:9", "--api-key-file", str(path)]) == 3
    sentence = f"{path} does not hold a key: one word of printable ASCII is expected"
    assert capsys.readouterr().err == f"llm-doctor: {sentence}\n"
