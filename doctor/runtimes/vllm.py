"""vLLM: what the general adapter reads, and prompts through its tokenise routes. Seen on vLLM 0.32.0.

`/tokenize` takes messages and tools and gives the tokens of the rendered prompt; `/detokenize` makes text of them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from doctor.context import Collector, Context
from doctor.errors import Malformed, Refused
from doctor.facts import CachePool, Fact, Models, Rendered
from doctor.runtimes import openai
from doctor.runtimes.answers import count, post_object
from doctor.runtimes.vllm_pool import collect_cache_pool

TOKENIZE, DETOKENIZE = "/tokenize", "/detokenize"


def request_options(thinking: bool) -> dict[str, Any]:
    """Thinking is a switch of the chat template, spelt in two ways; a template ignores what it does not know."""
    return {"chat_template_kwargs": {"enable_thinking": thinking, "thinking": thinking}}


async def count_tokens(
    context: Context, messages: list[dict[str, Any]], tools: list[dict[str, Any]] | None = None
) -> int | None:
    """Tokens of the prompt with template and tools, thinking off. None when the server refuses to render it."""
    try:
        return count((await _tokenized(context, messages, tools, True)).get("count"))
    except Refused:
        return None


async def _tokenized(
    context: Context, messages: list[dict[str, Any]], tools: list[dict[str, Any]] | None, generation: bool
) -> dict[str, Any]:
    body: dict[str, Any] = {"model": (await context.fact(Models)).chosen, "messages": messages}
    body |= {"add_generation_prompt": generation, **request_options(thinking=False)} | (
        {"tools": tools} if tools else {}
    )
    return await post_object(context, TOKENIZE, body)


async def apply_template(
    context: Context, messages: list[dict[str, Any]], tools: list[dict[str, Any]] | None, generation: bool
) -> str:
    """The rendered prompt. Raises Refused with the template's own words, or Malformed."""
    tokens = (await _tokenized(context, messages, tools, generation)).get("tokens")
    if not isinstance(tokens, list):
        raise Malformed(f"POST {TOKENIZE} answered without tokens")
    return await detokenize(context, [token for token in tokens if isinstance(token, int)])


async def detokenize(context: Context, tokens: Sequence[int]) -> str:
    """The text of tokens. Raises Refused or Malformed."""
    body = {"model": (await context.fact(Models)).chosen, "tokens": list(tokens)}
    found = (await post_object(context, DETOKENIZE, body)).get("prompt")
    if not isinstance(found, str):
        raise Malformed(f"POST {DETOKENIZE} answered without a text")
    return found


async def tokenize(context: Context, text: str) -> list[tuple[int, str]]:
    """Id and vocabulary text of each token. Raises Refused or Malformed."""
    body = {"model": (await context.fact(Models)).chosen, "prompt": text, "add_special_tokens": False}
    found = await post_object(context, TOKENIZE, body | {"return_token_strs": True})
    ids, texts = found.get("tokens"), found.get("token_strs")
    if not isinstance(ids, list) or not isinstance(texts, list):
        raise Malformed(f"POST {TOKENIZE} answered without token texts")
    return [(count(id_) or 0, text if isinstance(text, str) else "") for id_, text in zip(ids, texts, strict=False)]


async def collect_rendered(context: Context) -> Rendered:
    """Prompts of a fixed conversation as the server renders them."""
    from doctor.collect.render import Endpoint, render  # only checks of the template need it

    async def prompt(messages: list[dict[str, Any]], tools: list[dict[str, Any]] | None, generation: bool) -> str:
        return await apply_template(context, messages, tools, generation)

    async def tokens(text: str, _special: bool) -> list[tuple[int, str]]:
        return await tokenize(context, text)

    return await render(Endpoint(prompt=prompt, tokens=tokens, source=f"POST {TOKENIZE}"))


FACTS: Mapping[type[Fact], Collector] = {**openai.FACTS, Rendered: collect_rendered, CachePool: collect_cache_pool}
