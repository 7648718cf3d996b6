"""The model's file names its pre-tokenizer.

What: whether the file of a model with a byte-pair vocabulary says how text is cut before it is tokenised.

Why: without it numbers, accents and code fall into other tokens than in training; sums and spelling suffer.

How: the `tokenizer.ggml.pre` entry of the model's metadata, from the runtime or the file's header.

Limits: files made before April 2024 lack it; a name that is there but wrong is not seen.
"""

from doctor.api import Context, Depth, ModelCard, Skip, Symptom, Verdict, reported, seen, verdict

DEPTH = Depth.PASSIVE
UNNAMED = Symptom(id="pretokenizer-unnamed", title="The model's file does not say how text is cut into tokens")
BYTE_PAIRS = "gpt2"  # llama.cpp's name of a byte-pair vocabulary; others need no pre-tokenizer
FALLBACK = "default"


async def check(context: Context) -> Verdict:
    """Read the entry."""
    card = await context.fact(ModelCard)
    kind = card.metadata.get("tokenizer.ggml.model")
    if kind is None:
        raise Skip("neither the server nor the model's file says which tokenizer it has")
    name = card.metadata.get("tokenizer.ggml.pre")
    evidence = reported("pre-tokenizer", name, source=f"metadata of the {kind} vocabulary")
    if kind != BYTE_PAIRS or name not in (None, "", FALLBACK):
        return verdict(measured=[evidence])
    what = "no pre-tokenizer" if not name else f"only the pre-tokenizer {name!r}"
    summary = f"the model's file names {what}; numbers and accents fall into other tokens than in training"
    return verdict(seen(UNNAMED, card.name, summary, evidence))
