"""The interval in which a share lies that was counted on a small sample."""

import math

Z = 1.96  # of the normal distribution, for 95 %


def wilson(right: int, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval of the share `right / count`; (0, 1) for an empty sample."""
    if not count:
        return 0.0, 1.0
    share = right / count
    centre = share + Z * Z / (2 * count)
    spread = Z * math.sqrt(share * (1 - share) / count + Z * Z / (4 * count * count))
    whole = 1 + Z * Z / count
    return max(0.0, (centre - spread) / whole), min(1.0, (centre + spread) / whole)
