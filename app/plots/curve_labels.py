"""Names of curves at their right ends, pushed apart so that none covers another."""

from collections.abc import Sequence


def spread(wanted: Sequence[float], distance: float, low: float, high: float) -> list[float]:
    """Positions as near to the wanted ones as they can be with at least `distance` between any two, inside low..high.

    Range: where there is no room for all, they keep their distance and leave at `high`
    """
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    placed: list[float] = []
    for index in order:
        at = max(wanted[index], low)
        placed.append(max(at, placed[-1] + distance) if placed else at)
    # Those pushed over the upper edge move back, and push the ones before them.
    edge = high
    for position in range(len(placed) - 1, -1, -1):
        placed[position] = max(min(placed[position], edge), low + position * distance)
        edge = placed[position] - distance
    result = [0.0] * len(wanted)
    for position, index in enumerate(order):
        result[index] = placed[position]
    return result
