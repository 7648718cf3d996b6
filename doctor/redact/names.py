"""Names whose value is a secret: variables, options, headers, fields and query parameters."""

import functools

from doctor.redact.late import late
from doctor.redact.vocabulary import words

# Words that make a name secret wherever they stand in it.
SECRET_WORDS = words("secret_words")
# A key or token of these is one; alone, or of anything else, it is not (key_length, bos_token, tokens, cache key).
OF_KEY = words("of_key")
OF_TOKEN = OF_KEY | {
    *(
        "hub",
        "huggingface",
        "hugging",
        "face",
        "github",
        "gitlab",
        "bot",
        "refresh",
        "push",
        "ci",
        "registry",
        "npm",
        "x",
    )
}
HARMLESS_BEFORE_TOKEN = words("harmless_before_token")
HARMLESS_AFTER = words("harmless_after")
HARMLESS = words("harmless")
# Values that everybody writes where a key is asked for and none is needed; they say something and hide nothing.
PLACEHOLDERS = words("placeholders")
ALIAS = late(r"removed-secret-\d|\*{3,}\Z")
SPLIT = late(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])")
FLAGS = ("-hft", "--token", "--auth")  # the first is llama.cpp's short form of --hf-token


@functools.lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Whether the value that goes by this name is a secret: `OPENAI_API_KEY`, `--api-key`, `client_secret`."""
    if name in FLAGS:
        return True
    parts = [word.lower() for word in SPLIT.split(name) if word]
    whole = "_".join(parts)
    if not parts or whole in HARMLESS or (parts[-1] in HARMLESS_AFTER and len(parts) > 1):
        return False
    if SECRET_WORDS.intersection(parts):
        return True
    last, before = parts[-1], parts[:-1]
    if last == "pass":
        return bool(before) or name.isupper()
    last = last.removesuffix("s")
    if last == "key" or "key" in parts:
        return bool(OF_KEY.intersection(parts)) or (name.isupper() and len(parts) > 1)
    if last == "pat" and before:
        return True
    if parts[-1] == "token":
        if HARMLESS_BEFORE_TOKEN.intersection(before):
            return False
        return (
            bool(OF_TOKEN.intersection(before)) or (name.isupper() and bool(before)) or bool(before and len(before) < 3)
        )
    return name.isupper() and any(word in whole for word in ("_token_", "secret", "password"))


def is_placeholder(value: str) -> bool:
    """Whether the value hides nothing: a word that stands where no key is needed, or one of our own aliases."""
    value = value.strip().rstrip(".,;:")
    return value.lower() in PLACEHOLDERS or ALIAS.match(value) is not None


QUERY_NAMES = (
    "api_key|apikey|api-key|key|token|access_token|auth|auth_token|sig|signature|secret|password|passwd|pwd|code|"
    "client_secret|refresh_token|id_token|session|sid|x-amz-signature|x-amz-credential|x-amz-security-token|"
    "x-goog-signature|x-goog-credential|awsaccesskeyid|googleaccessid|policy|ticket|jwt|hmac|subscription-key"
)
# All patterns from here on are tried on lower-case text. In an address only the separator tells where a value ends.
QUERY = late(rf"[?&;](?:{QUERY_NAMES})=(?P<secret>[^\s&\"'<>\x1d\x1e]+)")
AFTER_SCHEME = late(r":/{2}(?P<secret>[^\s/@\"'<>\x1d\x1e]{1,400})@")
BARE_USERINFO = late(r"(?<![\w/:@.+-])[\w.+-]{1,64}:[^\s:/@\"'\x1d\x1e]{1,200}\Z")
HOST_AFTER = late(r"@(?!sha256)[\w-]+(?:\.[\w.-]+|:\d)")
HEADER_WORDS = (
    "authorization",
    "cookie",
    "api-key",
    "x-auth-token",
    "security-token",
    "subscription-key",
    "access-token",
    "csrf-token",
)
HEADER = late(
    r"(?:authorization|cookie|api-key|x-auth-token|security-token|subscription-key|access-token|csrf-token)"
    r"(?:\\*[\"'])?\s*[:=,]\s*(?:b?\\*[\"'])?(?:(?:bearer|basic|token|digest|negotiate|apikey|key)[ \t]+)?"
    r"(?P<secret>[^\s\"'\\\x1d\x1e](?:[^\r\n\"'\\\x1d\x1e]{0,4000}[^\s\"'\\\x1d\x1e])?)"
)
HEADER_BEFORE = late(r"(?<![\w-])(?:x-|set-|proxy-|x-goog-|x-amz-|ocp-apim-|x-litellm-|x-xsrf-|x-)?\Z")
BEARER = late(r"(?:bearer|basic)(?:[ \t]+|%20|\+)(?P<secret>[a-z0-9._~+/=-]{6,4096})")
