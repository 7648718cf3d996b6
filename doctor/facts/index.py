"""Facts about the user's own vector index: numbers and ids of its chunks, never their texts."""

from doctor.facts.fact import Fact

# A cosine that means the same text and the same model. Measured with all-MiniLM-L6-v2 against f32: f16 1.000, q8_0
# 0.998 and more, q4_0 0.91 to 0.97, other pooling 0.3 to 0.8.
SAME_VECTOR = 0.99
# Below this the text or the model may be another one even above 0.99: a short prefix before a long chunk gives 0.996.
EXACT_VECTOR = 0.9995
NEARER = 0.25  # of the distance from 1 is left when a reading explains a stored vector


class Index(Fact, frozen=True, kw_only=True):
    """One collection as its store describes it, and how the user's pipeline is said to use it."""

    kind: str  # "chroma", "qdrant", "lancedb", "faiss", "sqlite-vec", "pgvector"
    place: str
    collection: str
    title: str = ""  # the name that people gave it, where its own is an id
    version: str = ""
    count: int
    dimension: int | None = None
    metric: str = ""  # "cosine", "dot", "l2"
    metric_source: str = ""
    index: str = ""
    indexed: int | None = None
    without_vector: int | None = None
    trained: bool | None = None
    lossy: bool = False
    status: str = ""
    text_field: str = ""
    recorded_model: str = ""  # the embedder that the index or its owner's settings name
    recorded_by: str = ""
    k: int = 4  # passages fetched for a question
    k_source: str = ""
    query_prefix: str | None = None  # as the user says; None: not said
    document_prefix: str | None = None
    seed: int = 0


class IndexVectors(Fact, frozen=True, kw_only=True):
    """Stored vectors of a sample: sizes, lengths, and whether the index finds each by itself."""

    sampled: int
    without_vector: int
    sizes: dict[int, int]  # dimension -> rows
    bad: int  # not finite, or all zero
    norm_min: float
    norm_max: float
    norm_spread: float  # standard deviation over mean
    searched: int  # rows whose own vector was searched for
    self_missed: int  # of these, rows not found among the first k, nor any with the same vector
    repeats: float  # mean share of the k results that say the same as an earlier one, 0 to 1
    k: int


class IndexChunks(Fact, frozen=True, kw_only=True):
    """Texts of a sample: how long, and how many hold nothing that can be found."""

    sampled: int
    without_text: int
    empty: int  # fewer than three words
    boilerplate: int  # more than half of their words stand in many other chunks word for word
    binary: int  # not text
    words_median: float
    words_p95: float
    words_max: int
    characters_max: int


class SourceFiles(Fact, frozen=True, kw_only=True):
    """Files that the sampled chunks name as their source, compared with those on this machine."""

    field: str  # of the metadata, that names the file
    named: int  # different files
    checked: int  # of these, found on this machine or missing from a folder that is there
    missing: tuple[str, ...] = ()
    newer: tuple[str, ...] = ()  # changed after the index was last written
    changed: tuple[str, ...] = ()  # a sampled chunk's text is no longer in the file
    compared: int = 0  # files whose text was compared


class FilterTrial(Fact, frozen=True, kw_only=True):
    """The user's filter: how many rows it leaves, and how many of them a search returns."""

    filter: str  # as the user wrote it
    matching: int
    wanted: int  # results that a search should give
    returned: int  # the fewest that one gave
    searches: int
    known_keys: tuple[str, ...] = ()  # fields that chunks have
    known_values: tuple[str, ...] = ()  # some values of the first field that the filter names


class Reading(Fact, frozen=True, kw_only=True):
    """One way in which the stored vectors may have been made, tried on chunks of the sample."""

    kind: str  # "as it is", "prefix", "cut", "metadata", "newlines", "model", "dimensions"
    detail: str = ""
    agree: int = 0  # chunks whose vector is the stored one
    of: int = 0
    median: float = 0.0  # cosine with the stored vector
    before: float = 0.0  # the same for these chunks as they were embedded first

    @property
    def fits(self) -> bool:
        """Whether this gives the stored vectors back, and clearly better than what was tried first."""
        return self.median >= SAME_VECTOR and 1 - self.median <= NEARER * (1 - self.before)


class Reembedding(Fact, frozen=True, kw_only=True):
    """Stored chunks embedded again with the embedder in use, and compared with their stored vectors."""

    model: str
    dimension: int
    stored_dimension: int
    compared: int
    agree: int  # cosine of 0.99 and more
    cosines: tuple[float, ...] = ()
    stranger: float = 0.0  # mean cosine of stored vectors with those of other chunks, made now
    norm_stored: float = 0.0
    norm_fresh: float = 0.0
    readings: tuple[Reading, ...] = ()  # tried where not all agree
    refused: int = 0
    refusal: str = ""
    family: str = ""  # of the embedder, where it is known
    document_prefix: str = ""  # that the family was trained with
    tails_tested: int = 0  # long chunks embedded with and without their last third
    tails_unread: int = 0
    unread_words: int = 0  # words of the shortest chunk whose end was not read
    words_s: float = 0.0  # embedding rate in words per second
    words_all: float = 0.0  # words in the whole index, estimated from the sample

    @property
    def differing(self) -> int:
        """Chunks whose stored vector is not made again."""
        return self.compared - self.agree

    @property
    def reading(self) -> Reading | None:
        """The way of making that gives the stored vectors back, None when none does."""
        good = [reading for reading in self.readings if reading.fits]
        return max(good, key=lambda reading: reading.median, default=None)

    @property
    def inexact(self) -> int:
        """Chunks whose stored vector is not made again to the last digit; all of them where the sizes differ."""
        return sum(value < EXACT_VECTOR for value in self.cosines) if self.cosines else self.compared

    @property
    def median(self) -> float:
        """The median cosine of stored and fresh vectors, 0 where their sizes differ."""
        return sorted(self.cosines)[len(self.cosines) // 2] if self.cosines else 0.0


class Ranking(Fact, frozen=True, kw_only=True):
    """Where the right chunk came for each question; 0: not among the first `depth`."""

    name: str
    ranks: tuple[int, ...]
    depth: int
    corpus: int  # chunks that were searched
    note: str = ""


class Miss(Fact, frozen=True, kw_only=True):
    """A question whose chunk was not among the first k: ids only."""

    question: int
    expected: tuple[str, ...]
    rank: int
    instead: tuple[str, ...]


class KnownItems(Fact, frozen=True, kw_only=True):
    """Questions whose right chunk is known: its rank as things are, and what each lever would change."""

    made_by: str  # "words of the chunks", "the model", "file"
    k: int
    base: Ranking
    control: Ranking  # the same results judged against another chunk: what chance gives
    levers: tuple[Ranking, ...] = ()
    lost_by_index: int = 0  # chunks that the index left out although they are nearer than what it returned
    worst: tuple[Miss, ...] = ()
    left_out: int = 0  # chunks of which no question could be made


class Answering(Fact, frozen=True, kw_only=True):
    """The model that answers from the passages, and its window in tokens."""

    model: str
    window: int
    source: str = ""


class Asked(Fact, frozen=True, kw_only=True):
    """One question asked to the end: was the chunk fetched, did the prompt arrive, was the answer right."""

    question: int
    rank: int  # of the right chunk among those fetched, 0 when it is not there
    prompt_tokens: int | None
    prompt_words: int
    answered: bool  # rightly, with the passages as they are fetched
    alone: bool | None = None  # the same with the right passage alone; None where that was not needed
    refused: str = ""

    @property
    def cut(self) -> bool:
        """Whether the prompt did not arrive as a whole: fewer tokens counted than it has words, or refused."""
        return bool(self.refused) or (self.prompt_tokens is not None and self.prompt_tokens < self.prompt_words)

    @property
    def outcome(self) -> str:
        """Where the question failed: "right", "search", "window", "model" (among several), "reading" (even alone)."""
        if self.answered:
            return "right"
        if not self.rank:
            return "search"
        if self.cut:
            return "window"
        return "model" if self.alone else "reading"


class EndToEnd(Fact, frozen=True, kw_only=True):
    """Questions asked through search and model."""

    model: str
    k: int
    asked: tuple[Asked, ...]
    window: int | None = None
