"""The gate on secrets: 2 400 planted in every carrier and encoding, none survives, and clean lines stay as they are."""

import random
import string
import time

import pytest

from doctor.redact import Known, Level, Redactor
from doctor.redact.names import is_secret_name
from tests.redact.clean import lines
from tests.redact.planted import ALNUM, CARRIERS, ENCODINGS, HEX, KINDS, of, planted, survivors

CASES = list(planted())


def test_there_are_2400_planted_secrets():
    assert len(KINDS) * len(CARRIERS) * len(ENCODINGS) == len(CASES) == 2400
    assert all(survivors(secret, text) for _, secret, text in CASES), "each is there to be found"


@pytest.mark.parametrize("level", [Level.SECRETS, Level.ALL])
def test_no_planted_secret_survives(level):
    leaked = [name for name, secret, text in CASES if survivors(secret, Redactor(level=level).text(text))]
    assert leaked == []


def test_what_was_redacted_is_found_clean_and_stays_as_it_is():
    for name, _, text in CASES[::7]:
        once = Redactor().text(text)
        assert Redactor().leaks(once) == [], name
        assert Redactor().text(once) == once, name


def test_what_was_not_redacted_is_found_by_the_last_look():
    missed = [name for name, _, text in CASES if not Redactor(level=Level.SECRETS).leaks(text)]
    assert missed == []


def test_clean_lines_stay_as_they_are_alone_and_together():
    clean = lines()
    assert len(clean) >= 500
    assert [line for line in clean if Redactor().text(line) != line] == []
    assert Redactor().text("\n".join(clean)) == "\n".join(clean)


# Kinds that no rule was written for: shapes and names of our own making.
HELD_OUT = [
    ("a key of an unknown issuer in a log", lambda r: f"using credentials file, got zk9_{of(r, ALNUM, 32)} from it"),
    ("a key with a prefix in an address", lambda r: f"GET http://127.0.0.1:1234/v1?apikey={of(r, HEX, 24)}"),
    ("a cookie", lambda r: f"cookie: session={of(r, ALNUM, 30)}; theme=dark"),
    ("a registry login", lambda r: '{"auths": {"ghcr.io": {"auth": "' + of(r, ALNUM, 40) + '"}}}'),
    ("a netrc", lambda r: f"machine huggingface.co login me password {of(r, ALNUM, 20)}"),
    ("a proxy", lambda r: f"HTTPS_PROXY=http://svc:{of(r, ALNUM, 12)}@proxy:3128"),
    ("curl's option", lambda r: f"curl -H 'X-Api-Key: {of(r, ALNUM, 16)}' http://127.0.0.1:8080/v1/models"),
    ("python's repr of headers", lambda r: f"[(b'host', b'x'), (b'authorization', b'Bearer {of(r, ALNUM, 22)}')]"),
    ("a list of words", lambda r: f"['vllm', 'serve', '--api-key', '{of(r, string.ascii_lowercase, 18)}']"),
    (
        "a signed link",
        lambda r: f"https://cdn.example.com/m.gguf?Expires=1&Signature={of(r, ALNUM, 60)}&Key-Pair-Id=K1",
    ),
]


@pytest.mark.parametrize(("what", "make"), HELD_OUT, ids=[what for what, _ in HELD_OUT])
def test_kinds_nobody_wrote_a_rule_for(what, make):
    text = make(random.Random(what))
    secret = max(text.replace("'", " ").replace('"', " ").replace("=", " ").replace("&", " ").split(), key=len)
    pieces = [
        word for word in ALNUM_WORDS(text) if (len(word) >= 12 and any(map(str.isdigit, word))) or len(word) == 18
    ]
    shown = Redactor(level=Level.SECRETS).text(text)
    assert secret
    assert pieces
    assert not [piece for piece in pieces if any(piece[i : i + 6] in shown for i in range(len(piece) - 5))]


def ALNUM_WORDS(text):  # noqa: N802 - reads as the set of words it gives
    return "".join(c if c.isalnum() else " " for c in text).split()


@pytest.mark.parametrize(
    "text",
    [
        "OPENAI_API_KEY=ollama",
        "--api-key EMPTY",
        "Authorization: Bearer lm-studio",
        "api_key = 'sk-no-key-required'",
        "OPENAI_API_KEY=",
        "--api-key $KEY",
        "api_key=${OPENAI_API_KEY}",
        "tokenizer.ggml.eos_token_id = 2",
        "max_tokens: 512",
        "PWD=/srv/models",
    ],
)
def test_what_stands_for_a_key_and_hides_nothing_is_kept(text):
    assert Redactor().text(text) == text


def test_the_same_key_has_the_same_alias_and_another_key_another():
    shown = Redactor().text("VLLM_API_KEY=abc123def456\nvllm serve --api-key abc123def456\nOPENAI_API_KEY=other99other")
    first, second, third = (line.replace("=", " ").split()[-1] for line in shown.splitlines())
    assert first == second != third


def test_a_key_that_is_known_is_removed_wherever_it_stands():
    known = Known(secrets=("correct-horse-9-battery",))
    text = "note: correct-horse-9-battery, also Y29ycmVjdC1ob3JzZS05LWJhdHRlcnk= and x=correct%2Dhorse%2D9%2Dbattery"
    assert not survivors("correct-horse-9-battery", Redactor(known, Level.SECRETS).text(text))


def test_nothing_is_touched_at_level_nothing():
    text = "VLLM_API_KEY=abc123def456 at 10.1.2.3"
    assert Redactor(level=Level.NOTHING).text(text) == text
    assert Redactor(level=Level.NOTHING).leaks(text) == []


@pytest.mark.parametrize("character", [*map(chr, range(32, 127)), "\x1b", "\n", "\x01", "é", "日", "\u200b"])
def test_a_long_run_of_one_character_costs_no_more_than_its_length(character):
    """A pattern that tried every length at every place would take minutes here, not a second."""
    began = time.process_time()
    Redactor().text(character * 100_000)
    assert time.process_time() - began < 3.0


@pytest.mark.parametrize(
    "piece", ["a.", "a-", "%41", "\\n", "key=", "://", "a@", "token ", "\x1b[m", "1.", "eyJa.", "-----BEGIN ", "pass "]
)
def test_a_long_run_of_what_begins_a_pattern_costs_no_more_than_its_length(piece):
    began = time.process_time()
    Redactor().text(piece * (100_000 // len(piece)))
    assert time.process_time() - began < 5.0


@pytest.mark.parametrize(
    "name",
    [
        "OPENAI_API_KEY",
        "hf_token",
        "--api-key",
        "clientSecret",
        "X-Api-Key",
        "LITELLM_MASTER_KEY",
        "db.password",
        "-hft",
    ],
)
def test_names_of_secrets(name):
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "bos_token",
        "max_tokens",
        "key_length",
        "TOKENIZERS_PARALLELISM",
        "--api-key-file",
        "cache_key",
        "PUBLIC_KEY",
        "token",
        "passed",
        "",
    ],
)
def test_names_of_other_things(name):
    assert not is_secret_name(name)
