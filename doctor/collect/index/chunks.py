"""Texts of the sampled chunks: their lengths, and those that hold nothing to be found."""

import statistics

from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import IndexChunks
from doctor.retrieval.words import boilerplate, is_binary, is_empty, words


async def collect_index_chunks(context: Context) -> IndexChunks:
    """Lengths and kinds of the sampled texts. Raises Skip when no row has a text."""
    chunks = await context.index.sample()
    texts = [chunk.text for chunk in chunks if chunk.text is not None]
    if not texts:
        raise Skip("the sampled rows hold no text that could be found; name its field with --text-field")
    binary = [is_binary(text) for text in texts]
    empty = [is_empty(text) for text in texts]
    shared = boilerplate(texts)
    lengths = [len(words(text)) for text, odd in zip(texts, binary, strict=True) if not odd] or [0]
    return IndexChunks(
        sampled=len(chunks),
        without_text=len(chunks) - len(texts),
        empty=sum(e and not b for e, b in zip(empty, binary, strict=True)),
        boilerplate=sum(s and not (e or b) for s, e, b in zip(shared, empty, binary, strict=True)),
        binary=sum(binary),
        words_median=statistics.median(lengths),
        words_p95=sorted(lengths)[int(0.95 * (len(lengths) - 1))],
        words_max=max(lengths),
        characters_max=max(map(len, texts)),
    )
