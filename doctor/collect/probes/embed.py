"""The one place where texts are embedded: one request to `/v1/embeddings`, vectors or a refusal back."""

import math
from typing import Any

import msgspec

from doctor.collect.probes.answer import decode, error_text
from doctor.collect.probes.ask import turn, who
from doctor.collect.probes.values import count
from doctor.context import Context
from doctor.errors import Malformed, Skip
from doctor.text import one_line

MAX_DIMENSIONS = 65_536
ROUTE = "/embeddings"
Vector = tuple[float, ...]


class Embedded(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one request, in the order of the inputs; a component that is no finite number is NaN."""

    status: int
    error: str = ""
    vectors: tuple[Vector, ...] = ()
    prompt_tokens: int | None = None
    route: str = ""

    @property
    def ok(self) -> bool:
        """Whether vectors came back."""
        return self.status == 200 and not self.error


async def embed(context: Context, model: str, inputs: list[str], *, deadline_s: float = 30.0) -> Embedded:
    """Embed a batch; a refusal is an `Embedded` with its status and error.

    Raises Skip at depth passive, without an OpenAI route and when the run's budget is spent; Malformed when the
    answer does not hold one vector an input; Unreachable and TooLate.
    """
    identity, _ = await who(context)
    if not identity.openai_url:
        raise Skip("this server has no route for embeddings in the OpenAI format")
    path = identity.openai_url.removeprefix(identity.base_url) + ROUTE
    # Some servers send base64 unless told otherwise.
    body = {"model": model, "input": inputs, "encoding_format": "float"}
    async with turn(context, 0, deadline_s):
        answer = await context.http.post(path, body, deadline_s=deadline_s)
    route = f"POST {path}"
    if answer.status != 200:
        return Embedded(status=answer.status, error=words_of_refusal(answer.body), route=route)
    found = decode(answer.body)
    if not isinstance(found, dict) or error_text(found):
        return Embedded(status=answer.status, error=error_text(found) or "the answer is no JSON object", route=route)
    return Embedded(
        status=200,
        vectors=vectors_of(found, len(inputs)),
        prompt_tokens=tokens_of(found),
        route=route,
    )


def words_of_refusal(body: bytes) -> str:
    """The server's own words in a refusal."""
    text = body.decode("utf-8", "replace")
    try:
        return error_text(decode(body)) or one_line(text, 200) or "no reason given"
    except Malformed:
        return one_line(text, 200) or "no reason given"


def vectors_of(body: dict[str, Any], expected: int) -> tuple[Vector, ...]:
    """The vectors by their index. Raises Malformed when there is not one flat vector for each input."""
    rows = body.get("data")
    if not isinstance(rows, list) or len(rows) != expected:
        raise Malformed(f"{expected} texts were sent and {len(rows) if isinstance(rows, list) else 'no'} vectors came")
    rows = [row if isinstance(row, dict) else {} for row in rows]
    places = [row.get("index") for row in rows]
    if all(isinstance(place, int) for place in places) and sorted(places) == list(range(expected)):
        rows.sort(key=lambda row: row["index"])
    return tuple(vector_of(row.get("embedding")) for row in rows)


def vector_of(value: object) -> Vector:
    """One flat vector. Raises Malformed for anything else, such as a vector for each token."""
    if not isinstance(value, list) or not 0 < len(value) <= MAX_DIMENSIONS:
        raise Malformed("an embedding is not a list of numbers")
    if any(isinstance(part, list) for part in value):
        raise Malformed("an embedding is a list of vectors, one a token: pooling is off")
    return tuple(
        float(part) if isinstance(part, int | float) and not isinstance(part, bool) else math.nan for part in value
    )


def tokens_of(body: dict[str, Any]) -> int | None:
    """Prompt tokens of the whole batch, None where the server counts none."""
    usage = body.get("usage")
    return (count(usage.get("prompt_tokens")) or None) if isinstance(usage, dict) else None


def norm(vector: Vector) -> float:
    """Length of a vector; NaN where a component is none."""
    return math.sqrt(sum(part * part for part in vector))


def is_bad(vector: Vector) -> bool:
    """Whether a vector cannot be compared with any other: not finite, or all zero."""
    length = norm(vector)
    return not math.isfinite(length) or length == 0.0


def cosine(one: Vector, other: Vector) -> float:
    """Cosine of the angle between two vectors that are not bad. Raises Malformed when their sizes differ."""
    if len(one) != len(other):
        raise Malformed(f"one text has {len(one)} dimensions and another {len(other)}")
    return sum(a * b for a, b in zip(one, other, strict=True)) / (norm(one) * norm(other))
