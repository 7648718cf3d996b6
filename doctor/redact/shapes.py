"""Secrets that are known by their shape: a literal that every one of them holds, and the pattern around it.

The literal is looked for first, because searching for a word is a hundred times faster than trying a pattern. Prefixes
and lengths are those that the issuers document or print, read in 2026; a pattern asks for fewer characters than the
issuer uses, so that a shorter kind of the same key is caught as well.
"""

import re
from typing import NamedTuple

from doctor.redact.late import late


class Shape(NamedTuple):
    """One kind of secret. A match is replaced whole, or its group `secret` where the pattern has one."""

    kind: str
    literal: str
    pattern: re.Pattern[str]


NOT_IN_WORD = r"(?<![A-Za-z0-9])"
WORD = r"[A-Za-z0-9_-]"


def _prefixed(literal: str, least: int, alphabet: str = WORD) -> Shape:
    return Shape("key", literal, late(NOT_IN_WORD + re.escape(literal) + alphabet + f"{{{least},512}}"))


ALNUM = "[A-Za-z0-9]"
PREFIXED = (
    _prefixed("hf_", 20, ALNUM),  # Hugging Face
    _prefixed("api_org_", 20, ALNUM),
    _prefixed("sk-", 16),  # OpenAI, Anthropic (sk-ant-), OpenRouter (sk-or-v1-), LiteLLM, Langfuse, DeepSeek
    _prefixed("pk-lf-", 12),
    _prefixed("gsk_", 16, ALNUM),  # Groq
    _prefixed("xai-", 20, ALNUM),
    _prefixed("nvapi-", 16),  # NVIDIA
    _prefixed("pplx-", 16, ALNUM),
    _prefixed("r8_", 20, ALNUM),  # Replicate
    _prefixed("fw_", 20, ALNUM),  # Fireworks
    _prefixed("tgp_v1_", 20),  # Together
    _prefixed("jina_", 20),
    _prefixed("lsv2_", 20),  # LangSmith
    _prefixed("tvly-", 16),
    _prefixed("ghp_", 20, ALNUM),  # GitHub
    _prefixed("gho_", 20, ALNUM),
    _prefixed("ghu_", 20, ALNUM),
    _prefixed("ghs_", 20, ALNUM),
    _prefixed("ghr_", 20, ALNUM),
    _prefixed("github_pat_", 20, r"\w"),
    _prefixed("glpat-", 16),  # GitLab
    _prefixed("gldt-", 16),
    _prefixed("AKIA", 12, "[A-Z0-9]"),  # AWS
    _prefixed("ASIA", 12, "[A-Z0-9]"),
    _prefixed("AIza", 30),  # Google
    _prefixed("ya29.", 20),
    _prefixed("GOCSPX-", 20),
    _prefixed("xoxb-", 10),  # Slack
    _prefixed("xoxp-", 10),
    _prefixed("xoxa-", 10),
    _prefixed("xoxs-", 10),
    _prefixed("xapp-", 10),
    _prefixed("npm_", 20, ALNUM),
    _prefixed("pypi-", 30),
    _prefixed("dckr_pat_", 16),
    _prefixed("tskey-", 16),  # Tailscale
    _prefixed("dop_v1_", 30, ALNUM),
    _prefixed("sk_live_", 16, ALNUM),
    _prefixed("rk_live_", 16, ALNUM),
    _prefixed("shpat_", 20, ALNUM),
    _prefixed("SG.", 20, r"[A-Za-z0-9_.-]"),
    _prefixed("hvs.", 20),  # Vault
    _prefixed("lin_api_", 20, ALNUM),
    _prefixed("ntn_", 30, ALNUM),
    _prefixed("secret_", 30, ALNUM),
    _prefixed("wandb_v1_", 20),
    _prefixed("sntrys_", 20),
    _prefixed("phc_", 30, ALNUM),
    _prefixed("glsa_", 20, r"\w"),  # Grafana
    _prefixed("age-secret-key-1", 30),
    _prefixed("AGE-SECRET-KEY-1", 30),
    _prefixed("pa-", 40, WORD),  # Voyage
    _prefixed("EAAC", 40, ALNUM),
)
SHAPES = (
    *PREFIXED,
    Shape("key", "eyJ", late(NOT_IN_WORD + r"eyJ[A-Za-z0-9_-]{8,4096}(?:\.[A-Za-z0-9_-]{4,4096}){1,4}")),
    Shape(
        "private-key",
        "-----BEGIN",
        late(
            r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
            r".{0,16000}?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)",
            re.DOTALL,
        ),
    ),
    Shape(
        "private-key",
        "PuTTY-User-Key-File",
        late(r"PuTTY-User-Key-File.{0,16000}(?:Private-MAC.*|\Z)", re.DOTALL),
    ),
    Shape("key", "ssh-", late(r"(?<!\w)ssh-(?:rsa|ed25519|dss) (?P<secret>AAAA[A-Za-z0-9+/=]{20,2000})")),
    # Addresses that are themselves the right to write: web hooks and dead-man pings.
    Shape("address", "hooks.slack.com", late(r"hooks\.slack\.com/(?P<secret>[^\s\"'<>]+)")),
    Shape("address", "/webhooks/", late(r"/webhooks/(?P<secret>[^\s\"'<>]+)")),
    Shape("address", "/webhook", late(r"/webhookb?2?/(?P<secret>[^\s\"'<>]{8,})")),
    Shape("address", "hc-ping.com", late(r"hc-ping\.com/(?P<secret>[^\s\"'<>]+)")),
    Shape("address", "/api/push/", late(r"/api/push/(?P<secret>[^\s\"'<>?]+)")),
    Shape("address", "ntfy.sh/", late(r"ntfy\.sh/(?P<secret>[^\s\"'<>]+)")),
    Shape("address", "api.telegram.org/bot", late(r"api\.telegram\.org/bot(?P<secret>[^\s\"'<>/]+)")),
    Shape("address", "discord", late(r"discord(?:app)?\.com/api/webhooks/(?P<secret>[^\s\"'<>]+)")),
    Shape("key", ":AA", late(r"(?<!\d)\d{8,10}:AA[A-Za-z0-9_-]{30,40}")),  # Telegram bots
)
ELSEWHERE = frozenset({":AA"})  # literals that do not stand at the beginning of their pattern
# A word of many kinds of characters in no order is a key of a kind that nobody listed here. Digests and commit ids are
# lower-case hexadecimal, model names and flags are words with separators: neither mixes cases and digits like this.
RANDOM = late(r"[A-Za-z0-9]{16,}+")
