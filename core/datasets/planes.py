"""The classic two-dimensional sets: points of the plane to tell apart, drawn so that the true border is known.

Every class has the same number of points (give or take one) in the train part and in the test part. The noise is drawn
apart from the positions, so a change of the noise moves the same points further out instead of drawing new ones.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.datasets.base import Dataset
from core.datasets.sampled import SampledSource, train_count
from core.options import option
from core.types import Array

EXTENT = 1.2
"""How far pictures of the plane go from the origin along both axes; the points lie within −1 … 1."""

XOR_GAP = 0.1
"""Half the width of the empty strip around the axes, in units of the plane."""

EVEN_STEP = (0.7548776662466927, 0.5698402909980532)
"""1/g and 1/g², with g the real root of g³ = g + 1: steps that fill the unit square evenly."""

CHECKERBOARD_SQUARES = 4
CHECKERBOARD_GAP = 0.05
"""The empty margin inside a square, as a share of its side."""


@dataclass(frozen=True)
class PlaneSource(SampledSource):
    """Points of the plane in classes; subclasses place the points of each class."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes, by label."""
        return ("blue", "orange")

    def load(self, folder: Path | None = None) -> Dataset:
        """Place, disturb and shuffle the points.

        Shapes:  x (N, 2), float32; targets (N,), int64.
        """
        rng = np.random.default_rng(self.seed)
        labels = np.arange(self.points, dtype=np.int64) % len(self.class_names)
        x = self._place(labels, rng)
        x += self.noise * rng.standard_normal(x.shape)
        x = x.astype(np.float32)
        # Shuffled within each part, because the labels take turns and so each part is balanced as it stands.
        cut = train_count(self.points, self.train_share)
        train = rng.permutation(cut)
        test = cut + rng.permutation(self.points - cut)
        return Dataset(self.title, x[train], labels[train], x[test], labels[test], self.class_names)

    def _place(self, labels: Array, rng: np.random.Generator) -> Array:
        """Positions (N, 2) in float64 for the labels (N,), without noise."""
        raise NotImplementedError


@dataclass(frozen=True)
class Circles(PlaneSource):
    """A disc of radius 0.45 inside a ring from 0.65 to 0.95, both filled evenly."""

    kind = "circles"
    title = "Circles"

    def _place(self, labels: Array, rng: np.random.Generator) -> Array:
        inner = np.where(labels == 0, 0.0, 0.65)
        outer = np.where(labels == 0, 0.45, 0.95)
        # Even over the area needs the square of the radius to be uniform.
        radius = np.sqrt(rng.uniform(inner**2, outer**2))
        return _polar(radius, rng.uniform(0.0, math.tau, len(labels)))


@dataclass(frozen=True)
class Xor(PlaneSource):
    """Four squares; the class says whether the signs of the two coordinates agree (0) or differ (1).

    Source: Roberts, "The unreasonable effectiveness of quasirandom sequences", 2018 (the even filling).
    """

    kind = "xor"
    title = "XOR"

    def _place(self, labels: Array, rng: np.random.Generator) -> Array:
        # Each square by itself is filled by a low-discrepancy sequence, shaken by the mean distance of its points.
        # Independent points leave holes at the ends of the gap, and there the best network errs on a test point.
        index = np.arange(len(labels))
        first = np.where(index // 2 % 2 == 0, 1.0, -1.0)
        signs = np.stack((first, np.where(labels == 0, first, -first)), axis=1)
        start = rng.uniform(size=(4, 2))[index % 4]
        shake = rng.uniform(-1.0, 1.0, (len(labels), 2)) / math.sqrt(len(labels))
        within = (start + (index // 4)[:, None] * EVEN_STEP + shake) % 1.0
        return signs * (XOR_GAP + (1.0 - XOR_GAP) * within)


@dataclass(frozen=True)
class Moons(PlaneSource):
    """Two half circles that reach into each other."""

    kind = "moons"
    title = "Moons"

    noise: float = option(0.04, minimum=0.0, maximum=0.5, help="Standard deviation of the random shift.")

    def _place(self, labels: Array, rng: np.random.Generator) -> Array:
        half_circle = _polar(np.ones(len(labels)), rng.uniform(0.0, math.pi, len(labels)))
        moons = np.where(labels[:, None] == 0, half_circle, (1.0, 0.5) - half_circle)
        result: Array = (moons - (0.5, 0.25)) / 1.6  # from [-1, 2] × [-0.5, 1] into the plane
        return result


@dataclass(frozen=True)
class Spirals(PlaneSource):
    """Two spiral arms of 1.75 turns, half a turn apart."""

    kind = "spirals"
    title = "Spirals"

    noise: float = option(0.01, minimum=0.0, maximum=0.5, help="Standard deviation of the random shift.")

    def _place(self, labels: Array, rng: np.random.Generator) -> Array:
        # Not from 0: at the centre both arms would be in the same place.
        way = rng.uniform(0.08, 1.0, len(labels))
        return _polar(0.95 * way, 1.75 * math.tau * way + math.pi * labels)


@dataclass(frozen=True)
class Gaussians(PlaneSource):
    """Two round Gaussian clouds in opposite corners."""

    kind = "gaussians"
    title = "Two Gaussians"

    def _place(self, labels: Array, rng: np.random.Generator) -> Array:
        centres = np.where(labels == 0, 0.45, -0.45)[:, None]
        result: Array = centres + 0.14 * rng.standard_normal((len(labels), 2))
        return result


@dataclass(frozen=True)
class Blobs(PlaneSource):
    """Two to five Gaussian clouds on a circle, one a class."""

    kind = "blobs"
    title = "Blobs"

    classes: int = option(3, minimum=2, maximum=5, help="How many clouds, each a class of its own.")

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes, by label."""
        return tuple(f"class {label}" for label in range(self.classes))

    def _place(self, labels: Array, rng: np.random.Generator) -> Array:
        centres = _polar(np.full(len(labels), 0.6), math.pi / 2 + math.tau * labels / self.classes)
        return centres + 0.1 * rng.standard_normal(centres.shape)


@dataclass(frozen=True)
class Checkerboard(PlaneSource):
    """Four by four squares in two colours."""

    kind = "checkerboard"
    title = "Checkerboard"

    def _place(self, labels: Array, rng: np.random.Generator) -> Array:
        column = rng.integers(CHECKERBOARD_SQUARES, size=len(labels))
        same_parity = 2 * rng.integers(CHECKERBOARD_SQUARES // 2, size=len(labels))
        row = same_parity + (column + labels) % 2
        within = rng.uniform(CHECKERBOARD_GAP, 1.0 - CHECKERBOARD_GAP, (len(labels), 2))
        result: Array = (np.stack((column, row), axis=1) + within) * (2.0 / CHECKERBOARD_SQUARES) - 1.0
        return result


def _polar(radius: Array, angle: Array) -> Array:
    """Points (N, 2) from radius (N,) and angle (N,) in radians."""
    return np.stack((radius * np.cos(angle), radius * np.sin(angle)), axis=1)
