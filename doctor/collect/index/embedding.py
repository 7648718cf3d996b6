"""Many texts embedded through the run's one door, in batches; what is refused is known text by text."""

import time
from collections.abc import Sequence
from typing import Any

import msgspec

from doctor.collect.probes.embed import Embedded, embed
from doctor.collect.probes.embeddings import embedder
from doctor.context import EMBEDDER, Context
from doctor.errors import Skip
from doctor.retrieval.words import words

# Ollama's own client sends 512 and LangChain 1000, but a batch must be answered within its deadline on a slow machine.
BATCH = 16
BATCH_CHARACTERS = 40_000
DEADLINE_S = 60.0
MAX_REFUSED_ALONE = 8  # texts of refused batches that are tried one by one


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """Vectors in the order of the texts, None for one that was refused; the rate counts what was answered."""

    vectors: list[Any]  # numpy arrays or None
    refusal: str = ""
    words_s: float = 0.0

    @property
    def refused(self) -> int:
        """Texts without a vector."""
        return sum(vector is None for vector in self.vectors)


async def embedding_model(context: Context) -> str:
    """The name of the model that embeds for this index. Raises Skip when none is known."""
    return (await embedder(context.peer(EMBEDDER))).model


async def embed_all(context: Context, model: str, texts: Sequence[str]) -> Made:
    """Embed the texts with the index's embedder. Raises Skip when even a single text is refused, TooLate, Unreachable.

    A batch that is refused is tried text by text, so that one chunk that is too long does not hide the others.
    """
    import numpy as np

    peer = context.peer(EMBEDDER)
    made: list[Any] = []
    refusal, seconds, count = "", 0.0, 0
    for batch in batches(texts):
        began_s = time.perf_counter()
        answer = await embed(peer, model, batch, deadline_s=DEADLINE_S)
        if answer.ok:
            seconds += time.perf_counter() - began_s
            count += sum(len(words(text)) for text in batch)
            made += [np.asarray(vector, dtype=np.float32) for vector in answer.vectors]
        else:
            refusal = refusal or answer.error
            made += await _one_by_one(peer, model, batch, answer)
    if texts and all(vector is None for vector in made):
        raise Skip(f"the embedding model {model} refuses every text: {refusal}")
    return Made(vectors=made, refusal=refusal, words_s=count / seconds if seconds else 0.0)


async def _one_by_one(peer: Context, model: str, batch: Sequence[str], answer: Embedded) -> list[Any]:
    import numpy as np

    if len(batch) == 1:
        return [None]
    made: list[Any] = []
    for text in batch[:MAX_REFUSED_ALONE]:
        answer = await embed(peer, model, [text], deadline_s=DEADLINE_S)
        made.append(np.asarray(answer.vectors[0], dtype=np.float32) if answer.ok else None)
    return made + [None] * (len(batch) - len(made))


def batches(texts: Sequence[str]) -> list[list[str]]:
    """The texts in batches of at most 16, fewer where they are long."""
    found: list[list[str]] = []
    size = 0
    for text in texts:
        if not found or len(found[-1]) == BATCH or size + len(text) > BATCH_CHARACTERS:
            found.append([])
            size = 0
        found[-1].append(text)
        size += len(text)
    return found


def cosine(one: Any, other: Any) -> float:  # noqa: ANN401 - numpy arrays of float32
    """Cosine of two vectors of the same size; 0 where one of them has no direction."""
    import numpy as np

    a, b = one.astype(np.float64), other.astype(np.float64)
    length = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / length if np.isfinite(length) and length > 0 else 0.0
