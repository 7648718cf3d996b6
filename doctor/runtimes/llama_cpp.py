"""llama.cpp's server, alone or as a router: what its API says. Fields as read at llama.cpp@3f545bec (b10573).

A router is never made to load a model: every GET that names one carries `autoload=false`, and a model that is not
loaded is left alone at depth passive.
"""

import asyncio
import contextlib
import functools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from doctor.address import is_loopback
from doctor.context import Collector, Context
from doctor.errors import DoctorError, Malformed, Refused, Skip
from doctor.facts import (
    ChatTemplate,
    Fact,
    LoadedModel,
    LoadedModels,
    ModelCard,
    Models,
    Reach,
    Rendered,
    ServerProcess,
    Slots,
    WarmUp,
    Window,
)
from doctor.model import Depth
from doctor.runtimes.answers import count, flag, get_object, get_rows, long_text, name, names, post_object, rows, table
from doctor.runtimes.choice import Listed, choose

PROPS, MODELS, SLOTS = "/props", "/v1/models", "/slots"
COUNT = "/v1/chat/completions/input_tokens"
BUSY_AGAIN_S = 0.5  # a slot that is busy for less than this was only finishing somebody's answer
MAX_METADATA = 200
SCRIPT_WORDS = 4  # an interpreter, a few options of its own, the script


def request_options(thinking: bool) -> dict[str, Any]:
    """Thinking is a switch of the chat template; a template without it ignores the field."""
    return {"chat_template_kwargs": {"enable_thinking": thinking}}


async def count_tokens(
    context: Context, messages: list[dict[str, Any]], tools: list[dict[str, Any]] | None = None
) -> int | None:
    """Tokens of the prompt with template and tools, thinking off. None when the server refuses to render it."""
    body = {"messages": messages, **({"tools": tools} if tools else {}), **request_options(thinking=False)}
    body["model"] = (await context.fact(Models)).chosen
    try:
        return count((await post_object(context, COUNT, body)).get("input_tokens"))
    except Refused as error:
        if error.status != 404:  # 404: a build older than the counting route
            return None
    try:
        return len(await tokenize(context, await apply_template(context, messages, tools, True), add_special=True))
    except (Refused, Malformed):
        return None


async def tokenize(context: Context, text: str, *, add_special: bool = False) -> list[tuple[int, str]]:
    """Id and text of each token, markers read as markers. Raises Refused or Malformed."""
    body = {"content": text, "add_special": add_special, "parse_special": True, "with_pieces": True}
    body["model"] = (await context.fact(Models)).chosen
    found = rows((await post_object(context, "/tokenize", body)).get("tokens"), "POST /tokenize")
    # A piece that is not valid UTF-8 by itself comes as a list of bytes.
    return [(count(row.get("id")) or 0, row["piece"] if isinstance(row.get("piece"), str) else "") for row in found]


async def apply_template(
    context: Context, messages: list[dict[str, Any]], tools: list[dict[str, Any]] | None, generation: bool
) -> str:
    """The rendered prompt, thinking off. Raises Refused with the template's own words, or Malformed."""
    body = {"messages": messages, "add_generation_prompt": generation, **request_options(thinking=False)}
    body |= {"model": (await context.fact(Models)).chosen} | ({"tools": tools} if tools else {})
    prompt = (await post_object(context, "/apply-template", body)).get("prompt")
    if not isinstance(prompt, str):
        raise Malformed("POST /apply-template answered without a prompt")
    return prompt


async def detokenize(context: Context, tokens: Sequence[int]) -> str:
    """The text of tokens. Raises Refused or Malformed."""
    body = {"tokens": list(tokens), "model": (await context.fact(Models)).chosen}
    found = (await post_object(context, "/detokenize", body)).get("content")
    return found if isinstance(found, str) else ""


async def collect_models(context: Context) -> Models:
    """The one model, or those of a router; a single server answers with its model whatever name is sent."""
    found = [row for row in await _model_rows(context) if name(row.get("id"))]
    routed = any("status" in row for row in found)
    listed = [_listed(row) for row in found]
    with contextlib.suppress(Skip):
        process = await context.fact(ServerProcess)
        if not routed and process.has("--embedding", "--embeddings"):
            listed = [Listed(name=model.name, aliases=model.aliases, loaded=True, embeds=True) for model in listed]
    return choose(context.target.model, listed, name_matters=routed)


def _listed(row: dict[str, Any]) -> Listed:
    status = table(row.get("status")).get("value")
    return Listed(name=name(row.get("id")), aliases=names(row.get("aliases")), loaded=status in (None, "loaded"))


async def _model_rows(context: Context) -> list[dict[str, Any]]:
    return rows((await get_object(context, MODELS)).get("data"), f"GET {MODELS}")


async def props(context: Context) -> dict[str, Any]:
    """`/props` of the examined model. Raises Skip when a router has not loaded it and this run may not ask for it."""
    found = await get_object(context, PROPS)
    if found.get("role") != "router":
        return found
    return await get_object(context, PROPS + await _routed(context))


async def _routed(context: Context) -> str:
    """The query that names the model to a router, once it is loaded. Raises Skip."""
    chosen = (await context.fact(Models)).chosen
    if not await _is_loaded(context, chosen) and context.depth.covers(Depth.QUICK):
        with contextlib.suppress(Skip):
            await context.fact(WarmUp)
    if not await _is_loaded(context, chosen):
        raise Skip(f"the router has not loaded {chosen or 'a model'}")
    return f"?model={quote(chosen, safe='')}&autoload=false"


async def _is_loaded(context: Context, chosen: str) -> bool:
    return any(name(row.get("id")) == chosen and _listed(row).loaded for row in await _model_rows(context))


async def collect_loaded_models(context: Context) -> LoadedModels:
    """The loaded models. The server does not say how much of one is in GPU memory."""
    loaded = []
    for row in await _model_rows(context):
        if name(row.get("id")) and _listed(row).loaded:
            meta = table(row.get("meta"))
            size, window = count(meta.get("size")), count(meta.get("n_ctx"))
            loaded.append(LoadedModel(name=name(row.get("id")), size_bytes=size, context_length=window))
    return LoadedModels(models=tuple(loaded), source=f"GET {MODELS}")


async def collect_window(context: Context) -> Window:
    """Tokens of one slot, the number of slots, and the shared total where it is known how they share it."""
    found = await props(context)
    per_request = count(table(found.get("default_generation_settings")).get("n_ctx")) or None
    if per_request is None:
        raise Skip("the server does not say the size of its window")
    slots = count(found.get("total_slots"))
    trained = count((await _meta(context)).get("n_ctx_train")) or None
    total, source = await _total(context, per_request, slots, trained)
    return Window(per_request=per_request, trained=trained, total=total, slots=slots, source=source)


async def _total(context: Context, per_request: int, slots: int | None, trained: int | None) -> tuple[int | None, str]:
    """Tokens of all slots together, and the source. Slots with a unified cache each may use the whole of it."""
    if not slots or slots == 1:
        return per_request, f"GET {PROPS}"
    with contextlib.suppress(Skip):
        process = await context.fact(ServerProcess)
        split = _splits_cache(process)
        if split is not None:
            return per_request * (slots if split else 1), f"GET {PROPS}, command line"
    if trained and trained == per_request * slots:
        return trained, f"GET {PROPS} (the slots together have the trained window)"
    return None, f"GET {PROPS}"


def _splits_cache(process: ServerProcess) -> bool | None:
    """Whether slots divide the cache; None when the process is not the server itself.

    llama-server shares one cache unless slots were asked for; inside a Python program of its own they divide it.
    """
    words = [Path(word).name for word in process.command[:SCRIPT_WORDS] if not word.startswith("-")]
    if words and "python" in words[0]:
        if "llama-server" not in words[1:]:
            return True
    elif not words or "llama" not in words[0]:
        return None
    if process.has("-no-kvu", "--no-kv-unified"):
        return True
    asked = process.option("-np", "--parallel") or process.environment.get("LLAMA_ARG_N_PARALLEL") or "-1"
    shared = process.has("-kvu", "--kv-unified") or "LLAMA_ARG_KV_UNIFIED" in process.environment
    return asked not in ("-1", "auto") and not shared


async def _meta(context: Context) -> dict[str, Any]:
    """The `meta` object of the examined model."""
    chosen = (await context.fact(Models)).chosen
    found = (table(row.get("meta")) for row in await _model_rows(context) if name(row.get("id")) == chosen)
    return next(found, {})


async def collect_slots(context: Context) -> Slots:
    """Slots in all and at work for others: looked at while no request of this run is under way, twice if all are."""
    found = await get_object(context, PROPS)
    if found.get("role") == "router":
        raise Skip("a router has no slots of its own")
    total = count(found.get("total_slots"))
    if flag(found.get("is_sleeping")):
        return Slots(total=total or 1, busy=0, source=f"GET {PROPS}")
    async with context.model_lock:
        busy = await _busy(context)
        if busy and busy[0] >= busy[1]:
            await asyncio.sleep(BUSY_AGAIN_S)
            busy = min(busy, await _busy(context))
    return Slots(total=busy[1] or total or 1, busy=busy[0], source=f"GET {SLOTS}")


async def _busy(context: Context) -> tuple[int, int]:
    """How many slots work, of how many. Raises Skip when the server was told not to say."""
    try:
        slots = await get_rows(context, SLOTS)
    except Refused as error:
        raise Skip(f"the server does not show its slots (GET {SLOTS} answered {error.status})") from error
    return sum(flag(slot.get("is_processing")) is True for slot in slots), len(slots)


async def collect_model_card(context: Context) -> ModelCard:
    """What the server says about its model, and the header of the model's file where it can be read from here."""
    found, meta = await props(context), await _meta(context)
    path = name(found.get("model_path"))
    header = await _header(context, path)
    arch = header.get("general.architecture", "")
    experts, used = count(header.get(f"{arch}.expert_count")), count(header.get(f"{arch}.expert_used_count"))
    heads, width = count(header.get(f"{arch}.attention.head_count")), count(header.get(f"{arch}.embedding_length"))
    return ModelCard(
        name=(await context.fact(Models)).chosen,
        architecture=arch,
        parameters=count(meta.get("n_params")),
        active_share=used / experts if used and experts else None,
        quantization=name(found.get("model_ftype")) or name(meta.get("ftype")),
        size_bytes=count(meta.get("size")),
        file_path=path if path != "none" else "",
        capabilities=_capabilities(found),
        bos_token=_token(found.get("bos_token")),
        eos_token=_token(found.get("eos_token")),
        layers=count(header.get(f"{arch}.block_count")),
        kv_heads=count(header.get(f"{arch}.attention.head_count_kv")),
        head_length=count(header.get(f"{arch}.attention.key_length")) or (width // heads if width and heads else None),
        metadata=header,
    )


async def _header(context: Context, path: str) -> dict[str, Any]:
    """Small values of the model file's header; empty when the file is not here or not readable."""
    from doctor.collect.gguf import read_header  # the header reader is needed only where the file is at hand

    with contextlib.suppress(DoctorError, Skip, OSError):
        if Path(path).is_absolute() and is_loopback((await context.fact(Reach)).host):
            found = (await asyncio.to_thread(read_header, Path(path))).metadata
            small = {k: name(v) if isinstance(v, str) else v for k, v in found.items() if _is_small(v)}
            return dict(list(small.items())[:MAX_METADATA])
    return {}


def _is_small(value: object) -> bool:
    return isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) < MAX_METADATA)


def _capabilities(found: dict[str, Any]) -> tuple[str, ...] | None:
    caps, modes = found.get("chat_template_caps"), table(found.get("modalities"))
    if not isinstance(caps, dict):
        return None
    able = ["completion"]
    if caps.get("supports_tools") is True or caps.get("supports_tool_calls") is True:
        able.append("tools")
    return (*able, *(kind for kind in ("vision", "audio") if modes.get(kind) is True))


def _token(value: object) -> str | None:
    return name(value) or None


async def collect_chat_template(context: Context) -> ChatTemplate:
    """The template in use, and what the server found out about it by running it."""
    found = await props(context)
    caps = {
        name(key): value for key, value in table(found.get("chat_template_caps")).items() if flag(value) is not None
    }
    text = long_text(found.get("chat_template"))
    return ChatTemplate(text=text, language="jinja", source=f"GET {PROPS}", caps=caps)


async def collect_rendered(context: Context) -> Rendered:
    """Prompts of a fixed conversation as the server renders them."""
    from doctor.collect.render import Endpoint, render  # only checks of the template need it

    found = await props(context)
    if flag(found.get("is_sleeping")) and not context.depth.covers(Depth.QUICK):
        raise Skip("the server sleeps, and rendering a prompt would load its model again")
    endpoint = Endpoint(
        prompt=functools.partial(apply_template, context),
        tokens=lambda text, special: tokenize(context, text, add_special=special),
        text=functools.partial(detokenize, context),
        source="POST /apply-template",
    )
    return await render(endpoint, bos=_token(found.get("bos_token")))


async def answer_settings(context: Context) -> dict[str, float]:
    """Numbers and switches (0 or 1) that a request without settings gets, by the server's own names. Raises Skip."""
    given = table(table((await props(context)).get("default_generation_settings")).get("params"))
    values = {
        name(key): round(float(value), 4)
        for key, value in given.items()
        if isinstance(value, bool | int | float) and math.isfinite(value)
    }
    return dict(list(values.items())[:MAX_METADATA])


FACTS: Mapping[type[Fact], Collector] = {
    Models: collect_models,
    LoadedModels: collect_loaded_models,
    Window: collect_window,
    Slots: collect_slots,
    ModelCard: collect_model_card,
    ChatTemplate: collect_chat_template,
    Rendered: collect_rendered,
}
