"""Which server answers, by its own signature and never by its port: two requests in the normal case.

The first answer names a candidate, a second request confirms it. Servers that imitate Ollama are told apart, and a
reverse proxy that changes the `Server` header or lives under a path does not hide the server behind it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import msgspec

from doctor.collect.reach import first_path
from doctor.context import Context
from doctor.errors import Malformed, Skip, Trouble
from doctor.facts import Identity, Reach
from doctor.http import Answer, Client
from doctor.runtimes import signatures
from doctor.runtimes.given_path import prefix_of, works_as_base
from doctor.text import one_line, plain

ANSWER_S = 3.0
LOADING_PATIENCE_S = 4.0
LOADING_POLL_S = 0.25
ANSWER_CHARACTERS = 200

Confirm = Callable[[Client, Answer], Awaitable[Identity | None]]


async def collect_identity(context: Context) -> Identity:
    """The identity of the target. Raises `Skip` when nothing answers there; waits a few seconds for a loading model."""
    reach = await context.fact(Reach)
    if reach.state != "open":
        raise Skip(f"nothing can be asked at {context.target.url}: {no_answer(reach)}")
    client = context.http
    path = urlsplit(context.target.url).path.rstrip("/")
    if reach.http_status is None:
        return _foreign(client, reach.detail)
    who = await _under_path(client, path, first_path(reach.port))
    return await _with_given_path(client, who, path, context.target.origin)


def no_answer(reach: Reach) -> str:
    """Why a reach that is not open is not, as a clause."""
    return {
        "refused": "the connection is refused",
        "timeout": "no connection could be made in time",
        "no-such-name": "the host name does not resolve",
        "silent": "it accepts connections and gives no answer",
        "reset": "it closes connections without an answer",
        "tls": reach.detail or "the encrypted connection could not be set up",
    }.get(reach.state, reach.detail or "the connection broke")


async def _under_path(client: Client, path: str, first: str) -> Identity:
    """The server at the origin, or the one that a reverse proxy puts under the path that the user gave."""
    prefix = prefix_of(path)
    if prefix:
        client.prefix = prefix
        who = await identify(client, "/")
        if who.runtime:
            return who
        client.prefix = ""
    return await identify(client, first)


async def _with_given_path(client: Client, who: Identity, path: str, origin: str) -> Identity:
    works = await works_as_base(client, who, path, origin)
    return msgspec.structs.replace(who, given_path=path, given_path_works=works)


async def identify(client: Client, first: str, *, patient: bool = True) -> Identity:
    """Who answers at the client's origin and prefix. `patient`: wait a little for a model that is being loaded.

    Raises the troubles of the first request; later ones only leave a candidate unconfirmed.
    """
    answer = await client.get_once(first, deadline_s=ANSWER_S)
    who = await _confirmed(client, answer)
    if who.state == "loading" and patient:
        who = await _wait(client, who, first)
    return who


async def _wait(client: Client, who: Identity, first: str) -> Identity:
    """Ask again while the model loads, for a few seconds."""
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + LOADING_PATIENCE_S
    while who.state == "loading" and loop.time() < ends_at:
        await asyncio.sleep(LOADING_POLL_S)
        try:
            who = await _confirmed(client, await client.get(first, deadline_s=ANSWER_S))
        except Trouble:
            break
    return who


async def _confirmed(client: Client, answer: Answer) -> Identity:
    for suspects, confirm in SUSPICIONS:
        if suspects(answer):
            who = await confirm(client, answer)
            if who is not None:
                return who
    return await _unknown(client, answer)


def _header(answer: Answer) -> str:
    return answer.headers.get("server", "").lower()


def _text(answer: Answer) -> str:
    return answer.text()[:4096].strip()


async def _ask(client: Client, path: str) -> Answer | None:
    """One more request, None when it fails."""
    try:
        return await client.get(path, deadline_s=ANSWER_S)
    except Trouble:
        return None


def _object(answer: Answer | None, status: int = 200) -> dict[str, Any]:
    """The JSON object of an answer with this status, {} for anything else."""
    if answer is None or answer.status != status:
        return {}
    try:
        value = answer.json()
    except Malformed:
        return {}
    return value if isinstance(value, dict) else {}


def _word(value: object) -> str:
    return one_line(value, 80) if isinstance(value, str) else ""


def _who(client: Client, runtime: str, answer: Answer, signature: str, version: str = "") -> Identity:
    base = client.base_url + client.prefix
    return Identity(
        runtime=runtime,
        state="ready",
        version=version,
        name=signatures.NAMES[runtime],
        base_url=base,
        openai_url=base + signatures.OPENAI_ROUTES.get(runtime, "/v1"),
        imitates="ollama" if runtime in signatures.OLLAMA_IMITATORS else "",
        signature=signature,
        server_header=one_line(answer.headers.get("server", ""), 60),
    )


def _judged(who: Identity, told: Answer | None) -> Identity:
    """The identity with the state that one more answer shows, and with the words of a refusal."""
    state = _state(told)
    words = plain(told.text(), ANSWER_CHARACTERS) if told is not None and state != "ready" else ""
    return msgspec.structs.replace(who, state=state, answer=words)


def _foreign(client: Client, said: str, state: str = "foreign", header: str = "", name: str = "") -> Identity:
    return Identity(
        runtime="",
        state=state,
        name=name,
        base_url=client.base_url + client.prefix,
        answer=plain(said, ANSWER_CHARACTERS),
        server_header=one_line(header, 60),
    )


def _state(answer: Answer | None) -> str:
    """What an answer's status says about a server that is already known."""
    if answer is None:
        return "broken"
    if answer.status in {401, 403}:
        return "locked"
    words = _text(answer).lower()
    if answer.status == 503 and any(word in words for word in signatures.LOADING_WORDS):
        return "loading"
    if answer.status in {429, 503}:
        return "busy"
    return "broken" if answer.status >= 500 else "ready"


async def _by_header(client: Client, answer: Answer) -> Identity | None:
    header = _header(answer)
    runtime = next(r for start, r in signatures.SERVER_HEADERS.items() if header.startswith(start))
    signature = f"Server: {one_line(answer.headers['server'], 40)}"
    if runtime == "llamafile":
        return _who(client, runtime, answer, signature, header.partition("/")[2])
    if runtime == "koboldcpp":
        told = await _ask(client, "/api/extra/version")
        return _judged(_who(client, runtime, answer, signature, _word(_object(told).get("version"))), told)
    props = await _ask(client, "/v1/props" if runtime == "ik_llama.cpp" else "/props")
    said = _object(props)
    if client.prefix and not said:
        return None  # the header stands on every page of the server, also under a path that does not exist
    signature += ", GET /props has build_info" if "build_info" in said else ""
    return _judged(_who(client, runtime, answer, signature, _word(said.get("build_info"))), props)


async def _ollama(client: Client, answer: Answer) -> Identity | None:
    """Ollama by its root text, unless /version exists (LocalAI) or /api/version says more than a version."""
    version, other = await asyncio.gather(_ask(client, "/api/version"), _ask(client, "/version"))
    said = _object(version)
    if other is not None and other.status == 200 and "version" in _object(other):
        return _who(
            client, "localai", answer, "root text of Ollama, but GET /version answers", _word(_object(other)["version"])
        )
    if set(said) - {"version"}:
        return None
    signature = f"root text {signatures.OLLAMA_ROOT!r}, no GET /version"
    return _judged(_who(client, "ollama", answer, signature, _word(said.get("version"))), version)


async def _sglang(client: Client, answer: Answer) -> Identity | None:
    path, key = ("/model_info", "is_generation") if "Ollama" in _text(answer) else ("/v1/models", "data")
    told = await _ask(client, path)
    if key not in _object(told) and _state(told) == "ready":
        return None
    return _judged(_who(client, "sglang", answer, f"root text {_text(answer)}"), told)


async def _llama_swap(client: Client, answer: Answer) -> Identity | None:
    told = await _ask(client, "/running")
    if "running" not in _object(told) and _state(told) != "locked":
        return None
    return _judged(_who(client, "llama-swap", answer, "root leads to /ui, GET /running answers"), told)


async def _docker(client: Client, answer: Answer) -> Identity | None:
    return _who(client, "docker-model-runner", answer, f"root text {signatures.DOCKER_ROOT!r}")


async def _lm_studio(client: Client, answer: Answer) -> Identity | None:
    if _object(answer).get("lmstudio") is not True:
        greeting = await _ask(client, "/lmstudio-greeting")
        if _object(greeting).get("lmstudio") is not True:
            return None
    # The greeting needs no token; whether the API does is known only by asking it.
    models = await _ask(client, "/v1/models")
    return _judged(_who(client, "lmstudio", answer, "GET /lmstudio-greeting"), models)


async def _tgi(client: Client, answer: Answer) -> Identity | None:
    said = _object(await _ask(client, "/info"))
    if said.get("router") != "text-generation-router":
        return None
    return _who(client, "tgi", answer, "GET /info names text-generation-router", _word(said.get("version")))


async def _mlx(client: Client, answer: Answer) -> Identity | None:
    if _object(await _ask(client, "/health")) != {"status": "ok"}:
        return None
    return _who(client, "mlx-lm", answer, f"Server: {one_line(answer.headers['server'], 40)}, GET /health is ok")


# What the first answer looks like -> how to make sure; taken in order, the first that is confirmed wins.
SUSPICIONS: tuple[tuple[Callable[[Answer], bool], Confirm], ...] = (
    (lambda a: _header(a).startswith(tuple(signatures.SERVER_HEADERS)), _by_header),
    (lambda a: a.status == 200 and _text(a) == signatures.OLLAMA_ROOT, _ollama),
    (lambda a: a.status == 200 and _text(a) in signatures.SGLANG_ROOTS, _sglang),
    (lambda a: a.status == 200 and _text(a) == signatures.DOCKER_ROOT, _docker),
    (lambda a: a.status == 200 and ("lmstudio" in _object(a) or signatures.LM_STUDIO_WORDS in _text(a)), _lm_studio),
    (lambda a: a.status in {301, 302, 307} and a.headers.get("location", "").rstrip("/").endswith("/ui"), _llama_swap),
    (lambda a: a.status == 200 and not a.body, _tgi),
    (lambda a: _header(a).startswith("basehttp") and a.status == 404 and _text(a) == "Not Found", _mlx),
)


async def _unknown(client: Client, answer: Answer) -> Identity:
    """No candidate by the first answer: the model list decides, then the routes that a proxy cannot hide."""
    models = await _ask(client, "/v1/models")
    who = _by_owner(client, answer, models)
    if who is not None:
        return await _refined(client, answer, who)
    for look in (_props, _api_version, _version_only, _transformers):
        found = await look(client, answer, models)
        if found is not None:
            return found
    refusal = models if models is not None and models.status in {401, 403} else answer
    if refusal.status in {401, 403}:
        locked = _foreign(client, refusal.text(), "locked", refusal.headers.get("server", ""))
        return msgspec.structs.replace(locked, signature=f"HTTP {refusal.status}")
    if answer.status in {502, 503, 504, 429}:
        return _foreign(client, answer.text(), _state(answer), answer.headers.get("server", ""))
    return _foreign(client, _said(answer), header=answer.headers.get("server", ""))


def _said(answer: Answer) -> str:
    """What a server that is not known answered, for a sentence."""
    if answer.status in {301, 302, 303, 307, 308}:
        return f"a redirect to {one_line(answer.headers.get('location', 'nowhere'), 100)}"
    return answer.text().strip() or f"HTTP {answer.status} with nothing in it"


def model_list(answer: Answer | None) -> list[Any] | None:
    """The list of an OpenAI-compatible /v1/models answer; Ollama without models sends null. None: it is no list."""
    said = _object(answer)
    if "data" in said and isinstance(said["data"], list | None) and (said["data"] or said.get("object") == "list"):
        return said["data"] or []
    return None


def _by_owner(client: Client, answer: Answer, models: Answer | None) -> Identity | None:
    listed = model_list(models)
    if listed is None:
        return None
    owners = {_word(entry.get("owned_by")).lower() for entry in listed if isinstance(entry, dict)}
    runtime = next((runtime for owner, runtime in signatures.OWNERS.items() if owner in owners), "openai")
    return _who(
        client, runtime, answer, "GET /v1/models" + (f" is owned by {min(owners)}" if runtime != "openai" else "")
    )


async def _refined(client: Client, answer: Answer, who: Identity) -> Identity:
    """What the model list alone cannot say: the version, or which of the servers without an owner it is."""
    if who.runtime == "vllm":
        return msgspec.structs.replace(who, version=_word(_object(await _ask(client, "/version")).get("version")))
    if who.runtime == "llama.cpp":
        return await _props(client, answer, None) or who
    if who.runtime == "openai":
        for look in (_api_version, _transformers):
            found = await look(client, answer, None)
            if found is not None:
                return found
    return who


async def _props(client: Client, answer: Answer, models: Answer | None) -> Identity | None:
    """The llama.cpp server behind something that hides its header; /props of other servers names no build."""
    del models
    props = await _ask(client, "/props")
    said = _object(props)
    if "build_info" in said:
        return _who(client, "llama.cpp", answer, "GET /props has build_info", _word(said["build_info"]))
    if props is not None and props.status == 503 and _state(props) == "loading":
        return _judged(_who(client, "llama.cpp", answer, "GET /props says that the model is loading"), props)
    return None


async def _api_version(client: Client, answer: Answer, models: Answer | None) -> Identity | None:
    """Ollama and its imitators by /api/version, where the root shows something else."""
    del models
    said = _object(await _ask(client, "/api/version"))
    if "deployment_id" in said:
        found = _foreign(client, _text(answer), header=answer.headers.get("server", ""), name="Open WebUI")
        return msgspec.structs.replace(found, version=_word(said.get("version")), signature="GET /api/version")
    if {"commit", "build_date"} <= set(said):
        return _who(
            client, "llama-swap", answer, "GET /api/version has commit and build_date", _word(said.get("version"))
        )
    if set(said) != {"version"}:
        return None
    tags = _object(await _ask(client, "/api/tags"))
    if "models" not in tags:
        return None
    return await _tell_imitator(client, answer, _word(said["version"]))


async def _tell_imitator(client: Client, answer: Answer, version: str) -> Identity:
    health, other = await asyncio.gather(_ask(client, "/api/v1/health"), _ask(client, "/version"))
    if "version" in _object(other):
        return _who(client, "localai", answer, "GET /api/version and GET /version", _word(_object(other)["version"]))
    if "all_models_loaded" in _object(health):
        version = _word(_object(health).get("version"))
        return _who(client, "lemonade", answer, "GET /api/v1/health lists all_models_loaded", version)
    return _who(client, "ollama", answer, "GET /api/version has only a version, GET /api/tags lists models", version)


async def _version_only(client: Client, answer: Answer, models: Answer | None) -> Identity | None:
    """A vLLM with a key: /v1 is locked, /version stays open."""
    if models is None or models.status not in {401, 403}:
        return None
    said = _object(await _ask(client, "/version"))
    if set(said) == {"version"} and _object(models, models.status).get("error") == "Unauthorized":
        return _judged(
            _who(client, "vllm", answer, "GET /version is open, /v1 is locked", _word(said["version"])), models
        )
    if isinstance(_object(models, models.status).get("error"), str | dict):
        return _judged(_who(client, "openai", answer, f"GET /v1/models answers {models.status} in JSON"), models)
    return None


async def _transformers(client: Client, answer: Answer, models: Answer | None) -> Identity | None:
    """The `transformers serve` command: the only one of FastAPI's children whose /load_model may be posted to."""
    del models
    if not _header(answer).startswith("uvicorn") or _object(answer, 404) != {"detail": "Not Found"}:
        return None
    load = await _ask(client, "/load_model")
    if load is None or load.status != 405:
        return None
    return _who(client, "transformers", answer, "GET /load_model answers 405")
