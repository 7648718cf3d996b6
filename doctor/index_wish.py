"""What the user says about an index and its pipeline: where it is, who embeds, how much is fetched."""

from collections.abc import Mapping

import msgspec

from doctor.retrieval.questions import Question

SAMPLE = 1000  # rows that are read
QUESTIONS = 100
K = 4  # passages that a pipeline fetches unless told otherwise: LangChain's default


class IndexWish(msgspec.Struct, frozen=True, kw_only=True):
    """The user's words; None and "" are what was not said."""

    embedder_url: str = ""
    embed_model: str = ""
    recorded_model: str = ""  # as the index names it, where the user named none
    chat_url: str = ""
    chat_model: str = ""
    api_key: str = ""
    k: int | None = None
    query_prefix: str | None = None
    document_prefix: str | None = None
    where: Mapping[str, str | int | float | bool] = {}
    documents: str = ""  # a folder with the source files
    asked: tuple[Question, ...] = ()  # the user's own
    model_questions: bool = False  # let the chat model write the questions
    questions: int = QUESTIONS
    sample: int = SAMPLE
    seed: int = 0
