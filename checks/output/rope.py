"""Positions are encoded as the model was trained.

What: the rotary base frequency in the model's metadata, and options of the server that override positions.

Why: with a wrong base or scaling, short chats survive and copying, codes and long texts break.

How: the metadata of the model as the server or its file states it, and the server's command line.

Limits: a base that is wrong but ordinary is not seen. Known models use 1,000 (one embedding family), 10,000 and more.
"""

import contextlib

from doctor.api import (
    Context,
    Depth,
    Evidence,
    Finding,
    ModelCard,
    ServerProcess,
    Severity,
    Skip,
    Symptom,
    Verdict,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.PASSIVE
IMPLAUSIBLE = Symptom(
    id="rope-base-implausible", title="The model's rotary base is implausible", severity=Severity.CRITICAL
)
OVERRIDDEN = Symptom(id="rope-overridden", title="The server overrides the model's positions", severity=Severity.NOTE)
LOWEST_KNOWN_BASE = 1000.0  # nomic-embed-text; every chat family uses 10,000 or more
OPTIONS = ("--rope-freq-base", "--rope-freq-scale", "--rope-scale", "--rope-scaling", "--yarn-orig-ctx")


async def check(context: Context) -> Verdict:
    """Judge the base, then report overrides."""
    measured: list[Evidence] = []
    findings: list[Finding] = []
    with contextlib.suppress(Skip):
        card = await context.fact(ModelCard)
        base = card.metadata.get(f"{card.architecture}.rope.freq_base")
        if isinstance(base, int | float):
            stated = reported("rotary base", base, "", "model metadata")
            measured.append(stated)
            if 0 < base < LOWEST_KNOWN_BASE:
                text = f"the rotary base is {base:g}; models of this kind are trained with 10,000 or more"
                findings.append(seen(IMPLAUSIBLE, card.name, text, stated))
    with contextlib.suppress(Skip):
        process = await context.fact(ServerProcess)
        given = [f"{name} {process.option(name)}" for name in OPTIONS if process.option(name) is not None]
        line = reported("options for positions", ", ".join(given) or "none", "", f"process {process.pid}")
        measured.append(line)
        if given:
            findings.append(seen(OVERRIDDEN, "server", f"the server was started with {', '.join(given)}", line))
    if not measured:
        raise Skip("neither the model's metadata nor the server's command line can be read")
    return verdict(*findings, measured=measured)
