"""What a check costs: the requests that it sends, as measured on a healthy patient."""

import functools
import tomllib
from importlib.resources import files

import msgspec

from doctor.check import Check
from doctor.model import Depth

# For a check that was never measured, such as one of the user's own.
ASSUMED_REQUESTS = {Depth.PASSIVE: 1, Depth.QUICK: 4, Depth.DEEP: 20}


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the model must generate, and how many requests are sent."""

    depth: Depth
    requests: int

    @property
    def order(self) -> tuple[int, int]:
        """Cheapest first: reading before generating, then by requests."""
        return list(Depth).index(self.depth), self.requests


def cost_of(check: Check) -> Cost:
    """What this check costs when it is asked alone."""
    return Cost(depth=check.depth, requests=_measured().get(check.id, ASSUMED_REQUESTS[check.depth]))


@functools.cache
def _measured() -> dict[str, int]:
    table: dict[str, int] = tomllib.loads(files("doctor.ask").joinpath("costs.toml").read_text("utf-8"))
    return table
