"""LM Studio: its own model list, which says types, windows and loaded instances (0.4.0 and later)."""

from collections.abc import Mapping
from typing import Any

from doctor.context import Collector, Context
from doctor.errors import Refused, Skip
from doctor.facts import Fact, LoadedModel, LoadedModels, ModelCard, Models, Window
from doctor.runtimes import openai
from doctor.runtimes.answers import count, get_object, name, rows, table
from doctor.runtimes.choice import Listed, choose

LIST = "/api/v1/models"
request_options, count_tokens = openai.request_options, openai.count_tokens


async def collect_models(context: Context) -> Models:
    """All downloaded models by key; from a version without the own list, those of the OpenAI route."""
    try:
        listed = [_listed(row) for row in await _rows(context)]
    except (Refused, Skip):
        return await openai.collect_models(context)
    return choose(context.target.model, listed)


async def _rows(context: Context) -> list[dict[str, Any]]:
    """The rows of the list. Raises Skip for a version that answers an unknown path with words and status 200."""
    found = await get_object(context, LIST)
    if "models" not in found:
        raise Skip("this LM Studio has no model list of its own")
    return [row for row in rows(found["models"], f"GET {LIST}") if name(row.get("key"))]


def _instances(row: dict[str, Any]) -> list[dict[str, Any]]:
    found = row.get("loaded_instances")
    return [instance for instance in found if isinstance(instance, dict)] if isinstance(found, list) else []


def _listed(row: dict[str, Any]) -> Listed:
    ids = tuple(name(instance.get("id")) for instance in _instances(row))
    return Listed(name=name(row.get("key")), aliases=ids, loaded=bool(ids), embeds=row.get("type") == "embedding")


async def collect_loaded_models(context: Context) -> LoadedModels:
    """Loaded instances; LM Studio does not say how much of each is in GPU memory."""
    found = await _rows(context)
    loaded = tuple(_instance(row, instance) for row in found for instance in _instances(row))
    return LoadedModels(models=loaded, source=f"GET {LIST}")


def _instance(row: dict[str, Any], instance: dict[str, Any]) -> LoadedModel:
    window = count(table(instance.get("config")).get("context_length"))
    return LoadedModel(name=name(instance.get("id")), size_bytes=count(row.get("size_bytes")), context_length=window)


async def _chosen(context: Context) -> dict[str, Any]:
    chosen = (await context.fact(Models)).chosen
    return next((row for row in await _rows(context) if name(row.get("key")) == chosen), {})


async def collect_window(context: Context) -> Window:
    """The window that the loaded instance was given. Raises Skip when the model is not loaded."""
    row = await _chosen(context)
    config = table(next((instance.get("config") for instance in _instances(row)), None))
    served = count(config.get("context_length"))
    if not served:
        raise Skip("the model is not loaded, and LM Studio gives it its window when it loads")
    trained = count(row.get("max_context_length"))
    return Window(per_request=served, trained=trained, slots=count(config.get("parallel")), source=f"GET {LIST}")


async def collect_model_card(context: Context) -> ModelCard:
    """Architecture, quantisation, size and what the model was trained for."""
    row = await _chosen(context)
    able = row.get("capabilities")
    kinds = {"tools": "trained_for_tool_use", "vision": "vision", "thinking": "reasoning"}
    return ModelCard(
        name=(await context.fact(Models)).chosen,
        architecture=name(row.get("architecture")),
        quantization=name(table(row.get("quantization")).get("name")),
        size_bytes=count(row.get("size_bytes")),
        capabilities=tuple(kind for kind, key in kinds.items() if able.get(key)) if isinstance(able, dict) else None,
    )


FACTS: Mapping[type[Fact], Collector] = {
    Models: collect_models,
    LoadedModels: collect_loaded_models,
    Window: collect_window,
    ModelCard: collect_model_card,
}
