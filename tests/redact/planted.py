"""Secrets made from a seed, the places that carry them, and the encodings in which they travel."""
# ruff: noqa: E501

import base64
import json
import random
import re
import string
from urllib.parse import unquote

ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
URLSAFE = ALNUM + "-_"
UPPER = string.ascii_uppercase + string.digits


def of(rng, alphabet, length):
    """A random word, its characters of all kinds, as issuers make them."""
    return "".join(rng.choice(alphabet) for _ in range(length))


def _prefixed(prefix, length, alphabet=ALNUM):
    return lambda rng: prefix + of(rng, alphabet, length)


def jwt(rng):
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=").decode()
    return f"{head}.{of(rng, URLSAFE, 60)}.{of(rng, URLSAFE, 43)}"


def pem(rng):
    lines = "\n".join(of(rng, ALNUM + "+/", 64) for _ in range(4))
    return f"-----BEGIN OPENSSH PRIVATE KEY-----\n{lines}\n-----END OPENSSH PRIVATE KEY-----"


def password(rng):
    return of(rng, ALNUM + "!#*.~-", 18) + "7q"


# kind -> (name of the variable, how the value is made). A name of None: only the shape gives the value away, and it
# stands under a name that says nothing.
KINDS = {
    "hugging-face": (None, _prefixed("hf_", 34)),
    "hugging-face-org": (None, _prefixed("api_org_", 34)),
    "openai": (None, _prefixed("sk-", 48)),
    "openai-project": (None, _prefixed("sk-proj-", 120, URLSAFE)),
    "anthropic": (None, _prefixed("sk-ant-api03-", 93, URLSAFE)),
    "openrouter": (None, _prefixed("sk-or-v1-", 64, HEX)),
    "groq": (None, _prefixed("gsk_", 52)),
    "nvidia": (None, _prefixed("nvapi-", 64, URLSAFE)),
    "perplexity": (None, _prefixed("pplx-", 48)),
    "github": (None, _prefixed("ghp_", 36)),
    "github-oauth": (None, _prefixed("gho_", 36)),
    "github-fine": (None, _prefixed("github_pat_", 82, ALNUM + "_")),
    "gitlab": (None, _prefixed("glpat-", 20, URLSAFE)),
    "aws-id": (None, _prefixed("AKIA", 16, UPPER)),
    "slack": (None, lambda rng: f"xoxb-{of(rng, string.digits, 12)}-{of(rng, string.digits, 12)}-{of(rng, ALNUM, 24)}"),
    "jwt": (None, jwt),
    "pem": (None, pem),
    "google": (None, _prefixed("AIza", 35, URLSAFE)),
    "replicate": (None, _prefixed("r8_", 37)),
    "tailscale": (None, lambda rng: f"tskey-auth-{of(rng, ALNUM, 16)}-{of(rng, ALNUM, 32)}"),
    "no-shape": (None, lambda rng: of(rng, ALNUM, 44)),
    "vllm": ("VLLM_API_KEY", lambda rng: of(rng, ALNUM, 24)),
    "ollama": ("OLLAMA_API_KEY", lambda rng: of(rng, HEX, 32) + "." + of(rng, ALNUM, 24)),
    "litellm": ("LITELLM_MASTER_KEY", _prefixed("sk-", 12)),
    "webui": ("WEBUI_SECRET_KEY", lambda rng: of(rng, ALNUM + "+/", 24)),
    "ngc": ("NGC_API_KEY", lambda rng: of(rng, ALNUM, 84)),
    "wandb": ("WANDB_API_KEY", lambda rng: of(rng, HEX, 40)),
    "short-openai": ("OPENAI_API_KEY", _prefixed("sk-", 8)),
    "aws-secret": ("AWS_SECRET_ACCESS_KEY", lambda rng: of(rng, ALNUM + "+/", 40)),
    "hub-token": ("HUGGING_FACE_HUB_TOKEN", lambda rng: of(rng, ALNUM, 20)),
    "password": ("POSTGRES_PASSWORD", password),
    "pass": ("SMTP_PASS", password),
    "passphrase": ("KEYSTORE_PASSPHRASE", lambda rng: of(rng, string.ascii_lowercase + "0", 22)),
    "credential": ("SERVICE_CREDENTIAL", lambda rng: of(rng, ALNUM, 30)),
    "client-secret": ("OAUTH_CLIENT_SECRET", lambda rng: of(rng, ALNUM + "~.", 38)),
    "token": ("DISCORD_BOT_TOKEN", lambda rng: f"{of(rng, ALNUM, 24)}.{of(rng, ALNUM, 6)}.{of(rng, ALNUM, 27)}"),
    "azure": ("AZURE_OPENAI_API_KEY", lambda rng: of(rng, HEX, 32)),
    "fernet": ("ENCRYPTION_KEY", lambda rng: base64.urlsafe_b64encode(rng.randbytes(32)).decode()),
    "llama-arg": ("LLAMA_API_KEY", lambda rng: of(rng, string.ascii_lowercase, 20)),
    "redis": ("REDIS_PASSWORD", lambda rng: of(rng, HEX, 64)),
}


def flag_of(name):
    return "--" + name.lower().replace("_", "-")


def environment(name, value):
    return (
        f"PATH=/usr/local/bin:/usr/bin\nOLLAMA_HOST=0.0.0.0:11434\n{name}={value}\nOLLAMA_KEEP_ALIVE=5m\nLANG=C.UTF-8"
    )


def process_line(name, value):
    return (
        f"1423 ?  Ssl  0:41 /usr/bin/llama-server -m /models/qwen2.5-7b-q4_k_m.gguf {flag_of(name)} {value} --port 8080"
    )


def service_unit(name, value):
    return f'[Service]\nExecStart=/usr/local/bin/ollama serve\nEnvironment="{name}={value}"\nEnvironment="OLLAMA_KEEP_ALIVE=-1"'


def container(name, value):
    return json.dumps([{"Name": "/ollama", "Config": {"Env": [f"{name}={value}", "OLLAMA_HOST=0.0.0.0"]}}], indent=1)


def compose(name, value):
    return f"services:\n  ollama:\n    image: ollama/ollama:0.12.3\n    environment:\n      {name}: '{value}'\n      OLLAMA_HOST: 0.0.0.0"


def dotenv(name, value):
    return f'# settings\nexport {name}="{value}"\nOLLAMA_CONTEXT_LENGTH=8192'


def toml(name, value):
    return f'[server]\nport = 8080\n{name.lower()} = "{value}"\nthreads = 8'


def server_log(name, value):
    return f'time=2026-11-02T09:12:01Z level=INFO msg="server config" {name.lower()}={value} env="map[OLLAMA_DEBUG:1]"'


def headers(name, value):
    return f"POST /v1/chat/completions HTTP/1.1\nHost: 127.0.0.1:8080\nAuthorization: Bearer {value}\nContent-Type: application/json"


def address(name, value):
    return f"GET http://127.0.0.1:8080/v1/models?{QUERY_NAME.get(name, 'api_key')}={value}&limit=5 failed: 401"


def traceback_(name, value):
    return (
        'Traceback (most recent call last):\n  File "/app/main.py", line 12, in <module>\n'
        f"    client = OpenAI(base_url='http://127.0.0.1:8080/v1', {name.lower()}='{value}')\nopenai.AuthenticationError: 401"
    )


def gguf_string(name, value):
    return f"llama_model_loader: - kv  12: general.{name.lower()} str = {value}\nllama_model_loader: - kv  13: general.file_type u32 = 7"


QUERY_NAME = {"SMTP_PASS": "password", "POSTGRES_PASSWORD": "password", "DISCORD_BOT_TOKEN": "token"}
CARRIERS = {
    each.__name__.strip("_"): each
    for each in (
        environment, process_line, service_unit, container, compose, dotenv, toml, server_log, headers, address,
        traceback_, gguf_string,
    )
}  # fmt: skip


def plain(carrier, name, value):
    return carrier(name, value)


def percent(carrier, name, value):
    return carrier(name, "".join(f"%{byte:02X}" for byte in value.encode()))


def json_escaped(carrier, name, value):
    hidden = "".join(f"\0{ord(c):04x}" if i % 4 == 0 else c for i, c in enumerate(value))
    return json.dumps(carrier(name, hidden))[1:-1].replace("\\u0000", "\\u")


def base64_encoded(carrier, name, value):
    return "blob: " + base64.b64encode(carrier(name, value).encode()).decode()


def interrupted(carrier, name, value):
    """By colour codes within the value where its length is even, by a window of 60 columns where it is odd."""
    if (len(value) + len(name)) % 2:
        return "\n".join(wrapped(line, 60) for line in carrier(name, value).splitlines())
    return carrier(name, "\x1b[1m".join(value[i : i + 5] for i in range(0, len(value), 5)))


def wrapped(line, width):
    return "\n".join(line[i : i + width] for i in range(0, len(line), width))


ENCODINGS = {each.__name__: each for each in (plain, percent, json_escaped, base64_encoded, interrupted)}


def grams(secret):
    """Runs of six characters of the random part of a secret."""
    random_part = re.sub(r"-----(BEGIN|END) OPENSSH PRIVATE KEY-----|\n", "", secret)
    for prefix in (
        "sk-ant-api03-",
        "sk-proj-",
        "sk-or-v1-",
        "tskey-auth-",
        "github_pat_",
        "api_org_",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.",
    ):
        random_part = random_part.removeprefix(prefix)
    return {random_part[i : i + 6] for i in range(len(random_part) - 5)}


def readings(text):
    """All that a determined reader can make of a text."""
    bare = re.sub(r"\x1b\[[0-9;]*m", "", text)
    yield from (text, bare, bare.replace("\n", ""), unquote(bare))
    yield re.sub(r"\x1b\[[0-9;]*m", "", re.sub(r"\\+u([0-9a-f]{4})", lambda m: chr(int(m[1], 16)), bare))
    for run in re.findall(r"[A-Za-z0-9+/_-]{8,}={0,2}", bare):
        for shift in range(4):
            part = run.rstrip("=")[shift:].replace("-", "+").replace("_", "/")
            yield base64.b64decode(part[: len(part) // 4 * 4]).decode("latin-1")


def survivors(secret, text):
    wanted = grams(secret)
    return [gram for reading in readings(text) for gram in wanted if gram in reading]


def planted():
    """All cases: (name of the case, secret, text)."""
    for number, (kind, (name, make)) in enumerate(KINDS.items()):
        for carrier_name, carrier in CARRIERS.items():
            for encoding_name, encoding in ENCODINGS.items():
                rng = random.Random(f"{number} {carrier_name} {encoding_name}")
                secret = make(rng)
                shown = name or ("SETTING" if carrier_name != "address" else "NOTE")
                yield f"{kind}-{carrier_name}-{encoding_name}", secret, encoding(carrier, shown, secret)
