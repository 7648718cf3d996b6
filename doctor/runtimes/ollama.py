"""Ollama: what its own API says. Field names as read at ollama/ollama@fb307609 (after v0.33.0-rc2)."""

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from doctor.context import Collector, Context
from doctor.errors import Malformed, Skip
from doctor.facts import ChatTemplate, Fact, LoadedModel, LoadedModels, ModelCard, Models, WarmUp, Window
from doctor.model import Depth
from doctor.runtimes.answers import count, get_object, long_text, name, names, post_object, rows, table
from doctor.runtimes.choice import Listed, choose, looks_like_embedder

PS, TAGS, SHOW, CHAT = "/api/ps", "/api/tags", "/api/show", "/api/chat"
MAX_LOADED = 100
CLOUD_MARKS = (":cloud", "-cloud")
# A model that is kept for ever expires in 292 years (the largest Go duration).
FOREVER_S = 10 * 365 * 86_400.0
MAX_METADATA = 200
MAX_METADATA_TEXT = 200


def request_options(thinking: bool) -> dict[str, Any]:
    """The only switch on Ollama's OpenAI route; models that can think do so unless told not to."""
    return {} if thinking else {"reasoning_effort": "none"}


async def count_tokens(
    context: Context,
    messages: list[dict[str, Any]],
    tools: list[dict[str, Any]] | None = None,
) -> None:
    """Ollama has no public route that counts tokens without generating."""


async def apply_template(
    context: Context, messages: list[dict[str, Any]], tools: list[dict[str, Any]] | None, generation: bool
) -> str:
    """The rendered prompt, by the debug switch of 0.11.5 and later; it loads the model and generates nothing.

    The generation prompt is always part of it. Raises Refused, and Malformed where the version does not know the
    switch: it then writes one token.
    """
    del generation
    body: dict[str, Any] = {"model": (await context.fact(Models)).chosen, "messages": messages, "stream": False}
    body |= {"think": False, "options": {"num_predict": 1}, "_debug_render_only": True}
    found = await post_object(context, CHAT, body | ({"tools": tools} if tools else {}), deadline_s=60.0)
    prompt = table(found.get("_debug_info")).get("rendered_template")
    if not isinstance(prompt, str) or not prompt:
        raise Malformed(f"POST {CHAT} does not show the rendered prompt")
    return prompt


async def collect_models(context: Context) -> Models:
    """Installed models; the chosen one is the requested, else a loaded one, else the first installed."""
    installed = await get_object(context, TAGS)
    loaded = {name(row.get("name")) for row in await _loaded_rows(context)}
    listed = [_listed(row, loaded) for row in rows(installed.get("models"), f"GET {TAGS}")]
    return choose(context.target.model, [model for model in listed if model.name])


def _listed(row: dict[str, Any], loaded: set[str]) -> Listed:
    title = name(row.get("name")) or name(row.get("model"))
    able = names(row.get("capabilities"))
    details = table(row.get("details"))
    embeds = "embedding" in able if able else looks_like_embedder(title, name(details.get("family")))
    remote = bool(row.get("remote_model") or row.get("remote_host")) or title.endswith(CLOUD_MARKS)
    return Listed(name=title, loaded=title in loaded, embeds=embeds, remote=remote)


async def _loaded_rows(context: Context) -> list[dict[str, Any]]:
    return rows((await get_object(context, PS)).get("models"), f"GET {PS}")[:MAX_LOADED]


async def collect_loaded_models(context: Context) -> LoadedModels:
    """Models in memory. When the chosen one is not among them, a run that may ask waits until it has been asked."""
    chosen = (await context.fact(Models)).chosen
    loaded = await _loaded_rows(context)
    by_us = False
    if chosen not in {name(row.get("name")) for row in loaded} and context.depth.covers(Depth.QUICK):
        with contextlib.suppress(Skip):
            await context.fact(WarmUp)
            loaded, by_us = await _loaded_rows(context), True
    return LoadedModels(models=tuple(_loaded(row) for row in loaded), source=f"GET {PS}", by_us=by_us)


def _loaded(row: dict[str, Any]) -> LoadedModel:
    return LoadedModel(
        name=name(row.get("name")) or name(row.get("model")),
        size_bytes=count(row.get("size")),
        vram_bytes=count(row.get("size_vram")),
        context_length=count(row.get("context_length")) or None,
        expires_s=_seconds_until(row.get("expires_at")),
    )


def _seconds_until(moment: object) -> float | None:
    """Seconds until an RFC 3339 time; None for one that is no time or centuries away."""
    try:
        then = datetime.fromisoformat(moment) if isinstance(moment, str) else None
    except ValueError:
        return None
    if then is None:
        return None
    left = (then.replace(tzinfo=then.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return None if left > FOREVER_S else max(0.0, left)


async def collect_window(context: Context) -> Window:
    """The window of the loaded model; of one that is not loaded, only what its Modelfile asks for."""
    card = await context.fact(ModelCard)
    trained = count(card.metadata.get(f"{card.architecture}.context_length"))
    loaded = {model.name: model for model in (await context.fact(LoadedModels)).models}.get(card.name)
    if loaded and loaded.context_length:
        return Window(per_request=loaded.context_length, trained=trained, source=f"GET {PS}")
    asked = _parameter(card.parameters_text, "num_ctx")
    if asked and asked.isdigit():
        return Window(per_request=int(asked), trained=trained, source=f"POST {SHOW} (num_ctx of the model)")
    raise Skip("the model is not loaded, and Ollama picks its window when it loads")


def _parameter(text: str, wanted: str) -> str | None:
    found = (line.split(None, 1) for line in text.splitlines())
    return next((words[1].strip() for words in found if len(words) == 2 and words[0] == wanted), None)


async def _show(context: Context) -> dict[str, Any]:
    chosen = (await context.fact(Models)).chosen
    if not chosen:
        raise Skip("there is no model to describe")
    return await post_object(context, SHOW, {"model": chosen, "verbose": False}, deadline_s=5.0)


async def collect_model_card(context: Context) -> ModelCard:
    """What `/api/show` says about the chosen model, and its file's size from the list."""
    chosen = (await context.fact(Models)).chosen
    shown = await _show(context)
    details, info = table(shown.get("details")), table(shown.get("model_info"))
    arch = name(info.get("general.architecture")) or name(details.get("family"))
    experts, used = count(info.get(f"{arch}.expert_count")), count(info.get(f"{arch}.expert_used_count"))
    heads, width = count(info.get(f"{arch}.attention.head_count")), count(info.get(f"{arch}.embedding_length"))
    return ModelCard(
        name=chosen,
        architecture=arch,
        parameters=count(info.get("general.parameter_count")),
        active_share=used / experts if used and experts else None,
        quantization=name(details.get("quantization_level")),
        size_bytes=await _file_size(context, chosen),
        file_path=_file_path(long_text(shown.get("modelfile"))),
        capabilities=names(shown["capabilities"]) if isinstance(shown.get("capabilities"), list) else None,
        layers=count(info.get(f"{arch}.block_count")),
        kv_heads=count(info.get(f"{arch}.attention.head_count_kv")),
        head_length=count(info.get(f"{arch}.attention.key_length")) or (width // heads if width and heads else None),
        system_prompt=long_text(shown.get("system")),
        parameters_text=long_text(shown.get("parameters")),
        metadata=_small(info),
    )


async def _file_size(context: Context, chosen: str) -> int | None:
    installed = rows((await get_object(context, TAGS)).get("models"))
    return next((count(row.get("size")) for row in installed if name(row.get("name")) == chosen), None)


def _file_path(modelfile: str) -> str:
    """The blob of the first FROM line that names a file; empty when it names another model."""
    sources = (line[5:].strip().strip('"') for line in modelfile.splitlines() if line.startswith("FROM "))
    return next((source for source in sources if source.startswith("/") or source[1:3] in (":\\", ":/")), "")


def _small(info: dict[str, Any]) -> dict[str, Any]:
    """The numbers and short texts of the metadata."""
    kept: dict[str, Any] = {}
    for key, value in list(info.items())[:MAX_METADATA]:
        if isinstance(value, str) and len(value) <= MAX_METADATA_TEXT:
            kept[name(key)] = name(value)
        elif isinstance(value, bool | int | float):
            kept[name(key)] = value
    return kept


async def collect_chat_template(context: Context) -> ChatTemplate:
    """The template that Ollama selected, Go or Jinja by its opening tag; empty when built-in code renders prompts."""
    shown = await _show(context)
    lines = long_text(shown.get("modelfile")).splitlines()
    renderer = next((line.split()[-1] for line in lines if line.startswith("RENDERER ")), "")
    if renderer:
        return ChatTemplate(text="", source=f"POST {SHOW} (renderer {renderer})")
    text = long_text(shown.get("template"))
    language = "jinja" if "{%" in text else "go" if "{{" in text else ""
    return ChatTemplate(text=text, language=language, source=f"POST {SHOW}")


FACTS: Mapping[type[Fact], Collector] = {
    Models: collect_models,
    LoadedModels: collect_loaded_models,
    Window: collect_window,
    ModelCard: collect_model_card,
    ChatTemplate: collect_chat_template,
}
