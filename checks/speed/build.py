"""The server's build can use this machine's graphics card.

What: the GPU libraries that the server's process has in memory, against the maker of the graphics card.

Why: a program built for the processor, or for another maker's cards, ignores every option that sends layers to the
card and says nothing about it; a Python wheel is such a build unless told otherwise.

How: the files mapped by the server and its children, and the backends that lie beside its program. A server that has
none of both for this card cannot use it.

Limits: the process must be readable (same user, Linux or Windows, not in a container). A model below 1 GiB may be kept
on the processor on purpose and is not judged. A backend that is there and was not loaded is left to gpu-use.
"""

import contextlib

from doctor.api import (
    Context,
    Depth,
    Gpus,
    LoadedModels,
    ModelCard,
    Models,
    Reach,
    ServerProcess,
    Skip,
    Symptom,
    Verdict,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.PASSIVE
DEADLINE_S = 120.0  # a model that is not loaded yet is waited for
WITHOUT = Symptom(id="build-without-gpu", title="The server's program cannot use this graphics card")

# What computes on the cards of each maker; Vulkan and OpenCL drive all of them.
OF_MAKER = {"nvidia": {"cuda"}, "amd": {"hip"}, "intel": {"sycl"}}
ANY_MAKER = {"vulkan", "opencl"}
MIN_BYTES = 1 << 30


async def check(context: Context) -> Verdict:
    """Libraries of the server against the cards that are there."""
    if (await context.fact(Models)).remote or not (await context.fact(Reach)).local:
        raise Skip("the model runs on another machine")
    server = await context.fact(ServerProcess)
    if server.tunnel or server.backends is None:
        raise Skip("which libraries the server has in memory cannot be read from here")
    cards = [card for card in (await context.fact(Gpus)).usable if card.vendor in OF_MAKER]
    mapped = reported("GPU libraries in the server's memory", ", ".join(server.backends) or "none", "", server.name)
    number = reported("usable graphics cards", len(cards), source="GPU drivers")
    wanted = ANY_MAKER.union(*(OF_MAKER[card.vendor] for card in cards))
    if not cards or wanted & {*server.backends, *server.backends_beside}:
        return verdict(measured=[mapped, number])
    size, on_card = await _model(context)
    if size is None or on_card:
        return verdict(measured=[mapped, number])
    if not size:
        raise Skip("the runtime does not say how large the model is")
    if size < MIN_BYTES:
        raise Skip("a model this small may be kept on the processor on purpose")
    names = ", ".join(card.name for card in cards)
    has = f"only libraries for {', '.join(server.backends)}" if server.backends else "no GPU library at all"
    return verdict(seen(WITHOUT, names, f"{server.name} has {has} in memory and cannot use {names}", mapped, number))


async def _model(context: Context) -> tuple[int | None, int]:
    """Bytes of the model (None: nothing is loaded) and how many the runtime says are in GPU memory."""
    size = (await context.fact(ModelCard)).size_bytes or 0
    with contextlib.suppress(Skip):  # a server that does not list its models has the one that it answers with
        models = (await context.fact(LoadedModels)).models
        known = max([size, *(m.size_bytes or 0 for m in models)])
        return known if models else None, sum(m.vram_bytes or 0 for m in models)
    return size, 0
