"""Stored vectors are those of the embedder in use.

What: 32 stored chunks, embedded again and compared with their stored vectors.

Why: questions are embedded with today's model. Vectors of another model are compared with them all the same, and the
result is chance.

How: a cosine of 0.99 and more is the same vector. Where chunks disagree and neither another prefix nor another form of
the text explains it, other embedding models of the server are tried, and the vectors are compared with those of
unrelated chunks: what is no nearer than these is another model's.

Limits: another quantisation of the same model may fall below 0.99 (q4_0 of a small model: 0.95), another pooling as
well; both are reported as near. Product quantisation keeps approximations, which are not compared.
"""

from doctor.api import (
    Context,
    Depth,
    Evidence,
    Finding,
    Index,
    Reembedding,
    Severity,
    Symptom,
    Verdict,
    computed,
    percent,
    probed,
    seen,
    verdict,
)

SUBJECT = "index"
DEPTH = Depth.QUICK
DEADLINE_S = 300.0
SIZE = Symptom(id="index-dimension-differs", title="Index and embedder differ in size", severity=Severity.CRITICAL)
MODEL = Symptom(id="index-model-differs", title="Stored vectors are another model's", severity=Severity.CRITICAL)
RELATED = Symptom(id="index-vectors-drifted", title="Stored vectors are near those made now, and not the same")

ALLOWED = 0.05  # of the chunks: odd characters that a pipeline cleans away, a text edited afterwards
FEWEST = 3  # chunks that must differ before anything is said
# Cosine above that of unrelated chunks. Measured with all-MiniLM-L6-v2: another model 0.00, other pooling 0.11 and
# more, q4_0 0.6.
UNRELATED = 0.08
PROBE = "re-embed test"


async def check(context: Context) -> Verdict:
    """Size, then identity."""
    index = await context.fact(Index)
    found = await context.fact(Reembedding)
    name = index.title or index.collection
    measured = [
        probed("stored vectors that are made again", found.agree, f"of {found.compared}", PROBE),
        probed("median cosine", round(found.median, 4), "", PROBE),
    ]
    return verdict(size(found, name, measured), differs(found, name, measured), measured=measured)


def size(found: Reembedding, name: str, measured: list[Evidence]) -> Finding | None:
    """Two sizes are two models, unless one is the beginning of the other."""
    reading = found.reading
    if found.dimension == found.stored_dimension or (reading and reading.kind == "dimensions"):
        return None
    sizes = computed("dimensions", f"{found.stored_dimension} stored, {found.dimension} made now", "", PROBE)
    maker = f"; {reading.detail} makes the stored ones" if reading else ""
    summary = f"Stored vectors have {found.stored_dimension} numbers, {found.model} makes {found.dimension}{maker}"
    return seen(SIZE, name, summary, sizes, *measured)


def differs(found: Reembedding, name: str, measured: list[Evidence]) -> Finding | None:
    """Another model by name, by being unrelated, or something near."""
    reading, off = found.reading, found.differing
    if found.dimension != found.stored_dimension or off < FEWEST or off <= ALLOWED * found.compared:
        return None
    share = percent(off / found.compared)
    if reading is not None:
        if reading.kind != "model":
            return None  # the same model, another text: the check indexed-text says which
        fits = probed(f"cosine with {reading.detail}", reading.median, "", PROBE)
        return seen(MODEL, name, f"{share} of the stored vectors were made by {reading.detail}", fits, *measured)
    typical = sorted(found.cosines)[off // 2]
    stranger = probed("cosine with other chunks", found.stranger, "", PROBE)
    if typical - found.stranger < UNRELATED:
        summary = f"{share} of the stored vectors have nothing to do with those that {found.model} makes"
        return seen(MODEL, name, summary, stranger, *measured)
    summary = f"{share} of the stored vectors are only near those of {found.model} (cosine {typical:.2f})"
    return seen(RELATED, name, summary, stranger, *measured)
