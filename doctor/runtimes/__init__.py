"""Which adapter speaks with which server, and the facts that go through it.

An adapter is a module with `FACTS`, `request_options` and `count_tokens`, and `apply_template` where the runtime shows
its prompts; nothing is inherited. What a runtime cannot say is simply missing in its `FACTS`.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, cast

from doctor.context import Collector, Context, words
from doctor.errors import Skip
from doctor.facts import (
    CachePool,
    ChatTemplate,
    Fact,
    Identity,
    LoadedModels,
    ModelCard,
    Models,
    Rendered,
    Slots,
    Window,
)
from doctor.runtimes import llama_cpp, lm_studio, ollama, openai, vllm

Renderer = Callable[[Context, list[dict[str, Any]], list[dict[str, Any]] | None, bool], Awaitable[str]]


class Adapter(Protocol):
    """What every adapter module offers."""

    FACTS: Mapping[type[Fact], Collector]

    def request_options(self, thinking: bool) -> dict[str, Any]:
        """Extra fields for a body of `/v1/chat/completions` that switch thinking on or off."""

    async def count_tokens(
        self, context: Context, messages: list[dict[str, Any]], tools: list[dict[str, Any]] | None = None
    ) -> int | None:
        """Exact tokens of the rendered prompt, counted without generating; None when the runtime cannot."""


ADAPTERS: dict[str, Adapter] = {
    "ollama": cast("Adapter", ollama),
    "llama.cpp": cast("Adapter", llama_cpp),
    "lmstudio": cast("Adapter", lm_studio),
    "vllm": cast("Adapter", vllm),
    "openai": cast("Adapter", openai),
}


def adapter(identity: Identity) -> Adapter:
    """The adapter for this server; the general one for any other OpenAI-compatible server."""
    return ADAPTERS.get(identity.runtime, ADAPTERS["openai"])


def renderer(identity: Identity) -> Renderer | None:
    """How this server shows a prompt as its template makes it (messages, tools, generation); None: it does not.

    The renderer raises Refused with the template's own words, Malformed, Unreachable and TooLate.
    """
    found: Renderer | None = getattr(adapter(identity), "apply_template", None)
    return found


def _through_adapter(kind: type[Fact]) -> Collector:
    async def collect(context: Context) -> Fact:
        identity = await context.fact(Identity)
        name = identity.name or identity.runtime or "this server"
        if not identity.runtime:
            raise Skip("no model server was recognised at this address")
        if identity.state == "locked":
            raise Skip(f"{name} needs an API key")
        found = adapter(identity).FACTS.get(kind)
        if found is None:
            raise Skip(f"{name} does not say its {words(kind)}")
        return await found(context)

    return collect


TARGET_FACTS: dict[type[Fact], Collector] = {
    kind: _through_adapter(kind)
    for kind in (Models, LoadedModels, Window, Slots, ModelCard, ChatTemplate, Rendered, CachePool)
}
