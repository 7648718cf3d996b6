"""What the model's file says about memory, under the settings that the server was started with."""

from doctor.facts.fact import Fact


class Footprint(Fact, frozen=True, kw_only=True):
    """Memory that the examined model takes now and with each further token of context.

    `origin` says whose numbers weights, cache and compute are: "computed" from the model's header, or "probed", what
    llama.cpp's own program says of the server's options. The slope is always computed. `tokens_that_fit`: the largest
    context, over all slots, that the free memory allows beside what is loaded now. Both it and `free_bytes` are None
    where the model is spread over GPU and RAM or over several GPUs.
    """

    path: str
    weights_bytes: int
    kv_bytes: int  # recurrent state included
    compute_bytes: int
    margin_bytes: int  # one standard deviation of the sum
    bytes_per_token: int  # that a longer context adds, slots and compute buffers included
    context: int  # tokens now, over all slots
    slots: int = 1
    free_bytes: int | None = None  # where the model is: on its GPU, else in RAM
    tokens_that_fit: int | None = None
    where: str = ""  # "GPU memory" or "RAM"; "" when it is spread
    why_spread: str = ""
    trained_context: int = 0
    active_bytes: int = 0  # weights read for one token, experts by their share
    grows: bool = False  # the cache grows as it fills, instead of being reserved when the model is loaded
    origin: str = "computed"
    reported_bytes: int | None = None  # what the runtime itself says that the model takes, cache and buffers included
    assumed: tuple[str, ...] = ()  # settings that could not be read and were taken as usual

    @property
    def held_bytes(self) -> int:
        """All that the model takes: as the runtime reports, else as probed or computed."""
        return self.reported_bytes or self.weights_bytes + self.kv_bytes + self.compute_bytes


class KvCache(Fact, frozen=True, kw_only=True):
    """The KV cache of the served window, all slots together, and what one token of context takes of it.

    `origin` is "probed" or "computed"; `basis` says from what.
    """

    held_bytes: int
    bytes_per_token: int
    window: int  # tokens of one slot
    slots: int
    origin: str = "computed"
    basis: str = ""


class CachePool(Fact, frozen=True, kw_only=True):
    """The pool of KV cache that vLLM shares out among requests. `usage` and `waiting` held at both readings."""

    tokens: int
    window: int  # tokens that one request may use; 0 where it is not known
    usage: float  # 0 to 1
    waiting: int
    running: int
    preempted_since_start: int
    preempted: int  # requests whose cache was thrown out between two readings
    seconds: float  # between the readings; 0 where nothing was at work and one was enough
    source: str = ""
