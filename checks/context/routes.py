"""Every route of the server reads the whole prompt.

What: the tokens that Ollama's own route counts for a text of more than half the window; at depth deep also what both
routes do with a larger window that the request asks for.

Why: clients use different routes. A cut on one of them makes the same model forgetful in one program only. The OpenAI
route of Ollama has no field for the window: it drops num_ctx without a word.

How: one request with one token of output; the OpenAI route is counted by the check prompt-accounting, on texts of the
same sentences. A tenth fewer tokens than those have is proof of a cut. Deep: a text of 1.3 windows on both routes with
a larger num_ctx.

Limits: Ollama only. Depth deep loads the model twice more, once with the larger window.
"""

import contextlib

from doctor.api import (
    Context,
    Depth,
    Evidence,
    Finding,
    PromptAccounting,
    Routes,
    RouteTrial,
    Severity,
    Skip,
    Symptom,
    Verdict,
    computed,
    probed,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 160.0
CUT = Symptom(id="route-cuts-prompt", title="One route cuts prompts that the other reads", severity=Severity.CRITICAL)
IGNORED = Symptom(id="v1-ignores-window", title="The OpenAI route ignores the window that a request asks for")
COMPLETE = 0.98  # of the expected tokens
CUT_SHARE = 0.9  # of them; both routes count with one tokenizer, so a tenth less is no matter of counting


async def check(context: Context) -> Verdict:
    """Judge the plain text on the native route, then the window that was asked for."""
    routes = await context.fact(Routes)
    plain, *asked = routes.trials
    if not plain.exchange.ok:
        raise Skip(f"the other route refused the text: {plain.exchange.error}")
    measured = line(plain)
    findings = [await cut(context, plain, measured)]
    if len(asked) == 2:
        findings.append(ignored(*asked, window=routes.window or 0))
        measured += [each for trial in asked for each in line(trial)]
    return verdict(*findings, measured=measured)


async def cut(context: Context, plain: RouteTrial, measured: list[Evidence]) -> Finding | None:
    """A cut on one route, where the other reads everything."""
    with contextlib.suppress(Skip):
        other = await context.fact(PromptAccounting)
        openai_cut = other.counted < CUT_SHARE * other.expected
        if openai_cut == short(plain):
            return None  # both or none
        route = plain.route if short(plain) else "POST /v1/chat/completions"
        whole = probed("prompt tokens on the OpenAI route", f"{other.counted} of {other.expected:.0f}", "tokens")
        text = f"{route} reads only a part of a text that fits the window; the other route reads all of it"
        return seen(CUT, "prompt", text, *measured, whole)
    return None


def short(trial: RouteTrial) -> bool:
    """Clearly fewer tokens counted than the same sentences have on the other route."""
    return 0 < (trial.exchange.prompt_tokens or 0) < CUT_SHARE * trial.sent_tokens


def ignored(native: RouteTrial, openai: RouteTrial, window: int) -> Finding | None:
    """The window was heeded on the native route and not on the other; a refusal is honest and only a note."""
    read = native.exchange.prompt_tokens or 0
    if not native.exchange.ok or read < COMPLETE * native.sent_tokens:
        return None
    refused = not openai.exchange.ok
    if not refused and (openai.exchange.prompt_tokens or 0) >= COMPLETE * openai.sent_tokens:
        return None
    did = "is refused" if refused else f"is cut to {openai.exchange.prompt_tokens} tokens"
    text = f"with num_ctx {openai.asked_window} in the request, a text of {openai.sent_tokens:.0f} tokens {did} on /v1"
    asked = reported("window without being asked", window, "tokens", "the server")
    severity = Severity.NOTE if refused else None
    return seen(IGNORED, "window", text, *line(native), *line(openai), asked, severity=severity)


def line(trial: RouteTrial) -> list[Evidence]:
    """What one route was sent and counted."""
    asked = f", num_ctx {trial.asked_window}" if trial.asked_window else ""
    counted = trial.exchange.prompt_tokens if trial.exchange.ok else "refused"
    return [
        computed(f"tokens sent to {trial.route}{asked}", round(trial.sent_tokens), "tokens", "two small prompts"),
        probed(f"tokens counted by {trial.route}{asked}", counted, "tokens", "usage of the answer"),
    ]
