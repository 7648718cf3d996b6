"""What the placeholders in the steps of playbooks are filled with: server, model, cost of indexing again."""

from doctor.context import Context
from doctor.facts import Identity, Index, Reembedding
from doctor.text import rough_time
from doctor.visit import origin


def blanks(context: Context, model: str) -> dict[str, str]:
    """What the placeholders of playbook steps are filled with for this target."""
    identity = context.settled(Identity)
    base = (identity.base_url if identity else "") or origin(context.target.url)
    host, _, port = base.partition("://")[2].rpartition(":")
    return {
        "url": base,
        "host": host or base,
        "port": port,
        "model": model or "MODEL",
        "reindex": reindexing(context.settled(Index), context.settled(Reembedding)),
    }


def reindexing(index: Index | None, measured: Reembedding | None) -> str:
    """What it costs to make an index anew, from the embedding rate that was measured."""
    if index is None or measured is None or measured.words_s <= 0:
        return "the time that the first indexing took"
    return f"{rough_time(measured.words_all / measured.words_s)} for {index.count} chunks at the measured rate"
