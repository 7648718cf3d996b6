"""Ways in which stored vectors may have been made: another prefix, a cut, metadata in front, another model.

Each is tried on a few chunks whose stored vector is not the one made now. The one that gives the stored vectors back
says how the index was made.
"""

import contextlib
import itertools
import statistics
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from doctor.collect.index.embedding import cosine, embed_all
from doctor.context import EMBEDDER, Context
from doctor.errors import DoctorError, Skip
from doctor.facts import Models, Reading
from doctor.facts.index import EXACT_VECTOR, SAME_VECTOR
from doctor.retrieval.families import document_prefixes
from doctor.runtimes.choice import looks_like_embedder

TRIED = 6  # chunks on which a reading is tried
CUT_SHARES = tuple(n / 16 for n in range(1, 16))
ORDERED_KEYS = 3  # fields of metadata whose orders are all tried
MODELS = 4  # other embedding models of the server that are tried
Change = Callable[[str, dict[str, Any]], str]


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """Chunks with their stored vectors and those made now, in one order."""

    model: str
    texts: list[str]
    metadata: list[dict[str, Any]]
    stored: list[Any]
    fresh: list[Any]
    prefix: str = ""

    def at(self, places: Sequence[int]) -> "Sample":
        """Only the chunks at these places."""
        lists = (self.texts, self.metadata, self.stored, self.fresh)
        texts, metadata, stored, fresh = ([values[place] for place in places] for values in lists)
        return msgspec.structs.replace(self, texts=texts, metadata=metadata, stored=stored, fresh=fresh)

    def answered(self) -> "Sample":
        """Only the chunks that were embedded. Raises Skip when there are none."""
        kept = self.at([place for place, vector in enumerate(self.fresh) if vector is not None])
        if not kept.texts:
            raise Skip("the embedder refused every chunk that was tried")
        return kept


async def tried(context: Context, sample: Sample) -> tuple[Reading, ...]:
    """Readings in the order of likelihood; ends with the first that gives the stored vectors back."""
    readings: list[Reading] = []
    same_size = [a.size == b.size for a, b in zip(sample.stored, sample.fresh, strict=True)]
    if all(same_size):
        near = [cosine(a, b) for a, b in zip(sample.stored, sample.fresh, strict=True)]
        differing = sorted((value, place) for place, value in enumerate(near) if value < EXACT_VECTOR)
        few = sample.at([place for _, place in differing[:TRIED]])
        for way in (prefixes, other_text, cuts):
            readings += await way(context, few)
            if explained(readings):
                return tuple(readings)
    else:
        few = sample.at(range(min(TRIED, len(sample.texts))))
        readings += shortened(few)
    if not explained(readings):
        readings += await models(context, few)
    return tuple(readings)


def explained(readings: Sequence[Reading]) -> bool:
    """Whether one of the readings gives the stored vectors back."""
    return any(reading.fits for reading in readings)


def read_as(kind: str, detail: str, few: Sample, made: Sequence[Any]) -> Reading | None:
    """The reading with its cosines; None when nothing was embedded."""
    values = near_ones(few.stored, made)
    if not values:
        return None
    before = near_ones(few.stored, few.fresh) or [0.0]
    agree = sum(value >= SAME_VECTOR for value in values)
    return Reading(
        kind=kind,
        detail=detail,
        agree=agree,
        of=len(values),
        median=round(statistics.median(values), 5),
        before=round(statistics.median(before), 5),
    )


def near_ones(stored: Sequence[Any], made: Sequence[Any]) -> list[float]:
    """Cosines of the pairs that can be compared."""
    return [cosine(a, b) for a, b in zip(stored, made, strict=True) if b is not None and a.size == b.size]


async def changed(context: Context, few: Sample, kind: str, detail: str, change: Change) -> list[Reading]:
    """One reading: the texts changed and embedded."""
    texts = [change(text, metadata) for text, metadata in zip(few.texts, few.metadata, strict=True)]
    with contextlib.suppress(Skip):
        made = await embed_all(context, few.model, texts)
        reading = read_as(kind, detail, few, made.vectors)
        return [reading] if reading else []
    return []


async def prefixes(context: Context, few: Sample) -> list[Reading]:
    """Every known prefix, and none where the user says that there is one."""
    found: list[Reading] = []
    for prefix in ("", *document_prefixes()):
        if prefix == few.prefix:
            continue
        found += await changed(context, few, "prefix", prefix, lambda text, _, p=prefix: p + text)  # type: ignore[misc]
        if explained(found):
            break
    return found


async def other_text(context: Context, few: Sample) -> list[Reading]:
    """Metadata in front of the text as LlamaIndex puts it, line breaks as spaces as OpenAI's older clients did."""
    found = await with_metadata(context, few)
    found += await changed(context, few, "newlines", "as spaces", lambda text, _: " ".join(text.split()))
    return found


async def with_metadata(context: Context, few: Sample) -> list[Reading]:
    """Metadata in front, in whatever order comes nearest: stores give fields back in another one (Chroma 1.5)."""
    forms = [_with_metadata(text, metadata) for text, metadata in zip(few.texts, few.metadata, strict=True)]
    nearest: list[Any] = []
    with contextlib.suppress(Skip):
        for texts, stored in zip(forms, few.stored, strict=True):
            made = await embed_all(context, few.model, texts)
            nearest.append(max(made.vectors, key=lambda vector: -1.0 if vector is None else cosine(stored, vector)))
        reading = read_as("metadata", "in front of the text", few, nearest)
        return [reading] if reading else []
    return []


def _with_metadata(text: str, metadata: dict[str, Any]) -> list[str]:
    """LlamaIndex's form for embedding (0.12): `key: value` lines in any order, an empty line, the text."""
    own = [
        f"{key}: {value}" for key, value in metadata.items() if isinstance(value, str | int | float) and value != text
    ]
    orders = itertools.permutations(own) if len(own) <= ORDERED_KEYS else iter([own])
    return ["\n".join(lines) + "\n\n" + text for lines in orders]


async def cuts(context: Context, few: Sample) -> list[Reading]:
    """The beginning of each text only: the share that comes nearest, then the words around it."""
    longest = sorted(range(len(few.texts)), key=lambda place: -len(few.texts[place].split()))[:3]
    readings: list[Reading] = []
    for place in longest:
        all_words = few.texts[place].split()
        best, near = await _nearest_cut(context, few, place, [int(len(all_words) * s) for s in CUT_SHARES])
        if near < 0.9 or not best:
            continue
        step = max(1, len(all_words) // 16)
        around = [n for n in range(best - step, best + step + 1, max(1, step // 8)) if 0 < n < len(all_words)]
        best, near = max((best, near), await _nearest_cut(context, few, place, around), key=lambda pair: pair[1])
        before = cosine(few.stored[place], few.fresh[place])
        agree = int(near >= SAME_VECTOR)
        readings.append(Reading(kind="cut", detail=str(best), agree=agree, of=1, median=near, before=before))
    if not readings:
        return []
    values = [reading.median for reading in readings]
    return [
        Reading(
            kind="cut",
            detail=str(round(statistics.median(int(reading.detail) for reading in readings))),
            agree=sum(reading.agree for reading in readings),
            of=len(readings),
            median=round(statistics.median(values), 5),
            before=round(statistics.median(reading.before for reading in readings), 5),
        )
    ]


async def _nearest_cut(context: Context, few: Sample, place: int, counts: Sequence[int]) -> tuple[int, float]:
    """The number of words whose vector is nearest to the stored one, and its cosine."""
    all_words = few.texts[place].split()
    wanted = sorted({count for count in counts if count > 0})
    if not wanted:
        return 0, 0.0
    with contextlib.suppress(Skip):
        made = await embed_all(context, few.model, [few.prefix + " ".join(all_words[:n]) for n in wanted])
        near = [0.0 if vector is None else cosine(few.stored[place], vector) for vector in made.vectors]
        best = max(range(len(near)), key=near.__getitem__)
        return wanted[best], near[best]
    return 0, 0.0


def shortened(few: Sample) -> list[Reading]:
    """The first numbers of a longer vector: models that allow this are cut by a setting named `dimensions`."""
    size = few.stored[0].size
    made = [vector[:size] if vector is not None and vector.size > size else None for vector in few.fresh]
    reading = read_as("dimensions", str(size), few, made)
    return [reading] if reading else []


async def models(context: Context, few: Sample) -> list[Reading]:
    """Other embedding models of the same server."""
    try:
        names = (await context.peer(EMBEDDER).fact(Models)).names
    except (Skip, DoctorError):
        return []
    found: list[Reading] = []
    for name in [n for n in names if n != few.model and looks_like_embedder(n)][:MODELS]:
        other = msgspec.structs.replace(few, model=name)
        found += await changed(context, other, "model", name, lambda text, _: text)
        if explained(found):
            break
    return found
