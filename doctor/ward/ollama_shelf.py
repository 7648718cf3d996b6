"""The models of a façade's Ollama: made, copied, pulled and removed as over the real wire, and what that cures.

Each model is a façade of its own over the same engine. A copy with other settings behaves as these settings make it:
a larger window is a larger window, and with `num_gpu` 0 the sound engine computes that stands for the processor.
Variables of the server count when it is started (envconfig/config.go at v0.33).
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec

from doctor.http import Client
from doctor.ward.call_faults import CallFaults
from doctor.ward.facade_ollama import NDJSON, Faults, Ollama
from doctor.ward.gguf_edit import Gguf
from doctor.ward.ollama_shapes import Claims
from doctor.ward.wire import Reply, Request, json_reply, listening

RELOAD_S = 1.2
F16_BYTES, Q8_BYTES, Q4_BYTES = 2.0, 1.0625, 0.5625  # of one element of the cache
CACHE_BYTES = {"q8_0": Q8_BYTES, "q4_0": Q4_BYTES}


class Machine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the façade's computer has. 0 bytes: the share on the GPU is what the claims say."""

    vram_bytes: int = 0
    registry: tuple[str, ...] = ()  # names that can be pulled


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the program plays, with engines for what computes better; "" = none.

    `sound` stands for the processor, `templated` for a copy of the model that brings its own template.
    """

    engine: str
    sound: str
    templated: str = ""
    file: str
    claims: Claims = Claims()
    faults: Faults = Faults()
    calls: CallFaults = CallFaults()
    machine: Machine = Machine()


class Variables(msgspec.Struct, frozen=True, kw_only=True):
    """The settings that the server's environment makes."""

    context: int = 0
    parallel: int = 1
    keep_alive: str = ""
    cache_type: str = ""
    flash_attention: bool = True
    max_loaded: int = 0

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Variables":
        """From the names that Ollama reads."""
        return cls(
            context=int(environment.get("OLLAMA_CONTEXT_LENGTH") or 0),
            parallel=int(environment.get("OLLAMA_NUM_PARALLEL") or 1),
            keep_alive=environment.get("OLLAMA_KEEP_ALIVE", ""),
            cache_type=environment.get("OLLAMA_KV_CACHE_TYPE", ""),
            flash_attention=environment.get("OLLAMA_FLASH_ATTENTION", "1") not in ("0", "false"),
            max_loaded=int(environment.get("OLLAMA_MAX_LOADED_MODELS") or 0),
        )


class Shelf:
    """All models of one server. `sound` is an engine that computes right where `engine` stands for a broken GPU."""

    def __init__(
        self,
        role: Role,
        engine: Client,
        file: Gguf,
        variables: Variables,
        *,
        sound: Client | None,
        templated: Client | None,
    ) -> None:
        self.engine, self.sound, self.templated = engine, sound, templated
        self.file = file
        self.machine = role.machine
        self.variables = variables
        claims, faults = self.as_started(role.claims, role.faults)
        self.first = self.facade(claims, faults, role.calls)
        self.models: dict[str, Ollama] = {claims.model: self.first}
        self.last = self.first

    def facade(self, claims: Claims, faults: Faults, calls: CallFaults) -> Ollama:
        """A model with these settings; on the processor when no layer goes to the GPU."""
        if self.templated is not None and claims.template:
            return Ollama(self.templated, self.file, claims, faults, calls)
        if self.sound is None:
            return Ollama(self.engine, self.file, claims, faults, calls)
        if claims.parameters.get("num_gpu") == 0:
            return Ollama(self.sound, self.file, claims, faults, calls)
        model = Ollama(self.engine, self.file, claims, faults, calls)
        model.on_cpu = Ollama(self.sound, self.file, claims, Faults())
        return model

    def as_started(self, claims: Claims, faults: Faults) -> tuple[Claims, Faults]:
        """The claims and faults under the server's variables."""
        context = int(claims.parameters.get("num_ctx") or self.variables.context or claims.context)
        trained = int(claims.metadata.get("llama.context_length") or self.file.metadata["llama.context_length"])
        claims = msgspec.structs.replace(claims, context=min(context, trained))
        if self.variables.keep_alive in ("0", "0s"):
            faults = msgspec.structs.replace(faults, reload_s=RELOAD_S)
        return self.placed(claims, faults)

    def placed(self, claims: Claims, faults: Faults) -> tuple[Claims, Faults]:
        """The share in GPU memory that file and cache leave room for; whole on the GPU, it is as fast as it can be."""
        if claims.parameters.get("num_gpu") == 0:
            return msgspec.structs.replace(claims, gpu_share=0.0), faults
        if not self.machine.vram_bytes:
            return claims, faults
        info = {**self.file.metadata, **claims.metadata}
        heads, width = info["llama.attention.head_count_kv"], info["llama.embedding_length"]
        row = 2 * info["llama.block_count"] * heads * width // info["llama.attention.head_count"]
        element = CACHE_BYTES.get(self.variables.cache_type, F16_BYTES) if self.variables.flash_attention else F16_BYTES
        size = claims.file_bytes + int(row * element * claims.context * self.variables.parallel)
        share = min(1.0, self.machine.vram_bytes / size)
        faults = faults if share < 1.0 else msgspec.structs.replace(faults, tok_s=0.0)
        return msgspec.structs.replace(claims, loaded_bytes=size, gpu_share=round(share, 3)), faults

    async def handle(self, request: Request) -> Reply:
        """Answer one request: the shelf's own routes here, the rest by the model that is named."""
        route = (request.method, request.path)
        if self.first.faults.api_key and request.headers.get("authorization") != f"Bearer {self.first.faults.api_key}":
            return await self.first.handle(request)
        if route in {("GET", "/api/tags"), ("GET", "/v1/models")}:
            return await self.listed(request)
        if route == ("GET", "/api/ps"):
            return await self.last.handle(request)
        try:
            body = msgspec.json.decode(request.body, type=dict[str, Any]) if request.body else {}
        except msgspec.DecodeError:
            body = {}
        own = {
            ("POST", "/api/create"): self.create,
            ("DELETE", "/api/delete"): self.delete,
            ("POST", "/api/pull"): self.pull,
        }.get(route)
        if own is not None:
            return own(body)
        model = self.named(str(body.get("model") or body.get("name") or ""))
        if request.path != "/api/show" and body.get("model") and model is not self.last:
            self.last.is_loaded = False
            self.last = model
        return await model.handle(request)

    async def listed(self, request: Request) -> Reply:
        """The lists of all models in one."""
        key = "models" if request.path == "/api/tags" else "data"
        replies = [await model.handle(request) for model in dict.fromkeys(self.models.values())]
        if replies[0].status != 200:
            return replies[0]
        lists = [msgspec.json.decode(reply.body, type=dict[str, Any]) for reply in replies]
        rows = {str(row.get("name") or row.get("id")): row for found in lists for row in found[key]}
        whole = json_reply({**lists[0], key: list(rows.values())})
        return msgspec.structs.replace(whole, headers={**replies[0].headers, **whole.headers})

    def named(self, name: str) -> Ollama:
        """The façade of a model; the first one, which refuses, for a name that is not there."""
        full = self.full(name)
        return self.models.get(full, self.first)

    def full(self, name: str) -> str:
        """A name with its tag; `latest` is implied."""
        return name if name in self.models or ":" in name else f"{name}:latest"

    def create(self, body: dict[str, Any]) -> Reply:
        """`POST /api/create` with `from`: a copy with other settings."""
        name, source = str(body.get("model", "")), str(body.get("from", ""))
        of_embedder = bool(self.first.claims.embedder) and self.full(source) == self.first.claims.embedder
        if self.full(source) not in self.models and not of_embedder:
            return json_reply({"error": f"model '{source}' not found"}, 404)
        old = self.named(source)
        claims, faults = self.as_started(*changed(old.claims, old.faults, name, body, of_embedder=of_embedder))
        self.models[name] = self.facade(claims, faults, repaired(old.calls, body))
        return progress(["using existing layer", "writing manifest", "success"])

    def delete(self, body: dict[str, Any]) -> Reply:
        """`DELETE /api/delete`."""
        name = self.full(str(body.get("model") or body.get("name") or ""))
        if name not in self.models or self.models[name] is self.first:
            return json_reply({"error": f"model '{name}' not found"}, 404)
        if self.models.pop(name) is self.last:
            self.last = self.first
        return Reply(status=200)

    def pull(self, body: dict[str, Any]) -> Reply:
        """`POST /api/pull`: what the registry has becomes a model like the first one."""
        name = str(body.get("model") or body.get("name") or "")
        if name not in self.machine.registry:
            return progress(["pulling manifest"], error="pull model manifest: file does not exist")
        claims = msgspec.structs.replace(self.first.claims, model=self.full(name))
        self.models[self.full(name)] = self.facade(claims, self.first.faults, self.first.calls)
        return progress(["pulling manifest", "verifying sha256 digest", "writing manifest", "success"])


def changed(
    claims: Claims, faults: Faults, name: str, body: Mapping[str, Any], *, of_embedder: bool
) -> tuple[Claims, Faults]:
    """A model's claims and faults with the settings of `/api/create`: what they repair is repaired."""
    given = dict(body.get("parameters") or {})
    parameters = {**claims.parameters, **given}
    if of_embedder:
        limit = int(given.get("num_ctx", 0))
        whole = not faults.embedding_tokens or limit >= claims.context
        tokens = 0 if whole else limit or faults.embedding_tokens
        return (
            msgspec.structs.replace(claims, embedder=name, parameters=parameters),
            msgspec.structs.replace(faults, embedding_tokens=tokens),
        )
    claims = msgspec.structs.replace(
        claims, model=name, embedder="", parameters=parameters, system=str(body.get("system", claims.system))
    )
    template = str(body.get("template", ""))
    if template:
        claims = msgspec.structs.replace(claims, template=template)
    if ".System" in template:
        faults = msgspec.structs.replace(faults, drops_system=False)
    if "if .ToolCalls" in template:  # what Ollama looks for, tools/template.go: a range alone is not seen
        faults = msgspec.structs.replace(faults, no_tools=False)
    return claims, faults


def repaired(calls: CallFaults, body: Mapping[str, Any]) -> CallFaults:
    """A model's way with calls under the settings of `/api/create`: a template that knows calls lets them be found."""
    knows = "if .ToolCalls" in str(body.get("template", ""))
    return msgspec.structs.replace(calls, stay_text=False, swallowed=False) if knows else calls


def progress(states: list[str], error: str = "") -> Reply:
    """The lines of a long piece of work, the last one perhaps an error."""
    lines: list[dict[str, str]] = [{"status": state} for state in states]
    lines += [{"error": error}] if error else []

    async def stream() -> AsyncIterator[bytes]:
        for line in lines:
            yield msgspec.json.encode(line) + b"\n"
            await asyncio.sleep(0)

    return Reply(headers=NDJSON, stream=stream())


@contextlib.asynccontextmanager
async def shelved(role: Role, file: Gguf, variables: Variables, port: int = 0) -> AsyncIterator[str]:
    """An Ollama with a shelf, over the engines that the role names; yields its base URL."""
    async with contextlib.AsyncExitStack() as stack:
        engine, sound, templated = [
            await stack.enter_async_context(Client(url)) if url else None
            for url in (role.engine, role.sound, role.templated)
        ]
        assert engine is not None  # noqa: S101 - a role names its engine
        shelf = Shelf(role, engine, file, variables, sound=sound, templated=templated)
        yield await stack.enter_async_context(listening(shelf.handle, port))
