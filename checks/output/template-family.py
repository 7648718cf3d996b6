"""The chat template is one of the model's family.

What: whether the template in use marks turns as the model's family does, whether it is the one in the model's file,
and whether it is word for word one that was published.

Why: a template of another family starts without an error and makes good models babble. A server option that replaces
the template of the file is easily forgotten.

How: the model's family follows from its end token and architecture, or from the template in its file. The marks of
known families are looked for in the rendered prompt, else in the template's text; its hash is compared with over a
hundred published templates.

Limits: fine-tunes change templates for good reasons, so another family is only a note here: the check raw-text proves
that it does harm. End tokens that many families share (</s>) tell nothing.
"""

import contextlib

from doctor.api import (
    ChatTemplate,
    Context,
    Depth,
    Evidence,
    Family,
    FileHealth,
    Finding,
    ModelCard,
    Rendered,
    Severity,
    Skip,
    Symptom,
    Verdict,
    families_of_text,
    family_of_model,
    known_template,
    probed,
    reported,
    seen,
    template_hash,
    verdict,
)

DEPTH = Depth.PASSIVE
OTHER = Symptom(id="template-of-another-family", title="The template is one of another family", severity=Severity.NOTE)
REPLACED = Symptom(
    id="template-replaced", title="The server replaces the template of the model's file", severity=Severity.NOTE
)


async def check(context: Context) -> Verdict:
    """Say which template it is, then compare families, then file and server."""
    template = await context.fact(ChatTemplate)
    if not template.text.strip():
        raise Skip("the server does not show its chat template")
    known = known_template(template.text)
    named = f"the one published for {known.model} ({known.repository})" if known else "not a published one"
    measured = [reported("template", named, source=template.source)]
    in_file = await of_file(context)
    findings: list[Finding | None] = [await of_another_family(context, template, in_file, measured[0])]
    if in_file and template_hash(in_file) != template_hash(template.text):
        sizes = reported("templates", f"{len(template.text)} and {len(in_file)}", "characters", "server and model file")
        text = "the server uses another chat template than the one in the model's file"
        findings.append(seen(REPLACED, "template", text, sizes, measured[0]))
    return verdict(*findings, measured=measured)


async def of_another_family(context: Context, template: ChatTemplate, in_file: str, named: Evidence) -> Finding | None:
    """The finding of marks that are another family's, none of the model's own among them."""
    own = await family(context, in_file)
    prompt = template.text
    with contextlib.suppress(Skip):
        prompt = (await context.fact(Rendered)).chat or template.text
    used = families_of_text(prompt)
    if own is None or not used or any(mark in prompt for mark in own.marks):
        return None
    marks = probed("marks in the prompt", ", ".join(each.marks[0] for each in used), "", template.source)
    expected = reported("marks of the model's family", ", ".join(own.marks), "", f"{own.title}, {own.source[0]}")
    text = f"turns are marked as {used[0].title} does; this model is one of {own.title}"
    return seen(OTHER, "template", text, marks, expected, named)


async def family(context: Context, in_file: str) -> Family | None:
    """The model's own family: by end token and architecture, else by the template in its file."""
    with contextlib.suppress(Skip):
        card = await context.fact(ModelCard)
        if found := family_of_model(card.eos_token or "", card.architecture):
            return found
    speaking = families_of_text(in_file)
    return speaking[0] if len(speaking) == 1 else None


async def of_file(context: Context) -> str:
    """The template in the model's file, "" where there is none or the file is out of reach."""
    with contextlib.suppress(Skip):
        return (await context.fact(FileHealth)).chat_template or ""
    return ""
