"""The window is large enough.

What: how many tokens one request may use, how the slots share the window, and what the model was trained for.

Why: a prompt longer than its window is refused or silently cut, and agents send long prompts.

How: the runtime's own numbers; the server's command line tells a shared window and one that the runtime shrank.

Limits: how large is enough depends on the work. A window as small as the model's own is never a fault.
"""

from doctor.api import (
    Context,
    Depth,
    Finding,
    Identity,
    Models,
    ServerProcess,
    Severity,
    Skip,
    Symptom,
    Verdict,
    Window,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.PASSIVE
DEADLINE_S = 120.0  # a model that is not loaded yet is waited for
SHARE = Symptom(id="slot-share-small", title="Each slot has only a small share of the window")
TINY = Symptom(id="window-tiny", title="The window is tiny")
BELOW = Symptom(id="window-below-trained", title="The window is far below the trained one", severity=Severity.NOTE)
SHRUNK = Symptom(id="window-shrunk-to-fit", title="The runtime shrank the window", severity=Severity.NOTE)
SMALL = 4_096  # tokens: the smallest default of any runtime today (Ollama, LM Studio, llama.cpp's fit)
TOO_SMALL = 2_048  # Ollama's default until 2025, which cut ordinary documents
FAR_BELOW = 4


async def check(context: Context) -> Verdict:
    """Compare the served window with the others."""
    if (await context.fact(Models)).remote:
        raise Skip("the model runs on another machine behind a local address")
    window = await context.fact(Window)
    per_request = window.per_request
    if per_request is None:
        raise Skip("the runtime does not say the size of its window")
    evidence = [reported("window of one request", per_request, "tokens", window.source)]
    numbers = {"trained window": window.trained, "window of all slots": window.total, "slots": window.slots}
    evidence += [reported(label, number, source=window.source) for label, number in numbers.items() if number]
    room = window.trained is None or window.trained > per_request
    found: list[Finding] = []
    if (window.slots or 1) > 1 and per_request < SMALL and TOO_SMALL <= (window.total or 0) != per_request:
        summary = f"{window.slots} slots share {window.total} tokens, so that a request has {per_request}"
        found.append(seen(SHARE, "window", summary, *evidence))
    elif per_request < TOO_SMALL and room:
        found.append(seen(TINY, "window", f"a request may use only {per_request} tokens with its answer", *evidence))
    elif room and window.trained and await shrunk(context):
        summary = f"no window was asked for; the runtime took {per_request} of {window.trained} tokens to fit memory"
        found.append(seen(SHRUNK, "window", summary, *evidence))
    elif window.trained and per_request <= SMALL and window.trained >= FAR_BELOW * per_request:
        summary = f"the window has {per_request} tokens, the model was trained for {window.trained}"
        found.append(seen(BELOW, "window", summary, *evidence))
    return verdict(*found, measured=evidence)


async def shrunk(context: Context) -> bool:
    """Whether llama.cpp chose the window itself: none is given on the command line or in the environment."""
    try:
        identity, process = await context.fact(Identity), await context.fact(ServerProcess)
    except Skip:
        return False
    if identity.runtime != "llama.cpp" or not process.environment_readable or process.children:
        return False
    given = process.option("-c", "--ctx-size") not in (None, "0")
    fixed = process.option("-fit", "--fit") == "off" or process.option("-np", "--parallel") is not None
    return process.is_llama_server and not given and not fixed and "LLAMA_ARG_CTX_SIZE" not in process.environment
