"""Any other OpenAI-compatible server: its model list, and the few facts that some add to it.

Windows: `max_model_len` of vLLM and SGLang, `parameters.max_seq_len` of TabbyAPI, `context_length` of llama-swap,
KoboldCpp at its own address. Fields as read at vLLM@017e9f44, SGLang@9fec359a, tabbyAPI@e632af4, llama-swap@0bdb3720,
KoboldCpp 1.115.
"""

from collections.abc import Mapping
from typing import Any

from doctor.context import Collector, Context
from doctor.errors import DoctorError, Skip
from doctor.facts import ChatTemplate, Fact, Identity, LoadedModel, LoadedModels, ModelCard, Models, Window
from doctor.runtimes.answers import count, get_object, long_text, name, rows, table
from doctor.runtimes.choice import Listed, choose, looks_like_embedder

KOBOLD_WINDOW = "/api/extra/true_max_context_length"
# Their lists hold what lies in a download cache, not what is served (mlx-lm 0.32, transformers 5.23).
CACHE_LISTS = ("mlx-lm", "transformers")
TEMPLATE_AT_PROPS = ("koboldcpp", "tabbyapi")
MLX_DEFAULT = "default_model"  # the name under which mlx_lm.server serves the model it was started with


def request_options(thinking: bool) -> dict[str, Any]:
    """No switch is common to all: what a server does by itself is measured."""
    return {}


async def count_tokens(
    context: Context,
    messages: list[dict[str, Any]],
    tools: list[dict[str, Any]] | None = None,
) -> int | None:
    """The OpenAI API has no route that counts tokens without generating."""
    return None


async def collect_models(context: Context) -> Models:
    """The server's list. Raises Skip when it says nothing and no model was named."""
    identity = await context.fact(Identity)
    requested = context.target.model
    cache_list = identity.runtime in CACHE_LISTS
    try:
        listed = [_listed(row) for row in await _rows(context) if name(row.get("id"))]
    except DoctorError:
        if not cache_list and not requested:
            raise
        listed = []
    if cache_list and not requested and identity.runtime == "mlx-lm":
        return Models(names=tuple(model.name for model in listed), chosen=MLX_DEFAULT, name_matters=False)
    if cache_list and not requested and not listed:
        raise Skip(f"{identity.name} lists no models; name the one it serves")
    return choose(requested, listed, complete=not cache_list and bool(listed or not requested))


async def _rows(context: Context) -> list[dict[str, Any]]:
    """Rows of `/v1/models`, at whatever path this server has it."""
    identity = await context.fact(Identity)
    if not identity.openai_url:
        raise Skip(f"{identity.name} has no OpenAI route")
    path = identity.openai_url.removeprefix(identity.base_url).rstrip("/") + "/models"
    return rows((await get_object(context, path)).get("data"), f"GET {path}")


def _listed(row: dict[str, Any]) -> Listed:
    title = name(row.get("id"))
    state = table(row.get("status")).get("value")
    aliases = (name(row["root"]),) if isinstance(row.get("root"), str) else ()
    return Listed(name=title, aliases=aliases, loaded=state == "loaded", embeds=looks_like_embedder(title))


async def collect_loaded_models(context: Context) -> LoadedModels:
    """Models that llama-swap says are loaded. Raises Skip for servers that do not say."""
    identity = await context.fact(Identity)
    listed = [row for row in await _rows(context) if "status" in row]
    if not listed:
        raise Skip(f"{identity.name} does not say which models are loaded")
    names_loaded = [model.name for model in map(_listed, listed) if model.loaded]
    return LoadedModels(models=tuple(LoadedModel(name=title) for title in names_loaded), source="GET /v1/models")


async def collect_window(context: Context) -> Window:
    """The window from the place where this server keeps it. Raises Skip when there is none."""
    identity = await context.fact(Identity)
    if identity.runtime == "koboldcpp":
        found = count((await get_object(context, KOBOLD_WINDOW)).get("value"))
        return _window(found, f"GET {KOBOLD_WINDOW}", identity.name)
    row = await _chosen_row(context)
    parameters = table(row.get("parameters"))
    served = row.get("max_model_len") or parameters.get("max_seq_len") or row.get("context_length")
    return _window(count(served), "GET /v1/models", identity.name)


def _window(tokens: int | None, source: str, who: str) -> Window:
    if not tokens:
        raise Skip(f"{who} does not say the size of its window")
    return Window(per_request=tokens, source=source)


async def _chosen_row(context: Context) -> dict[str, Any]:
    chosen = (await context.fact(Models)).chosen
    return next((row for row in await _rows(context) if name(row.get("id")) == chosen), {})


async def collect_model_card(context: Context) -> ModelCard:
    """Servers of the vLLM kind say where the model is; the others only its name, which is no card."""
    root = name((await _chosen_row(context)).get("root"))
    if not root:
        raise Skip(f"{(await context.fact(Identity)).name} says nothing about its model but the name")
    return ModelCard(name=(await context.fact(Models)).chosen, file_path=root if root.startswith("/") else "")


async def collect_chat_template(context: Context) -> ChatTemplate:
    """The template where a server shows it: KoboldCpp and TabbyAPI at `/props`."""
    identity = await context.fact(Identity)
    if identity.runtime not in TEMPLATE_AT_PROPS:
        raise Skip(f"{identity.name} does not show its chat template")
    text = long_text((await get_object(context, "/props")).get("chat_template"))
    if not text:
        raise Skip(f"{identity.name} does not show its chat template")
    return ChatTemplate(text=text, language="jinja" if "{%" in text else "", source="GET /props")


FACTS: Mapping[type[Fact], Collector] = {
    Models: collect_models,
    LoadedModels: collect_loaded_models,
    Window: collect_window,
    ModelCard: collect_model_card,
    ChatTemplate: collect_chat_template,
}
