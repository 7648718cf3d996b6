"""A whole report redacted: every text in it, consistent, still a report, and with a note of what was done."""

import msgspec
import pytest

from doctor import facts
from doctor.model import Evidence
from doctor.redact import Known, Level, Redactor
from doctor.redact.report import redacted
from doctor.report import FORMATS, render
from doctor.report.json import read
from tests.redact.planted import KINDS, survivors
from tests.report.sample import REPORT, TARGET, TINY

SECRET = "Zk7Qm2Xv9Rt4Lw8Pn3Bd6Hs1"
FACTS = {
    "ServerProcess": {
        "command": ["/home/ottoline/bin/llama-server", "--api-key", SECRET, "-m", "/home/ottoline/m.gguf"],
        "environment": {"VLLM_API_KEY": SECRET, "OLLAMA_HOST": "192.168.7.20"},
        "user": "ottoline",
    },
    "ModelCard": {
        "name": "m",
        "system_prompt": "You are the assistant of Brandt and Sons.",
        "metadata": {"general.author": "o@brandt.org"},
    },
    "Exchange": {"error": f"401 for Bearer {SECRET}", "content": "zebra 7"},
}


def full():
    target = msgspec.structs.replace(
        TARGET,
        url="http://192.168.7.20:8080/v1",
        model="/home/ottoline/m.gguf",
        reason=f"connection to http://admin:{SECRET}@192.168.7.20:8080 failed",
        facts=FACTS,
        findings=(
            msgspec.structs.replace(
                TINY, summary=f"x-api-key: {SECRET} was refused", evidence=(Evidence(label="api key", value=SECRET),)
            ),
        ),
    )
    return msgspec.structs.replace(REPORT, targets=(target,))


def test_no_text_of_a_report_keeps_a_secret_or_a_name():
    clean = redacted(full(), Redactor(Known(homes=("/home/ottoline",))))
    text = render(clean, "json")
    assert not survivors(SECRET, text)
    assert "ottoline" not in text
    assert "192.168" not in text
    assert "Brandt and Sons" not in text


def test_the_report_says_what_was_done_to_it():
    note = redacted(full(), Redactor()).redaction
    assert note.level == "all"
    assert note.content == "left out"
    assert note.replaced["credential"] >= 3
    assert note.replaced["content"] == 1


def test_one_value_has_one_alias_throughout():
    clean = redacted(full(), Redactor())
    facts = clean.targets[0].facts
    assert facts["ServerProcess"]["command"][2] == facts["ServerProcess"]["environment"]["VLLM_API_KEY"]
    assert clean.targets[0].url == f"http://{facts['ServerProcess']['environment']['OLLAMA_HOST']}:8080/v1"


def test_a_redacted_report_reads_back_and_redacting_it_again_changes_nothing():
    clean = redacted(full(), Redactor())
    again = read(render(clean, "json").encode())
    assert again == clean
    assert msgspec.structs.replace(redacted(again, Redactor()), redaction=None) == msgspec.structs.replace(
        clean, redaction=None
    )


def test_what_a_user_filters_by_is_content():
    found = msgspec.structs.replace(
        TINY, evidence=(Evidence(label="filter", value="client=Brandt"), Evidence(label="rows", value=3))
    )
    facts = {"FilterTrial": {"filter": "client=Brandt", "known_values": ["Meyer and Co"], "known_keys": ["client"]}}
    again = ("llm-doctor", "rag", "./index", "--filter", "client=Brandt", "--k", "4")
    target = msgspec.structs.replace(TARGET, facts=facts, findings=(found,), again=again)
    report = msgspec.structs.replace(REPORT, targets=(target,))
    (clean,) = redacted(report, Redactor()).targets
    text = render(redacted(report, Redactor()), "json")
    assert ("Brandt" in text, "Meyer" in text) == (False, False)
    assert (clean.facts["FilterTrial"]["known_keys"], clean.again[-2:]) == (["client"], ("--k", "4"))
    for redactor, included in ((Redactor(), True), (Redactor(level=Level.SECRETS), False)):
        (kept,) = redacted(report, redactor, include_content=included).targets
        assert (kept.again, kept.findings[0].evidence[0].value) == (again, "client=Brandt")


def test_content_is_kept_when_asked_for_and_secrets_in_it_still_go():
    clean = redacted(full(), Redactor(), include_content=True)
    assert clean.targets[0].facts["ModelCard"]["system_prompt"].startswith("You are")
    assert clean.redaction.content == "included"


def test_at_level_nothing_the_report_says_so_and_is_whole():
    raw = redacted(full(), Redactor(level=Level.NOTHING))
    assert raw.redaction.level == "nothing"
    assert raw.targets == full().targets


@pytest.mark.parametrize("format_name", list(FORMATS))
@pytest.mark.parametrize("kind", list(KINDS))
def test_no_format_shows_a_secret_whatever_the_place(format_name, kind):
    """Environment, command line, address, log text, model name, path and error, in every format that there is."""
    import random

    name, make = KINDS[kind]
    secret = make(random.Random(kind))
    shown = name or "HF_TOKEN"
    places = {
        "ServerProcess": {"command": ["vllm", "serve", "--api-key", secret], "environment": {shown: secret}},
        "Log": {"lines": [f"INFO {shown}={secret} loaded", f"Authorization: Bearer {secret}"]},
    }
    target = msgspec.structs.replace(
        TARGET,
        reason=f"GET http://h:1/v1?api_key={secret.splitlines()[0]} failed",
        findings=(msgspec.structs.replace(TINY, summary=f"{shown}={secret}", subject=f"{shown}={secret}"),),
        facts=places,
    )
    clean = redacted(msgspec.structs.replace(REPORT, targets=(target,)), Redactor(level=Level.SECRETS))
    text = render(clean, format_name)
    assert not survivors(secret, text)
    assert Redactor(level=Level.SECRETS).leaks(text) == []


def test_numbers_as_keys_stay_numbers():
    """Facts count by number: sizes of vectors, words of a text."""
    facts = {"IndexVectors": {"sizes": {0: 3, 384: 57}}, "EmbeddingTruncation": {"trials": {600: 0.93}}}
    target = msgspec.structs.replace(TARGET, facts=facts)
    whole = msgspec.structs.replace(REPORT, targets=(target,))
    assert redacted(whole, Redactor()).targets[0].facts == facts


FIELDS = sorted({field for name in facts.__all__ for field in getattr(facts, name).__struct_fields__})


@pytest.mark.parametrize("value", ["null", "true", "false"])
def test_a_field_of_any_fact_without_a_value_is_nobodys_name(value):
    """The finished text is looked at once more, and what still looks like a name stops the report."""
    document = {field: msgspec.json.decode(value) for field in FIELDS}
    text = msgspec.json.format(msgspec.json.encode(document), indent=2).decode()
    assert Redactor().leaks(text) == []
