"""The options every computed set of points shares, and the one way they are cut into train and test."""

from dataclasses import dataclass

from core.datasets.base import DataSource
from core.options import option

MAX_SEED = 2**32 - 1


@dataclass(frozen=True)
class SampledSource(DataSource):
    """A set of points drawn from a random generator; subclasses say from which distribution."""

    points: int = option(400, minimum=10, maximum=20000, help="How many points, train and test together.")
    noise: float = option(
        0.0, minimum=0.0, maximum=0.5, help="Standard deviation of the random shift; the plane reaches from -1 to 1."
    )
    train_share: float = option(0.5, minimum=0.1, maximum=0.9, help="The share of the points used for training.")
    seed: int = option(0, minimum=0, maximum=MAX_SEED, help="The same seed gives the same points.")


def train_count(points: int, train_share: float) -> int:
    """How many of the points are for training: the rounded share, and never none or all."""
    return min(max(round(points * train_share), 1), points - 1)
