"""P11: when chat goes wrong, the same question with the family's markers by hand, and rows of words to go on with.

The three outcomes tell template, training and weights apart: the question answered (the template is at fault), only
the rows continued (the model never learnt to chat, or a marker is not what we think), not even the rows (weights, cache
or backend are damaged). A row of words that repeats is continued by any language model, however small.
"""

import contextlib
from collections.abc import Callable, Sequence

import msgspec

from doctor.collect.probes.ask import ready, who
from doctor.collect.probes.control import QUESTIONS, has_word
from doctor.collect.probes.echo import MAX_TOKENS as LINE_TOKENS
from doctor.collect.probes.echo import MESSAGES as LINE_MESSAGES
from doctor.collect.probes.echo import similarity
from doctor.collect.probes.raw_completion import complete
from doctor.context import Context
from doctor.degeneration import degeneration
from doctor.errors import Malformed, Skip
from doctor.facts import (
    ChatTemplate,
    ControlAnswers,
    Echo,
    Exchange,
    FileHealth,
    ListAnswer,
    ModelCard,
    RawText,
    Rendered,
)
from doctor.families import Family, families_of_text, family_of_model
from doctor.model import Depth

ROW_TOKENS = 8
COPY = LINE_MESSAGES[-1]["content"]
BAD_COPY = 0.9  # similarity, as in the check echo
WRONG_TO_COUNT = 2
# Rows of three words and how often they repeat; the last word is left out at the end.
ROWS = (("river", "stone", "cloud", 3), ("kettle", "lamp", "coat", 4), ("paper", "map", "cloud", 3))
NO_THOUGHT = "<think>\n\n</think>\n\n"


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A question that went wrong as a chat, and how its answer is judged."""

    text: str
    right: Callable[[Exchange], bool]
    max_tokens: int = 16


async def collect_raw_text(context: Context) -> RawText:
    """Asked where chat went wrong, and always at depth deep; where chat works there is nothing to find out.

    Raises Skip where no answer of a chat is there to go by.
    """
    await ready(context)
    await who(context)
    missed = await missed_items(context)
    if missed is None:
        raise Skip("no question could be asked as a chat, so there is nothing to compare with")
    if not missed and context.depth is not Depth.DEEP:
        return RawText(family="", chat_failed=False)
    patterns, probabilities = await continued(context)
    family = await family_of(context)
    answers, right = await asked(context, family, missed) if family else ((), ())
    known = [value for value in probabilities if value is not None]
    return RawText(
        family=family.id if family else "",
        chat_failed=bool(missed),
        only_a_copy=[each.text for each in missed] == [COPY],
        answers=answers,
        right=right,
        patterns=patterns,
        continued=tuple(goes_on(pattern.content, row) for pattern, row in zip(patterns, ROWS, strict=True)),
        top_probability=sum(known) / len(known) if known else None,
        chat_never_stopped=await never_stopped(context),
    )


async def missed_items(context: Context) -> list[Item] | None:
    """What went wrong as a chat: questions where two or more were missed, else a line that was copied badly.

    None where neither was answered at all.
    """
    answered = False
    with contextlib.suppress(Skip):
        control = await context.fact(ControlAnswers)
        told = [
            item(question, word)
            for (question, word), each, right in zip(QUESTIONS, control.exchanges, control.right, strict=False)
            if not right and each.ok and not each.only_thought and not each.stopped_early
        ]
        if len(told) >= WRONG_TO_COUNT:
            return told
        answered = any(each.ok for each in control.exchanges)
    with contextlib.suppress(Skip):
        echo = await context.fact(Echo)
        answered = answered or echo.exchange.ok
        if echo.exchange.ok and degeneration(echo.exchange.text).kind:
            return [item(*question) for question in QUESTIONS[:2]]  # nothing could be asked as a chat
        if echo.exchange.ok and echo.exchange.text and echo.similarity < BAD_COPY and not echo.exchange.stopped_early:
            return [Item(text=COPY, right=lambda answer: similarity(answer.text) >= BAD_COPY, max_tokens=LINE_TOKENS)]
    return [] if answered else None


def item(question: str, word: str) -> Item:
    """A control question; its word must come in an answer that ended by itself."""
    return Item(text=question, right=lambda answer: tidy(answer, word))


async def never_stopped(context: Context) -> bool:
    """Whether no short answer of the chat ended by itself."""
    ends: list[str] = []
    with contextlib.suppress(Skip):
        ends.append((await context.fact(Echo)).exchange.finish_reason)
        ends.append((await context.fact(ListAnswer)).exchange.finish_reason)
        ends += [exchange.finish_reason for exchange in (await context.fact(ControlAnswers)).exchanges]
    return bool(ends) and "stop" not in ends


async def continued(context: Context) -> tuple[tuple[Exchange, ...], list[float | None]]:
    """Each row of words gone on with. Raises Skip where the server completes nothing."""
    found = []
    for one, two, three, times in ROWS:
        prompt = " ".join([one, two, three] * times + [one, two])
        try:
            found.append(await complete(context, "P11 row", prompt, max_tokens=ROW_TOKENS))
        except Malformed as error:
            raise Skip(str(error)) from error
    if not all(exchange.ok for exchange, _ in found):
        raise Skip(f"a prompt without template was refused ({found[0][0].error or found[-1][0].error})")
    return tuple(exchange for exchange, _ in found), [probability for _, probability in found]


def goes_on(text: str, row: tuple[str, str, str, int]) -> bool:
    """Whether the row's last word and its first come next."""
    return text.split()[:2] == [row[2], row[0]]


async def asked(
    context: Context, family: Family, missed: Sequence[Item]
) -> tuple[tuple[Exchange, ...], tuple[bool, ...]]:
    """What was missed, asked with the family's markers; the second only where the first is missed again."""
    answers: list[Exchange] = []
    right: list[bool] = []
    opened = NO_THOUGHT if await may_think(context) else ""
    for each in (missed or [item(*QUESTIONS[0])])[:2]:
        prompt = family.prompt(each.text) + opened
        answers.append((await complete(context, "P11", prompt, max_tokens=each.max_tokens))[0])
        right.append(each.right(answers[-1]))
        if right[-1]:
            break
    return tuple(answers), tuple(right)


def tidy(answer: Exchange, right: str) -> bool:
    """The right word in an answer that ended by itself: a base model may hit the word and then runs on."""
    return answer.ok and answer.finish_reason == "stop" and has_word(answer.text, right)


async def may_think(context: Context) -> bool:
    """Whether some template of this model closes an empty thought before an answer."""
    return any("<think>" in text and "enable_thinking" in text for text in await templates(context))


async def family_of(context: Context) -> Family | None:
    """The family of the model: by its end token, its architecture, the template in its file, or working markers."""
    with contextlib.suppress(Skip):
        card = await context.fact(ModelCard)
        if family := family_of_model(card.eos_token or "", card.architecture):
            return family
    with contextlib.suppress(Skip):
        health = await context.fact(FileHealth)
        end = health.end_tokens[0] if health.end_tokens else ""
        if family := only(families_of_text(health.chat_template or "")) or family_of_model(end, ""):
            return family
    with contextlib.suppress(Skip):
        rendered = await context.fact(Rendered)
        tokens = " ".join(marker for marker, pieces in rendered.marker_tokens.items() if pieces == 1)
        if family := only(families_of_text(tokens)):
            return family
    for text in await templates(context):
        if family := only(families_of_text(text)):
            return family
    return None


async def templates(context: Context) -> list[str]:
    """The template of the model's file, then the one in use."""
    found: list[str] = []
    with contextlib.suppress(Skip):
        found.append((await context.fact(FileHealth)).chat_template or "")
    with contextlib.suppress(Skip):
        found.append((await context.fact(ChatTemplate)).text)
    return [text for text in found if text]


def only(found: Sequence[Family]) -> Family | None:
    """The one family that a text speaks for."""
    return found[0] if len(found) == 1 else None
