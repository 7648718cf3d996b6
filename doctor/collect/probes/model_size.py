"""Whether the model is known to be too small to be judged by what it understands.

Published tool and recall scores fall off below two billion parameters: a miss there is the model's nature. Structural
signs (broken JSON, a name that was not offered, text that was cut) count at any size.
"""

import contextlib

from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import ModelCard

SMALL_PARAMETERS = 2_000_000_000


async def parameters(context: Context) -> int | None:
    """Parameters of the model, None where the server does not state them."""
    with contextlib.suppress(Skip):
        return (await context.fact(ModelCard)).parameters
    return None


async def is_small(context: Context) -> bool:
    """True where the server states fewer parameters; a model of unknown size is not small."""
    return (await parameters(context) or SMALL_PARAMETERS) < SMALL_PARAMETERS
