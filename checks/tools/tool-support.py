"""Tools reach the model.

What: whether the tools of a request are in the prompt that the server makes of it.

Why: a template without tools drops them silently: the model cannot call what it never sees.

How: the server renders a request with one tool; nothing is generated. A model counts as trained for tools when its
vocabulary has markers of tool calls or its file's template takes tools. A server that renders nothing for us is taken
at its word, unless the model's own file says otherwise.

Limits: a model without tools is limited, not broken: a note. Whether it calls well is the check tool-call.
"""

import contextlib

from doctor.api import (
    Context,
    Depth,
    Evidence,
    FileHealth,
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
LOST = Symptom(id="tools-not-rendered", title="The template leaves out the tools that the model was trained for")
NONE = Symptom(id="template-without-tools", title="The model takes no tools", severity=Severity.NOTE)


async def check(context: Context) -> Verdict:
    """Look for the tool's name in the prompt, else at what the runtime says."""
    try:
        rendered = await context.fact(Rendered)
    except Skip:
        return await from_card(context)
    refusal = rendered.refusals.get("with_tools", "")
    if refusal and rendered.user_only is None:
        raise Skip(f"the server refuses to render a question: {refusal[:200]}")
    arrived = rendered.tool_word in (rendered.with_tools or "")
    there = probed("tool in the prompt", arrived or (refusal[-160:] or False), source=rendered.source)
    if arrived:
        return verdict(measured=[there])
    words = (*rendered.user_words, rendered.assistant_word)
    if not all(word in (rendered.chat or "") for word in words) or max(rendered.marker_tokens.values(), default=1) > 1:
        raise Skip("the template loses more than tools: see the checks chat-template and markers")
    proof = await trained_for_tools(context, rendered)
    how = "a request with a tool is refused" if refusal else "a tool in the request is not in the prompt"
    if proof is None:
        return verdict(seen(NONE, "model", f"{how}, and nothing says that the model knows tools", there))
    summary = f"{how}, although this model was trained for tools ({proof.label}: {proof.value})"
    layer = probed("layer that lost the tools", "the chat template", source=rendered.source)
    return verdict(seen(LOST, "model", summary, there, proof, layer))


async def trained_for_tools(context: Context, rendered: Rendered) -> Evidence | None:
    """What shows that the model was trained to call tools, if anything does."""
    if rendered.tool_markers:
        return probed("call marker in the vocabulary", rendered.tool_markers[0], source=rendered.source)
    return await template_in_file(context)


async def template_in_file(context: Context) -> Evidence | None:
    """The template in the model's file, when it can be read from here and takes tools."""
    with contextlib.suppress(Skip):
        file = await context.fact(FileHealth)
        if "tools" in (file.chat_template or ""):
            return reported("template in the file", "takes tools", source=file.path)
    return None


async def from_card(context: Context) -> Verdict:
    """What the runtime says. Raises Skip when it says nothing."""
    card = await context.fact(ModelCard)
    if card.capabilities is None:
        raise Skip("the server does not say whether the model takes tools")
    claims = reported("capability tools", "tools" in card.capabilities, source="runtime")
    if claims.value:
        return verdict(measured=[claims])
    says = "the runtime says that this model takes no tools"
    proof = await template_in_file(context)
    if proof is None or "embedding" in card.capabilities:
        return verdict(seen(NONE, card.name, says, claims))
    layer = probed("layer that lost the tools", "the chat template in use", source="runtime")
    return verdict(seen(LOST, card.name, f"{says}, although the template in its file does", claims, proof, layer))
