"""What the model's file says about memory, under the settings that the server was started with."""

from doctor.facts.fact import Fact


class Footprint(Fact, frozen=True, kw_only=True):
    """Memory that the examined model takes now and with each further token of context.

    `origin` says whose numbers weights, cache and compute are: "computed" from the model's header, or "probed", what
    llama.cpp's own program says of the server's options. The slope is always computed. `tokens_that_fit`: the largest
    context, over all slots, that the free memory allows beside what is loaded now.
    """

    path: str
    weights_bytes: int
    kv_bytes: int  # recurrent state included
    compute_bytes: int
    margin_bytes: int  # one standard deviation of the sum
    bytes_per_token: int  # that a longer context adds, slots and compute buffers included
    context: int  # tokens now, over all slots
    free_bytes: int  # where the model is: on its GPU, else in RAM
    tokens_that_fit: int
    where: str  # "GPU memory" or "RAM"
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
