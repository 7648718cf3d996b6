"""The control for a GPU that computes garbage: the same line copied by the same model on the processor alone.

Deep only: Ollama loads the model without the GPU for it, and again with the GPU for the next request.
"""

from typing import Any

from doctor.collect.probes.answer import decode, native
from doctor.collect.probes.ask import ready, turn, who
from doctor.collect.probes.echo import MAX_TOKENS, MESSAGES, similarity
from doctor.collect.probes.wire import refused
from doctor.context import Context
from doctor.degeneration import degeneration
from doctor.errors import Skip
from doctor.facts import CpuControl, Echo, Exchange, LoadedModels
from doctor.model import Depth

ROUTE = "/api/chat"
DEADLINE_S = 170.0  # loading once more, and forty tokens at the speed of a processor
BAD_COPY = 0.7  # similarity; below it a copy on the GPU is worth a control (probe P02 fails there)


async def collect_cpu_control(context: Context) -> CpuControl:
    """One answer, after garbage only. Raises Skip below depth deep, for other servers, and without a GPU."""
    if context.depth is not Depth.DEEP:
        raise Skip("needs depth deep")
    identity, models = await who(context)
    if identity.runtime != "ollama":
        raise Skip("only Ollama computes a single request without the GPU")
    await ready(context)
    echo = await context.fact(Echo)
    if not degeneration(echo.exchange.text).kind and echo.similarity >= BAD_COPY:
        return CpuControl(first=echo.similarity)
    loaded = {model.name: model for model in (await context.fact(LoadedModels)).models}.get(models.chosen)
    if loaded is None or not loaded.gpu_share:
        raise Skip("the model is not on a GPU")
    body: dict[str, Any] = {"model": models.chosen, "messages": MESSAGES, "stream": False, "think": False}
    body["options"] = {"num_gpu": 0, "temperature": 0, "seed": 42, "num_predict": MAX_TOKENS}
    base = Exchange(purpose="CPU control", status=200, max_tokens=MAX_TOKENS, route=f"POST {ROUTE}")
    async with turn(context, MAX_TOKENS, DEADLINE_S) as spend:
        answer = await context.http.post(ROUTE, body, deadline_s=DEADLINE_S)
        if answer.status != 200:
            failed = refused(base, answer.status, answer.text(), answer.seconds)
            raise Skip(f"the model could not be loaded without the GPU ({failed.error})")
        exchange = spend(native(decode(answer.body), base))
    return CpuControl(first=echo.similarity, exchange=exchange, similarity=similarity(exchange.text))
