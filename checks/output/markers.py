"""Role markers reach the model as single tokens.

What: whether the role markers of the template are tokens of this vocabulary.

Why: a marker in pieces is ordinary text; the model was not trained on it and loses its turns.

How: a rendered conversation is tokenised. A marker in pieces is a fault when the vocabulary does have a token of that
text, or when the model's own end marker is nowhere in the prompt, so that the template is another family's.

Limits: some families write markers as plain text on purpose (`[INST]`, `USER:`, `<|user|>` of Zephyr) and close turns
with their own end token; that is healthy. Only servers that show rendering and tokens.
"""

from doctor.api import Context, Depth, ModelCard, Rendered, Skip, Symptom, Verdict, probed, reported, seen, verdict

DEPTH = Depth.PASSIVE
SPLIT = Symptom(id="marker-split-into-pieces", title="Role markers reach the model in pieces")
# Tokens that close a turn and nothing else; </s> and <|endoftext|> also end plain text.
TURN_ENDS = ("<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<turn|>", "<|end|>", "<|END_OF_TURN_TOKEN|>")


async def check(context: Context) -> Verdict:
    """Look at the tokens of each marker."""
    rendered = await context.fact(Rendered)
    if not rendered.marker_tokens:
        raise Skip("the template has no role markers, or the server does not show its tokens")
    pieces = [probed(f"tokens of {m}", n, source=rendered.source) for m, n in rendered.marker_tokens.items()]
    split = [marker for marker, count in rendered.marker_tokens.items() if count > 1]
    if rendered.shadowed_markers:
        marker = rendered.shadowed_markers[0]
        count = rendered.marker_tokens[marker]
        summary = f"{marker} reaches the model as {count} pieces although the vocabulary has a token of that text"
        return verdict(seen(SPLIT, marker, summary, *pieces))
    end = await own_end(context)
    if split and end in TURN_ENDS and end not in (rendered.chat or ""):
        summary = f"the template writes {split[0]} in pieces and never {end}, with which this model closes a turn"
        return verdict(seen(SPLIT, split[0], summary, *pieces, reported("end token", end, source="GET /props")))
    return verdict(measured=pieces)


async def own_end(context: Context) -> str:
    """The model's end token, empty when it is not told."""
    try:
        return (await context.fact(ModelCard)).eos_token or ""
    except Skip:
        return ""
