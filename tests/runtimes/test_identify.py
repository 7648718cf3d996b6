"""Who answers: signatures on a façade that sends what each server is documented or recorded to send."""

import json
from pathlib import Path

import pytest

from doctor.collect.reach import collect_reach
from doctor.context import Context, Target
from doctor.facts import Identity, Reach
from doctor.http import Client
from doctor.model import Depth
from doctor.runtimes.identify import collect_identity, identify
from doctor.ward import engine as ward_engine
from doctor.ward.fault_server import answering, http, routed, serving

CAPTURES = Path(__file__).resolve().parents[3] / "shared" / "reference" / "captures"
NOT_FOUND = http(404, b'{"detail":"Not Found"}', headers={"Server": "uvicorn"})
GO_404 = http(404, b"404 page not found", "text/plain")
LLAMA = {"Server": "llama.cpp"}
MODEL = {"id": "m", "object": "model", "created": 1}


def page(value: object, **headers: str) -> bytes:
    return http(200, json.dumps(value).encode(), headers=headers)


def text(words: str, status: int = 200, **headers: str) -> bytes:
    return http(status, words.encode(), "text/plain; charset=utf-8", headers)


def models(owner: str | None, **more: object) -> bytes:
    entry = MODEL | more | ({"owned_by": owner} if owner is not None else {})
    return page({"object": "list", "data": [entry]})


SERVERS: dict[str, tuple[dict[str, bytes], bytes]] = {
    "ollama": ({"/": text("Ollama is running"), "/api/version": page({"version": "0.32.15"})}, GO_404),
    "localai": (
        {
            "/": text("Ollama is running"),
            "/api/version": page({"version": "0.9.0"}),
            "/version": page({"version": "v4.9.0"}),
        },
        GO_404,
    ),
    "sglang": ({"/": page("SGLang is running"), "/v1/models": models("sglang", max_model_len=40960)}, NOT_FOUND),
    "sglang as ollama": (
        {"/": page("Ollama is running"), "/model_info": page({"model_path": "q", "is_generation": True})},
        NOT_FOUND,
    ),
    "koboldcpp": (
        {
            "/": http(200, b"<html>", "text/html", {"Server": "KoboldCppServer/1.115.1"}),
            "/api/extra/version": page({"result": "KoboldCpp", "version": "1.115.1"}),
            "/api/version": page({"version": "0.7.0"}),
        },
        GO_404,
    ),
    "lemonade": (
        {
            "/": http(200, b"<html>", "text/html"),
            "/v1/models": models("lemonade", recipe="llamacpp"),
            "/api/version": page({"version": "0.16.1"}),
        },
        GO_404,
    ),
    "docker-model-runner": ({"/": text("Docker Model Runner is running")}, GO_404),
    "llama-swap": (
        {"/": http(302, b"", headers={"Location": "/ui"}), "/running": page({"running": []})},
        GO_404,
    ),
    "lmstudio": (
        {"/lmstudio-greeting": page({"lmstudio": True}), "/v1/models": models("organization_owner")},
        http(200, b'{"error":"Unexpected endpoint or method. (GET /)"}', headers={"X-Powered-By": "Express"}),
    ),
    "vllm": ({"/v1/models": models("vllm", max_model_len=1024), "/version": page({"version": "0.32.0"})}, NOT_FOUND),
    "tgi": ({"/": http(200, b""), "/info": page({"router": "text-generation-router", "version": "3.3.7"})}, GO_404),
    "mlx-lm": (
        {"/health": page({"status": "ok"})},
        http(404, b"Not Found", headers={"Server": "BaseHTTP/0.6 Python/3.11.7"}),
    ),
    "tabbyapi": ({"/v1/models": models("tabbyAPI")}, NOT_FOUND),
    "text-generation-webui": ({"/v1/models": models("user")}, NOT_FOUND),
    "transformers": ({"/health": page({"status": "ok"}), "/load_model": http(405, b"{}")}, NOT_FOUND),
    "llamafile": ({}, http(404, b"", headers={"Server": "llamafile/0.9.3"})),
    "ik_llama.cpp": ({"/v1/props": page({"n_ctx": 1})}, http(404, b"", headers={"Server": "ik_llama.cpp"})),
    "llama.cpp": ({"/props": page({"build_info": "b10573-x"}, **LLAMA)}, http(404, b"{}", headers=LLAMA)),
    "llama.cpp behind a proxy": (
        {"/v1/models": models("llamacpp"), "/props": page({"build_info": "b10573-x"})},
        http(404, b"nginx", "text/html", {"Server": "nginx"}),
    ),
    "ollama behind a proxy": (
        {
            "/v1/models": models("library"),
            "/api/version": page({"version": "0.32.15"}),
            "/api/tags": page({"models": []}),
        },
        http(200, b"<html>my page</html>", "text/html", {"Server": "nginx"}),
    ),
    "openai": ({"/v1/models": models("somebody")}, NOT_FOUND),
}
VERSIONS = {"ollama": "0.32.15", "vllm": "0.32.0", "koboldcpp": "1.115.1", "llama.cpp": "b10573-x", "tgi": "3.3.7"}


@pytest.mark.parametrize("name", SERVERS)
async def test_each_server_is_known_by_its_signature(name):
    routes, otherwise = SERVERS[name]
    async with serving(routed(routes, otherwise)) as server, Client(server.url) as client:
        who = await identify(client, "/")
    runtime = name.split(" ")[0]
    assert (who.runtime, who.state) == (runtime, "ready")
    assert who.version == VERSIONS.get(runtime, who.version)
    assert who.signature


@pytest.mark.parametrize("name", ["koboldcpp", "localai", "lemonade", "docker-model-runner", "sglang", "llama-swap"])
async def test_imitators_of_ollama_are_marked(name):
    routes, otherwise = SERVERS[name]
    async with serving(routed(routes, otherwise)) as server, Client(server.url) as client:
        who = await identify(client, "/")
    assert who.imitates == "ollama"


async def test_two_requests_are_enough_for_llama_cpp():
    asked: list[bytes] = []

    async def fault(reader, writer):
        asked.append((await reader.readuntil(b"\r\n\r\n")).split(b" ")[1])
        routes, otherwise = SERVERS["llama.cpp"]
        writer.write(routes.get(asked[-1].decode(), otherwise))
        await writer.drain()

    async with serving(fault) as server:
        who = await examined(server.url)
    assert who.runtime == "llama.cpp"
    assert asked == [b"/", b"/props"]


async def test_open_webui_is_a_front_not_a_server():
    routes = {"/": http(200, b"<html>", "text/html"), "/api/version": page({"version": "0.6", "deployment_id": ""})}
    async with serving(routed(routes, NOT_FOUND)) as server, Client(server.url) as client:
        who = await identify(client, "/")
    assert (who.runtime, who.state, who.name) == ("", "foreign", "Open WebUI")


@pytest.mark.parametrize(
    ("routes", "otherwise", "runtime"),
    [
        ({}, http(401, b'{"error":{"message":"Invalid API Key"}}', headers=LLAMA), "llama.cpp"),
        (
            {"/v1/models": http(401, b'{"error":"Unauthorized"}'), "/version": page({"version": "0.32.0"})},
            NOT_FOUND,
            "vllm",
        ),
        ({}, http(401, b'{"error":"Unauthorized"}'), "openai"),
        ({}, http(403, b"<html>log in</html>", "text/html"), ""),
    ],
)
async def test_a_locked_server_is_locked_whoever_it_is(routes, otherwise, runtime):
    async with serving(routed(routes, otherwise)) as server, Client(server.url) as client:
        who = await identify(client, "/")
    assert (who.runtime, who.state) == (runtime, "locked")
    assert who.answer


async def test_a_model_that_finishes_loading_in_time_is_ready(monkeypatch):
    monkeypatch.setattr("doctor.runtimes.identify.LOADING_POLL_S", 0.01)
    asked: list[bytes] = []

    async def fault(reader, writer):
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        loading = http(503, b'{"error":{"message":"Loading model"}}', headers=LLAMA)
        ready = page({"build_info": "b1"}, **LLAMA)
        writer.write(loading if len(asked) < 6 else ready)
        await writer.drain()

    async with serving(fault) as server, Client(server.url) as client:
        who = await identify(client, "/")
    assert who.state == "ready"


async def test_a_model_that_keeps_loading_is_loading(monkeypatch):
    monkeypatch.setattr("doctor.runtimes.identify.LOADING_PATIENCE_S", 0.05)
    async with serving("loading") as server, Client(server.url) as client:
        who = await identify(client, "/")
    assert (who.runtime, who.state) == ("llama.cpp", "loading")


OLLAMA = SERVERS["ollama"][0] | {"/v1/models": models("library")}


@pytest.mark.parametrize(
    ("path", "origin", "works"),
    [
        ("", "--target", None),
        ("/v1", "--target", True),
        ("/v1/", "--target", True),
        ("/v1/chat/completions", "--target", True),
        ("/api", "--target", None),
        ("/foo", "--target", False),
        ("/v1/v1", "--target", False),
        ("", "OPENAI_BASE_URL", False),
        ("/v1", "OPENAI_BASE_URL", True),
        ("/v1/chat/completions", "OPENAI_BASE_URL", False),
    ],
)
async def test_the_given_path_is_judged_as_a_clients_base(path, origin, works):
    async with serving(routed(OLLAMA, GO_404)) as server:
        who = await examined(server.url + path, origin)
    assert who.runtime == "ollama"
    assert who.given_path_works is works
    assert who.openai_url == server.url + "/v1"


@pytest.mark.parametrize("given", ["/llm", "/llm/v1"])
async def test_a_server_under_a_path_of_a_reverse_proxy_is_found(given):
    routes = {"/llm" + ("" if path == "/" else path): answer for path, answer in OLLAMA.items()}
    routes["/llm/"] = routes["/llm"]
    async with serving(routed(routes, http(404, b"nginx", "text/html"))) as server:
        who = await examined(server.url + given)
    assert who.runtime == "ollama"
    assert who.base_url == server.url + "/llm"
    assert who.openai_url == server.url + "/llm/v1"
    assert who.given_path_works is not False


async def test_a_real_llama_cpp_server_is_known(engine):
    """Real engine."""
    who = await examined(engine)
    assert (who.runtime, who.state, who.given_path_works) == ("llama.cpp", "ready", None)
    assert who.version


async def test_a_path_that_does_not_exist_on_a_real_server_is_seen(engine):
    """Real engine: it answers /models and /chat/completions without /v1, and nothing under /foo."""
    assert (await examined(engine + "/foo")).given_path_works is False
    assert (await examined(engine + "/v1")).given_path_works is True
    assert (await examined(engine, "OPENAI_BASE_URL")).given_path_works is True


async def test_a_real_server_with_a_key_is_locked_until_it_gets_it():
    """Real engine, started with an API key."""
    async with ward_engine.serve(settings=ward_engine.Settings(api_key="k")) as running:
        locked = await examined(running.url)
        opened = await examined(running.url, key="k")
    assert (locked.runtime, locked.state) == ("llama.cpp", "locked")
    assert opened.state == "ready"


@pytest.mark.parametrize(
    ("folder", "runtime"),
    [
        ("llama-server", "llama.cpp"),
        ("llama-server/router", "llama.cpp"),
        ("xllamacpp-trained", "llama.cpp"),
        ("vllm", "vllm"),
        ("mlx-lm", "mlx-lm"),
    ],
)
async def test_recorded_answers_of_real_engines_are_known(folder, runtime):
    """Recorded answers, served by path."""
    if not CAPTURES.is_dir():
        pytest.skip("the recorded answers are not here")
    routes = {}
    for name in ("root", "version", "v1_models", "models", "health", "props", "ollama_version", "api_version"):
        file = CAPTURES / folder / f"{name}.json"
        if file.is_file():
            record = json.loads(file.read_text())
            routes[record["request"]["path"]] = replay(record)
    headers = {"Server": "llama.cpp"} if runtime == "llama.cpp" else {}
    async with serving(routed(routes, http(404, b"{}", headers=headers))) as server, Client(server.url) as client:
        who = await identify(client, "/")
    assert (who.runtime, who.state) == (runtime, "ready")


def replay(record: dict) -> bytes:
    headers = {name.lower(): value for name, value in record["headers"].items()}
    body = record["response_text"] if "response_text" in record else record["response"]
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return http(
        record["status"],
        raw,
        headers.get("content-type", ""),
        {"Server": headers["server"]} if "server" in headers else {},
    )


async def test_two_answers_in_a_row_that_break_leave_a_known_server_broken():
    async with serving(answering(http(500, b"boom", "text/plain", LLAMA))) as server, Client(server.url) as client:
        who = await identify(client, "/")
    assert (who.runtime, who.state, who.answer) == ("llama.cpp", "broken", "boom")


async def examined(url: str, origin: str = "--target", key: str = "") -> Identity:
    collectors = {Reach: collect_reach, Identity: collect_identity}
    async with Client(url, api_key=key) as client:
        target = Target(url=url, origin=origin, api_key=key)
        return await Context(target, Depth.PASSIVE, collectors, http=client).fact(Identity)
