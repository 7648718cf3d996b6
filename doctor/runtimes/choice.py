"""Which model of a server's list is examined."""

import difflib
from collections.abc import Sequence

import msgspec

from doctor.facts import Models

# Lists of 50,000 models exist in tests of front ends; the report keeps the first, the choice looks at all.
MAX_LISTED = 500
MAX_COMPARED = 5_000
EMBEDDER_WORDS = ("embed", "minilm", "bge-", "gte-", "e5-", "bert", "arctic-embed")


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One model of a server's list."""

    name: str
    aliases: tuple[str, ...] = ()
    loaded: bool = False
    embeds: bool = False
    remote: bool = False


def choose(requested: str, listed: Sequence[Listed], *, name_matters: bool = True, complete: bool = True) -> Models:
    """The requested model, else a loaded one, else the first that is no embedder; a chosen embedder is the embedder.

    `complete`: a name that is not in the list does not exist. `name_matters` False: the server answers with its one
    model whatever name is sent.
    """
    found = next((model for model in listed if _same(requested, model)), None) if requested else None
    ranked = sorted(listed, key=lambda model: (model.embeds, not model.loaded, model.remote))
    first = found or (None if requested and name_matters else next(iter(ranked), None))
    chosen = first.name if first else requested
    return Models(
        names=_kept(listed, chosen),
        requested=requested,
        chosen=chosen if first or not complete else "",
        requested_exists=(found is not None) if requested and (complete or found) else None,
        nearest=_nearest(requested, listed) if requested and not found else "",
        name_matters=name_matters,
        remote=bool(first and first.remote),
        embedding=next((model.name for model in ([first] if first else []) + list(listed) if model.embeds), ""),
    )


def looks_like_embedder(*words: str) -> bool:
    """Whether a name or family is that of a model that makes embeddings, where the server does not say."""
    return any(known in word.casefold() for word in words for known in EMBEDDER_WORDS)


def _same(requested: str, model: Listed) -> bool:
    """Names are equal without regard to case; the tag `latest` is implied."""
    wanted = {requested.casefold(), f"{requested.casefold()}:latest"}
    return any(name.casefold() in wanted for name in (model.name, *model.aliases))


def _nearest(requested: str, listed: Sequence[Listed]) -> str:
    names = [model.name for model in listed[:MAX_COMPARED]]
    plain = {name.casefold(): name for name in names}
    close = difflib.get_close_matches(requested.casefold(), plain, n=1, cutoff=0.5)
    same_family = requested.split(":", maxsplit=1)[0].casefold()
    family = [name for name in names if name.split(":")[0].casefold() == same_family]
    return plain[close[0]] if close else family[0] if family else ""


def _kept(listed: Sequence[Listed], chosen: str) -> tuple[str, ...]:
    kept = [model.name for model in listed[:MAX_LISTED]]
    return tuple(kept if chosen in kept or not chosen or not listed else [*kept[:-1], chosen])
