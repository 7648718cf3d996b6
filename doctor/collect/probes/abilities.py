"""What this server can be asked for: found out once, from its kind and from answers that the run has anyway."""

import contextlib

from doctor.collect.probes.ask import ready, who
from doctor.context import Context
from doctor.errors import DoctorError, Skip
from doctor.facts import Abilities, WarmUp
from doctor.runtimes import adapter

HELLO = [{"role": "user", "content": "Say hello."}]
RENDERING = ("llama.cpp", "vllm")
# Servers with a known route that completes a prompt as it is; any other may have that of OpenAI, which is tried.
RAW = ("llama.cpp", "ollama", "vllm", "sglang", "lmstudio")
WINDOW_PER_REQUEST = ("ollama",)


async def collect_abilities(context: Context) -> Abilities:
    """The abilities. Raises Skip where the model does not answer at all."""
    await ready(context)
    identity, _ = await who(context)
    first = (await context.fact(WarmUp)).first
    counted = None
    with contextlib.suppress(Skip, DoctorError):
        counted = await adapter(identity).count_tokens(context, HELLO)
    return Abilities(
        counts_prompts=counted is not None,
        renders=identity.runtime in RENDERING,
        tokenises=identity.runtime in RENDERING,
        completes_raw=identity.runtime in RAW or bool(identity.openai_url),
        switches_thinking=bool(adapter(identity).request_options(False)),
        window_per_request=identity.runtime in WINDOW_PER_REQUEST,
        reports_cached=None if first.cached_tokens is None else True,
        reports_timings=first.decode_tok_s is not None or first.prompt_tok_s is not None or first.load_s is not None,
    )
