"""Questions asked to the end: search, prompt, answer. Each failure is laid to the search, the window or the model.

The question is one that reading alone answers: the second half of a sentence of the right chunk, given its first half.
Knowledge does not help, and a program can see whether the answer is right.
"""

import difflib
import random
import re
from collections.abc import Sequence

import msgspec

from doctor.collect.index.asking import usable
from doctor.collect.index.embedding import embed_all, embedding_model
from doctor.collect.probes.ask import ask, ready
from doctor.context import CHAT, Context
from doctor.errors import Skip
from doctor.facts import Answering, Asked, EndToEnd, Exchange, Index
from doctor.retrieval.questions import from_chunks
from doctor.retrieval.words import words
from doctor.stores.store import Chunk

QUESTIONS = 8
ANSWER_TOKENS = 64
DEADLINE_S = 120.0
SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
SENTENCE_WORDS = (8, 40)
MAX_ASKED_WORDS = 12  # of the second half: an answer must fit its tokens
RIGHT = 0.6  # of the missing words, in their order
RULES = "Answer from the passages only."


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One question: the chunk, the words to search with, both halves of the sentence."""

    chunk: Chunk
    query: str
    head: str
    tail: str


async def collect_end_to_end(context: Context) -> EndToEnd:
    """Ask up to eight questions through search and model. Raises Skip where one of the two cannot be asked."""
    index = context.index
    described = await context.fact(Index)
    answering = await context.fact(Answering)
    peer = context.peer(CHAT)
    await ready(peer)
    tasks = made(usable(await index.sample()), described.seed)
    if not tasks:
        raise Skip("no sampled chunk has a sentence that can be asked for")
    prefix = index.wish.query_prefix or ""
    vectors = (
        await embed_all(context, await embedding_model(context), [prefix + task.query for task in tasks])
    ).vectors
    known = [(task, vector) for task, vector in zip(tasks, vectors, strict=True) if vector is not None]
    results = await index.search([vector for _, vector in known], described.k)
    asked = [
        await one(context, number, task, found)
        for number, ((task, _), found) in enumerate(zip(known, results, strict=True))
    ]
    return EndToEnd(model=answering.model, k=described.k, asked=tuple(asked), window=answering.window)


def made(chunks: Sequence[Chunk], seed: int) -> list[Task]:
    """Tasks for chunks with a sentence of the right length and words of their own."""
    queries = {question.expected[0]: question.text for question in from_chunks([(c.id, c.text or "") for c in chunks])}
    order = list(chunks)
    random.Random(seed).shuffle(order)  # noqa: S311 - a sample, not a secret
    tasks = []
    for chunk in order:
        halves = next(filter(None, map(halved, SENTENCE.split(chunk.text or ""))), None)
        if chunk.id in queries and halves:
            tasks.append(Task(chunk=chunk, query=queries[chunk.id], head=halves[0], tail=halves[1]))
    return tasks[:QUESTIONS]


def halved(sentence: str) -> tuple[str, str] | None:
    """Both halves of a sentence of the right length."""
    parts = sentence.split()
    if not SENTENCE_WORDS[0] <= len(parts) <= SENTENCE_WORDS[1]:
        return None
    middle = max(len(parts) // 2, len(parts) - MAX_ASKED_WORDS)
    return " ".join(parts[:middle]), " ".join(parts[middle:])


async def one(context: Context, number: int, task: Task, found: Sequence[str]) -> Asked:
    """Ask with what was fetched; where that fails with the chunk among it, ask with the chunk alone."""
    rows = await context.index.fetched(found)
    passages = [rows[id_].text or "" for id_ in found if id_ in rows]
    texts = [id_ for id_ in found if id_ == task.chunk.id or (id_ in rows and rows[id_].text == task.chunk.text)]
    rank = list(found).index(texts[0]) + 1 if texts else 0
    answer = await answered(context, task, passages)
    right = is_right(answer.text, task.tail)
    alone = None
    if rank and not right:
        alone = is_right((await answered(context, task, [task.chunk.text or ""])).text, task.tail)
    return Asked(
        question=number,
        rank=rank,
        prompt_tokens=answer.prompt_tokens,
        prompt_words=answer.sent_words,
        answered=right,
        alone=alone,
        refused=answer.error if not answer.ok else "",
    )


async def answered(context: Context, task: Task, passages: Sequence[str]) -> Exchange:
    """The model's answer from these passages."""
    numbered = "\n\n".join(f"[{number}] {text}" for number, text in enumerate(passages, 1))
    question = (
        f'One of the passages holds a sentence that begins: "{task.head}" '
        "Write the words that follow, to the end of that sentence, and nothing else."
    )
    messages = [
        {"role": "system", "content": RULES},
        {"role": "user", "content": f"Passages:\n\n{numbered}\n\nQuestion: {question}"},
    ]
    return await ask(
        context.peer(CHAT), "question from passages", messages, max_tokens=ANSWER_TOKENS, deadline_s=DEADLINE_S
    )


def is_right(answer: str, tail: str) -> bool:
    """Whether most of the missing words stand in the answer, in their order."""
    wanted, said = words(tail), words(answer)
    blocks = difflib.SequenceMatcher(None, wanted, said, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) >= RIGHT * len(wanted)
