"""The questions of known-item retrieval: the user's own, the model's, or made of the chunks' own words."""

import random

import msgspec

from doctor.context import CHAT, Context
from doctor.errors import Skip, Trouble
from doctor.index_wish import IndexWish
from doctor.model import Depth
from doctor.retrieval.questions import FEWEST_WORDS, Question, from_chunks
from doctor.retrieval.words import boilerplate, is_binary, is_empty, terms
from doctor.stores.store import Chunk

MODEL_TOKENS = 48
MODEL_QUESTIONS = 24  # at most: each is one request that makes the model generate
MAX_PASSAGE = 4_000  # characters that the model is shown
INSTRUCTION = (
    "Write one question that a reader could ask and that only the passage below answers. Name the things that the "
    "passage is about; do not mention the passage. Reply with the question alone, on one line, ending in '?'."
)


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """Questions, who made them, and chunks of which none could be made."""

    questions: list[Question]
    made_by: str
    left_out: int = 0


async def questions(context: Context) -> Asking:
    """The user's questions; else the model's where they are asked for, else the chunks' words. Raises Skip."""
    index = context.index
    wish = index.wish
    if wish.asked:
        return Asking(questions=list(wish.asked[: wish.questions]), made_by="file")
    chunks = usable(await index.sample())
    if not chunks:
        raise Skip("none of the sampled chunks has text to ask about")
    if wish.model_questions:
        return await by_model(context, chunks, wish)
    made = from_chunks([(chunk.id, chunk.text or "") for chunk in chunks])
    if not made:
        raise Skip(f"no sampled chunk has {FEWEST_WORDS} words that tell it from the others")
    chosen = _drawn(made, wish.questions, wish.seed)
    return Asking(questions=chosen, made_by="words of the chunks", left_out=len(chunks) - len(made))


def usable(chunks: tuple[Chunk, ...]) -> list[Chunk]:
    """Chunks with content; a text that stands there twice is taken once."""
    texts = [chunk.text or "" for chunk in chunks]
    shared = boilerplate(texts)
    kept = {
        text: chunk
        for chunk, text, common in zip(chunks, texts, shared, strict=True)
        if not (common or is_empty(text) or is_binary(text))
    }
    return list(kept.values())


def _drawn(made: list[Question], count: int, seed: int) -> list[Question]:
    return random.Random(seed).sample(made, min(count, len(made)))  # noqa: S311 - a sample, not a secret


async def by_model(context: Context, chunks: list[Chunk], wish: IndexWish) -> Asking:
    """Questions that the chat model writes about single chunks. Raises Skip when it writes none that can be used."""
    if context.depth is not Depth.DEEP:
        raise Skip("questions by the model need --depth deep")
    from doctor.collect.probes.ask import ask

    peer = context.peer(CHAT)
    chosen = random.Random(wish.seed).sample(chunks, min(len(chunks), wish.questions, MODEL_QUESTIONS))  # noqa: S311
    made, left_out = [], 0
    for chunk in chosen:
        passage = (chunk.text or "")[:MAX_PASSAGE]
        messages = [{"role": "user", "content": f"{INSTRUCTION}\n\nPassage:\n{passage}"}]
        try:
            answer = await ask(peer, "question about a chunk", messages, max_tokens=MODEL_TOKENS)
        except Trouble as error:
            raise Skip(f"the model that answers did not write questions: {error}") from error
        text = answer.text.strip().splitlines()[0].strip() if answer.ok and answer.text.strip() else ""
        if is_question(text, passage):
            made.append(Question(text=text, expected=(chunk.id,)))
        else:
            left_out += 1
    if not made:
        raise Skip("the model that answers wrote no question that can be used")
    return Asking(questions=made, made_by="the model", left_out=left_out)


def is_question(text: str, passage: str) -> bool:
    """A control on what a model writes: a question, about the passage, and no copy of it."""
    own = terms(text)
    shared = set(own) & set(terms(passage))
    words = text.lower().split()
    copied = " ".join(words[:-1]) in " ".join(passage.lower().split())
    return text.endswith("?") and 4 <= len(words) <= 40 and bool(shared) and not copied
