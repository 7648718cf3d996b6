"""The marker that closes a turn ends the answer.

What: whether the marker with which the template closes the assistant's turn is an end token of the server.

Why: otherwise the model writes the marker and goes on, inventing the next turns.

How: the marker in a rendered conversation against the end tokens that the server and the model's file name, and
against the texts that llama.cpp takes as end tokens by itself. Where the server renders nothing, the marker that the
template writes behind a message's content, against the end token in the model's file.

Limits: without the file's metadata an end token of its own is not visible; then the sign is only a note, and the
check stops settles it. Templates whose next header ends the turn are not judged.
"""

import re

from doctor.api import (
    ChatTemplate,
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
NOT_AN_END = Symptom(id="end-marker-not-end-token", title="The marker that closes a turn is not an end token")
# llama.cpp src/llama-vocab.cpp, 2026: tokens of these texts end a generation whatever the file says.
KNOWN_ENDS = (
    *("<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>", "<end_of_turn>"),
    *("<|endoftext|>", "</s>", "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<|end_of_text|>"),
    *("<end_of_utterance>", "<eos>", "<turn|>", "<｜end▁of▁sentence｜>"),
)
# `message.content + '<|im_end|>'` of Jinja, `{{ .Content }}<|im_end|>` of Go.
BEHIND_CONTENT = re.compile(
    r"content(?:['\"]\])?[\w.() |]*(?:\+\s*['\"]|\s*-?}})(?:\\n)?(<[^<>\s'\"]{2,40}>)", re.IGNORECASE
)


async def check(context: Context) -> Verdict:
    """Compare the closing marker with the end tokens."""
    try:
        rendered = await context.fact(Rendered)
    except Skip as skip:
        return await by_file(context, skip)
    card = await context.fact(ModelCard)
    marker = rendered.end_marker
    if not marker or not card.eos_token:
        raise Skip("the template closes turns without a marker" if card.eos_token else "the end token is not told")
    if rendered.end_marker_id is None:
        raise Skip(f"{marker} is not one token of this vocabulary, see the check markers")
    closing = probed("marker that closes a turn", marker, source=rendered.source)
    end = reported("end token", card.eos_token, source="GET /props")
    ends = [card.metadata.get(key) for key in FileHealth.END_IDS]
    right = marker == card.eos_token or rendered.end_marker_id in ends
    severity = Severity.WARNING if FileHealth.END_IDS[0] in card.metadata else Severity.NOTE
    return judged(closing, end, card.name, right=right, severity=severity)


async def by_file(context: Context, why: Skip) -> Verdict:
    """The same from the template's text and the model's file. Raises Skip, the given one where they do not say."""
    template, file = await context.fact(ChatTemplate), await context.fact(FileHealth)
    found = set(BEHIND_CONTENT.findall(template.text))
    markers = [one for one in found if not one.startswith("</") or one in KNOWN_ENDS]  # not the end of a tool's answer
    if len(markers) != 1 or not file.end_tokens:
        raise why
    closing = reported("marker that closes a turn", markers[0], source=template.source)
    end = reported("end token", file.end_tokens[0], source="vocabulary of the model's file")
    return judged(closing, end, "end token", right=markers[0] in file.end_tokens, severity=Severity.WARNING)


def judged(closing: Evidence, end: Evidence, subject: str, *, right: bool, severity: Severity) -> Verdict:
    """A marker that is no end token, neither by the file nor to llama.cpp itself, does not end an answer."""
    if right or closing.value in KNOWN_ENDS:
        return verdict(measured=[closing, end])
    summary = f"the template closes turns with {closing.value}, an answer ends at {end.value}"
    return verdict(seen(NOT_AN_END, subject, summary, closing, end, severity=severity))
