"""The chat template passes every message on.

What: whether the prompt that the server makes of a conversation holds all its messages and opens the answer's turn, and
whether there is a template at all.

Why: a wrong template loses the history, the system text or the turn, and no error says so.

How: the server renders a conversation in which each message has a word of its own. Where it does not show prompts,
the template's text is read: one that only passes the prompt through is none.

Limits: llama.cpp uses ChatML for a file without template; that is right for many models and a fault only when its
markers are no tokens of the model. Lost tools are the business of the check tool-support.
"""

import contextlib

from doctor.api import (
    ChatTemplate,
    Context,
    Depth,
    FileHealth,
    Finding,
    ModelCard,
    Rendered,
    Severity,
    Skip,
    Symptom,
    Verdict,
    probed,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.PASSIVE
MISSING = Symptom(id="template-missing", title="The model has no chat template of its own")
DROPS = Symptom(id="template-drops-messages", title="The template loses messages", severity=Severity.CRITICAL)
DROPS_SYSTEM = Symptom(id="template-drops-system", title="The template loses the system text")
NO_TURN = Symptom(id="template-without-generation-prompt", title="The template does not open the answer's turn")
PASSTHROUGH = ("{{.Prompt}}", "{{-.Prompt}}", "{{.Prompt-}}", "{{-.Prompt-}}")
# The beginning of the template that llama.cpp uses for a file without one (common/chat.cpp, 2026).
CHATML_FALLBACK = "{%- for message in messages -%}\n  {{- '<|im_start|>' + message.role + '"


async def check(context: Context) -> Verdict:
    """Judge the renderings, or the text when there are none."""
    try:
        rendered = await context.fact(Rendered)
    except Skip:
        return await from_text(context)
    if rendered.chat is None:
        raise Skip(f"the server refuses to render a conversation: {rendered.refusals.get('chat', '')[:200]}")
    length = probed("prompt of four messages", len(rendered.chat), "characters", rendered.source)
    return verdict(lost(rendered), await unfit_fallback(context, rendered), measured=[length])


async def from_text(context: Context) -> Verdict:
    """A template that only passes the prompt through is none, unless the model completes code."""
    template = await context.fact(ChatTemplate)
    text = "".join(template.text.split())
    if not text:
        raise Skip("the server does not show how it renders this model's prompts")
    length = reported("template", len(template.text), "characters", template.source)
    card = await context.fact(ModelCard)
    if text not in PASSTHROUGH or "insert" in (card.capabilities or ()):
        return verdict(measured=[length])
    return verdict(seen(MISSING, card.name, f"the template is only {template.text.strip()}: it has no roles", length))


def lost(rendered: Rendered) -> Finding | None:
    """The worst thing that the prompt lacks: messages, the system text, or the header of the answer."""
    chat, words = rendered.chat or "", (*rendered.user_words, rendered.assistant_word)
    missing = sum(word not in chat for word in words)
    if missing:
        kept = probed("messages in the prompt", f"{len(words) - missing} of {len(words)}", source=rendered.source)
        return seen(DROPS, "template", f"{missing} of {len(words)} messages do not reach the model", kept)
    if rendered.system_word not in chat:
        found = probed("system text in the prompt", False, source=rendered.source)
        return seen(DROPS_SYSTEM, "template", "the system text does not reach the model", found)
    header = chat.partition(rendered.user_words[0])[2].partition(rendered.assistant_word)[0]
    tail = chat.rpartition(rendered.user_words[-1])[2]
    if chat != rendered.without_generation_prompt or tail.split() == header.split():
        return None
    end = probed("end of the prompt", tail.strip()[-60:], source=rendered.source)
    summary = f"the prompt ends without the header of an answer ({''.join(header.split())[-60:]} in the history)"
    return seen(NO_TURN, "template", summary, end)


async def unfit_fallback(context: Context, rendered: Rendered) -> Finding | None:
    """The server's built-in ChatML stands in for a template and does not suit the model."""
    split = [marker for marker, count in rendered.marker_tokens.items() if count > 1]
    with contextlib.suppress(Skip):
        if (await context.fact(FileHealth)).chat_template:
            return None
    if not split or not (await context.fact(ChatTemplate)).text.startswith(CHATML_FALLBACK):
        return None
    used = probed("template in use", "built-in ChatML", source="GET /props")
    pieces = probed(f"tokens of {split[0]}", rendered.marker_tokens[split[0]], source=rendered.source)
    summary = f"the server uses its built-in ChatML, and {split[0]} is no token of this model"
    return seen(MISSING, "model file", summary, used, pieces)
