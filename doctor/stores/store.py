"""What every store offers: collections, their description, a seeded sample, queries; and nothing that writes."""

import contextlib
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from doctor.contained import Contained
from doctor.errors import StoreError
from doctor.text import one_line

# Ids that are listed to draw a sample from; of a larger collection the first so many take part.
MAX_IDS = 200_000
TEXTS_AT_ONCE = 2_000
MAX_TEXT_CHARACTERS = 100_000  # of one chunk: what is longer is cut here and counted as huge
# Names that pipelines use for the chunk's text, most telling first.
TEXT_FIELDS = ("text", "document", "page_content", "content", "chunk", "chunk_text", "body", "passage")

Where = Mapping[str, str | int | float | bool]
Vector = Any  # a one-dimensional numpy array of float32; numpy comes with every store's extra


class Fields(msgspec.Struct, frozen=True, kw_only=True):
    """Where the user says that text and vector are, "" to find out."""

    text: str = ""
    vector: str = ""
    metric: str = ""  # "cosine", "dot" or "l2", for stores where the query decides
    texts_file: str = ""  # FAISS: the texts, one JSON object a line in the order of the rows


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """What the index itself says about how it was made; "" and None where it is silent."""

    model: str = ""
    url: str = ""
    by: str = ""  # who recorded it: "Chroma collection", "Open WebUI"
    top_k: int | None = None
    chunk_size: int | None = None
    document_prefix: str | None = None
    query_prefix: str | None = None


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """A collection as its store describes it; None is what the store does not say."""

    name: str
    count: int
    dimension: int | None = None
    metric: str = ""  # "cosine", "dot", "l2"
    metric_source: str = ""
    index: str = ""  # "hnsw", "ivfflat", "flat", ...
    indexed: int | None = None  # rows that the index covers
    without_vector: int | None = None
    trained: bool | None = None
    lossy: bool = False  # vectors come back as approximations of what was stored
    status: str = ""
    recorded: Recorded = Recorded()
    text_field: str = ""


class Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """One stored row. `text` is None where the row has none, `vector` where it has none."""

    id: str
    text: str | None = None
    vector: Vector = None
    metadata: dict[str, Any] = {}


class Store(Protocol):
    """A store opened for reading. Every method blocks and raises StoreError with a sentence."""

    kind: str
    place: str
    version: str

    def collections(self) -> tuple[str, ...]:
        """Names of all collections."""

    def describe(self, name: str) -> Described:
        """Count, dimension, metric and the state of the index."""

    def sample(self, name: str, seed: int, n: int) -> tuple[Chunk, ...]:
        """At most `n` rows drawn at random, the same ones for the same seed, with text, vector and metadata."""

    def query(self, name: str, vector: Vector, k: int, where: Where) -> tuple[str, ...]:
        """Ids of the `k` nearest rows, best first, as the store's own index finds them."""

    def fetch(self, name: str, ids: Sequence[str], *, vectors: bool = False) -> tuple[Chunk, ...]:
        """Rows by id; ids that are not there are left out."""

    def matching(self, name: str, where: Where) -> int:
        """Rows that a filter leaves."""

    def texts(self, name: str) -> Iterator[tuple[str, str]]:
        """Id and text of every row that has a text, in the store's order."""

    def close(self) -> None:
        """Let go of files and connections."""


@contextlib.contextmanager
def spoken(doing: str) -> Iterator[None]:
    """What a store's library raises becomes a StoreError that says what was being done."""
    with Contained() as crash:
        yield
    if crash.reason:
        raise StoreError(f"{doing}: {one_line(crash.reason, 300)}")


def drawn(count: int, seed: int, n: int) -> list[int]:
    """Positions of a sample without repetition, in rising order; all when there are no more than `n`."""
    if count <= n:
        return list(range(count))
    return sorted(random.Random(seed).sample(range(count), n))  # noqa: S311 - a sample, not a secret


def text_of(fields: Mapping[str, Any], wanted: str = "") -> tuple[str, str | None]:
    """The name and value of the field that holds the chunk's text; ("", None) when none looks like it."""
    if wanted:
        value = fields.get(wanted)
        return wanted, cut(value) if isinstance(value, str) else None
    for name in TEXT_FIELDS:
        if isinstance(fields.get(name), str):
            return name, cut(fields[name])
    return "", None


def flat(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a row, with those of a nested `metadata` beside them."""
    inner = fields.get("metadata")
    return {**fields, **inner} if isinstance(inner, dict) else dict(fields)


def cut(text: str) -> str:
    """A text within the bound that one chunk may have."""
    return text[:MAX_TEXT_CHARACTERS]


def as_vector(value: Any, expected: int | None = None) -> Vector:  # noqa: ANN401 - whatever a library hands out
    """A numpy array of float32, or None for what is no vector."""
    import numpy as np

    if value is None:
        return None
    with Contained():
        array = np.asarray(value, dtype=np.float32).ravel()
        if array.size and (expected is None or array.size == expected):
            return array
    return None


def quoted(name: str) -> str:
    """An SQL identifier, quoted as the standard says."""
    return '"' + name.replace('"', '""') + '"'


def plain_name(name: str) -> bool:
    """Whether a field's name can be put into a filter of a query language."""
    return re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]*", name) is not None
