"""The model that answers from the passages, and the room that it has for them."""

import contextlib

from doctor.context import CHAT, Context
from doctor.errors import Skip
from doctor.facts import Answering, ModelCard, Models, Window
from doctor.runtimes.choice import looks_like_embedder


async def collect_answering(context: Context) -> Answering:
    """Name and window of the chat model. Raises Skip where the server has none, or does not say its window."""
    peer = context.peer(CHAT)
    models = await peer.fact(Models)
    architecture = ""
    with contextlib.suppress(Skip):
        architecture = (await peer.fact(ModelCard)).architecture
    only_embeds = models.chosen == models.embedding or looks_like_embedder(models.chosen, architecture)
    if only_embeds and not context.index.wish.chat_model:
        raise Skip("no model that answers is known; name its server with --chat-target")
    window = await peer.fact(Window)
    if window.per_request is None:
        raise Skip("the server that answers does not say how large its window is")
    return Answering(model=models.chosen, window=window.per_request, source=window.source)
