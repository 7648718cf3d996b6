"""KoboldCpp's manners over the Ollama façade: a server that answers Ollama's API and is not Ollama.

Constants as KoboldCpp 1.115 sends them: its Ollama emulation always says version 0.7.0 and the same sizes.
"""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from doctor.http import Client
from doctor.ward.facade_ollama import Faults, Ollama
from doctor.ward.gguf_edit import Gguf
from doctor.ward.ollama_shapes import CREATED_S, Claims
from doctor.ward.wire import Reply, Request, json_reply, listening, text_reply

SERVER = "KoboldCppServer/2.0"
CONSTANT_BYTES = 394_998_579
ABOUT = {"result": "KoboldCpp", "version": "1.115.1", "protected": False, "llm": True, "embeddings": False}
ROW = {
    "name": "koboldcpp",
    "modified_at": "2024-07-19T15:26:55.6122841+08:00",
    "expires_at": "2055-06-04T19:06:25.5433636+08:00",
    "size": CONSTANT_BYTES,
    "size_vram": CONSTANT_BYTES,
    "digest": "b5dc5e784f2a3ee1582373093acf69a2f4e2ac1710b253a001712b86a61f88bb",
    "details": {
        "parent_model": "",
        "format": "gguf",
        "family": "koboldcpp",
        "families": ["koboldcpp"],
        "parameter_size": "128M",
        "quantization_level": "Q4_0",
    },
}


@contextlib.asynccontextmanager
async def koboldcpp(engine_url: str, file: Gguf, claims: Claims, faults: Faults) -> AsyncIterator[str]:
    """A KoboldCpp that runs `file` on the engine at `engine_url`; yields its base URL."""
    listed = {"models": [{**ROW, "model": claims.model}]}
    owned = {"id": claims.model, "object": "model", "created": CREATED_S, "owned_by": "koboldcpp", "root": "koboldcpp"}
    constants: dict[str, Any] = {
        "/api/version": {"version": "0.7.0"},
        "/api/extra/version": ABOUT,
        "/api/extra/true_max_context_length": {"value": claims.context},
        "/api/v1/config/max_context_length": {"value": claims.context},
        "/api/v1/model": {"result": claims.model},
        "/api/v1/info/version": {"result": "1.2.5"},
        "/api/tags": listed,
        "/api/ps": listed,
        "/v1/models": {"object": "list", "data": [owned]},
    }
    async with Client(engine_url) as engine:
        inner = Ollama(engine, file, claims, faults).handle

        async def handle(request: Request) -> Reply:
            if request.path in constants:
                reply = json_reply(constants[request.path])
            elif request.path == "/":
                reply = text_reply("<!doctype html><title>KoboldAI Lite</title>", "text/html")
            else:
                reply = await inner(request)
            return msgspec.structs.replace(reply, headers={**reply.headers, "server": SERVER})

        async with listening(handle) as url:
            yield url
