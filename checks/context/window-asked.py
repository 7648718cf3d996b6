"""The window is as large as was asked for.

What: the window that the server's command line or the model's parameters ask for, against the one that is served.

Why: a runtime caps a window at what the model was trained for, or serves a default instead, and says it in its log
only. The client counts on the larger one.

How: the options on the command line, num_ctx of the model, and the server's own number.

Limits: a larger window than asked for is no fault. Requests that ask for a window of their own are not seen here.
"""

import contextlib
import re

from doctor.api import (
    Context,
    Depth,
    Evidence,
    ModelCard,
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
LESS = Symptom(id="window-less-than-asked", title="The window is smaller than was asked for", severity=Severity.NOTE)
OPTIONS = ("-c", "--ctx-size", "--max-model-len")


async def check(context: Context) -> Verdict:
    """Compare the two numbers."""
    asked = await asked_for(context)
    window = await context.fact(Window)
    if window.per_request is None:
        raise Skip("the runtime does not say the size of its window")
    served = reported("window of one request", window.per_request, "tokens", window.source)
    largest = max(window.per_request * max(window.slots or 1, await slots_of(context)), window.total or 0)
    if int(str(asked.value)) <= largest:
        return verdict(measured=[asked, served])
    why = f"; the model was trained for {window.trained}" if window.trained else ""
    text = f"{asked.value} tokens were asked for, a request has {window.per_request}{why}"
    return verdict(seen(LESS, "window", text, asked, served))


async def asked_for(context: Context) -> Evidence:
    """The window that somebody asked for. Raises Skip when nobody did."""
    with contextlib.suppress(Skip, ValueError):
        process = await context.fact(ServerProcess)
        if given := int(process.option_anywhere(*OPTIONS) or 0):
            return reported("window asked for", given, "tokens", f"command line of process {process.pid}")
    with contextlib.suppress(Skip):
        parameters = (await context.fact(ModelCard)).parameters_text
        if found := re.search(r"^num_ctx\s+(\d+)\s*$", parameters, re.MULTILINE):
            return reported("window asked for", int(found[1]), "tokens", "model parameters")
    raise Skip("nobody asked for a window: neither the server's command line nor the model's parameters")


async def slots_of(context: Context) -> int:
    """Slots by the command line: Ollama's runner is asked for the windows of all together."""
    with contextlib.suppress(Skip, ValueError):
        return int((await context.fact(ServerProcess)).option_anywhere("-np", "--parallel") or 1)
    return 1
