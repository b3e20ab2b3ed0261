"""Digits drawn by the program: image data that is there without a network and without files.

A pen follows the strokes of a digit; before it draws, the strokes are bent, stretched, slanted and turned at random.
The pictures are prepared as MNIST prepares its own, so that the same drawing pad serves both, but they are not MNIST.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.datasets.base import Dataset, DataSource
from core.datasets.digit_strokes import STYLES, pen_path
from core.datasets.sampled import MAX_SEED, train_count
from core.options import option
from core.types import Array

SIZE = 28
MARGIN = 4  # drawn around the picture and cut off, so that blurring needs no special case at the edge
CANVAS = SIZE + 2 * MARGIN

WAVES = 3
WAVE_HEIGHT = 0.024
"""Standard deviation of the height of a bending wave, in heights of a digit."""

STRETCH = 0.25
SLANT = 0.3
TURN = 0.12
"""Largest turn in radians, either way."""

LENGTH_PIXELS = (15.0, 20.0)
"""Smallest and largest longer side of the pen's way; with the pen's width about MNIST's box of 20 pixels."""

SHIFT_PIXELS = 2.3
EDGE_PIXELS = 2.0
"""How near the middle of a stroke comes to the outermost pixels."""

PEN_PIXELS = (0.65, 1.2)
"""Smallest and largest standard deviation of the ink across a stroke."""

INK_EDGE = (0.15, 0.65)
"""Ink below the first value leaves the paper white, above the second it is black."""

SPLAT_VARIANCE = 1 / 6
"""What sharing a point among its four pixels adds to the variance of the ink across a stroke, on average."""


@dataclass(frozen=True)
class Digits(DataSource):
    """Digits 0 to 9, each in three ways of writing, 28×28 pixels."""

    kind = "digits"
    title = "Digits drawn by the program"
    is_slow = True

    points: int = option(10_000, minimum=100, maximum=70_000, help="How many pictures, train and test together.")
    train_share: float = option(0.8, minimum=0.1, maximum=0.9, help="The share of the pictures used for training.")
    seed: int = option(0, minimum=0, maximum=MAX_SEED, help="The same seed gives the same pictures.")

    def load(self, folder: Path | None = None) -> Dataset:
        """Draw the pictures.

        Shapes:  x (N, 1, 28, 28), float32; targets (N,), int64.
        Range:   x from 0 (paper) to 1 (ink).
        """
        rng = np.random.default_rng(self.seed)
        cut = train_count(self.points, self.train_share)
        # The digits take turns, so each part is balanced; then each part is shuffled.
        order = np.concatenate((rng.permutation(cut), cut + rng.permutation(self.points - cut)))
        labels = order % len(STYLES)
        style_index = rng.integers(len(STYLES[0]), size=self.points)
        x = np.empty((self.points, 1, SIZE, SIZE), np.float32)
        for digit, styles in enumerate(STYLES):
            for at, style in enumerate(styles):
                chosen = np.flatnonzero((labels == digit) & (style_index == at))
                x[chosen, 0] = _draw(style, len(chosen), rng)
        names = tuple(str(digit) for digit in range(len(STYLES)))
        return Dataset(self.title, x[:cut], labels[:cut], x[cut:], labels[cut:], names)


def _draw(style: str, count: int, rng: np.random.Generator) -> Array:
    """Pictures (count, 28, 28) of one style, each written differently."""
    starts, ends = pen_path(style)
    path = np.concatenate((starts, ends))
    path = _turned(_bent(path, count, rng), rng)
    starts, ends = path[:, : len(starts)], path[:, len(starts) :]
    low, high = path.min(axis=1, keepdims=True), path.max(axis=1, keepdims=True)
    pixels = rng.uniform(*LENGTH_PIXELS, (count, 1, 1)) / (high - low).max(axis=2, keepdims=True)
    lengths = np.linalg.norm((ends - starts) * pixels, axis=2)
    middles = (starts + ends) * (0.5 * pixels)
    centre = np.einsum("np,npa->na", lengths, middles) / lengths.sum(axis=1, keepdims=True)
    shift = rng.uniform(-SHIFT_PIXELS, SHIFT_PIXELS, (count, 2)) + 0.5 * (CANVAS - 1)
    middles += (shift - centre)[:, None]
    # A digit that would leave the picture is pushed back in.
    inside = MARGIN + EDGE_PIXELS, CANVAS - 1 - MARGIN - EDGE_PIXELS
    middles += np.clip(0.0, inside[0] - middles.min(axis=1), inside[1] - middles.max(axis=1))[:, None]
    return _inked(_splatted(middles, lengths), rng.uniform(*PEN_PIXELS, count))


def _bent(path: Array, count: int, rng: np.random.Generator) -> Array:
    """The path (points, 2) bent by random plane waves, which keeps strokes together that touch: (count, points, 2)."""
    direction = rng.uniform(-6.0, 6.0, (count, WAVES, 2))
    phase = rng.uniform(0.0, math.tau, (count, WAVES))
    height = WAVE_HEIGHT * rng.standard_normal((count, WAVES, 2))
    # einsum and not a matrix product: BLAS may round differently with another number of threads.
    angle = np.einsum("nwa,pa->nwp", direction, path) + phase[:, :, None]
    return path + np.einsum("nwa,nwp->npa", height, np.sin(angle))


def _turned(path: Array, rng: np.random.Generator) -> Array:
    """Each path (count, points, 2) stretched sideways, slanted and turned."""
    stretch = rng.uniform(1.0 - STRETCH, 1.0 + STRETCH, len(path))
    slant = rng.uniform(-SLANT, SLANT, len(path))
    turn = rng.uniform(-TURN, TURN, len(path))
    cosine, sine = np.cos(turn), np.sin(turn)
    # First the stretch, then x ← x − slant·y, then the turn.
    matrix = np.array([[cosine * stretch, -cosine * slant - sine], [sine * stretch, cosine - sine * slant]])
    result: Array = np.einsum("ban,npa->npb", matrix, path)
    return result


def _splatted(points: Array, weights: Array) -> Array:
    """Weights (count, points) shared among the four pixels around each point (count, points, 2) = (x, y).

    Shapes:  (count, 36, 36), float32; the amount in a row across a straight stroke sums to 1 per pixel of its length.
    """
    corner = points.astype(np.int64)
    fraction_x, fraction_y = np.moveaxis(points - corner, 2, 0)
    first = (np.arange(len(points))[:, None] * CANVAS + corner[:, :, 1]) * CANVAS + corner[:, :, 0]
    canvas = np.zeros(len(points) * CANVAS * CANVAS)
    for step, share_y in ((0, 1.0 - fraction_y), (CANVAS, fraction_y)):
        for one, share_x in ((0, 1.0 - fraction_x), (1, fraction_x)):
            amount = weights * share_y * share_x
            canvas += np.bincount((first + step + one).ravel(), amount.ravel(), minlength=len(canvas))
    return canvas.reshape(len(points), CANVAS, CANVAS).astype(np.float32)


def _inked(canvas: Array, pen: Array) -> Array:
    """Each canvas (count, 36, 36) blurred to the width of its pen (count,) and given sharp edges: (count, 28, 28)."""
    offsets = np.arange(-MARGIN, MARGIN + 1)
    kernel = np.exp(-0.5 * np.square(offsets / np.sqrt(np.square(pen) - SPLAT_VARIANCE)[:, None]))
    kernel /= kernel.sum(axis=1, keepdims=True)
    taps = kernel.astype(np.float32).T[:, :, None, None]
    rows = sum(tap * canvas[:, at : at + SIZE] for at, tap in enumerate(taps))
    ink = sum(tap * rows[:, :, at : at + SIZE] for at, tap in enumerate(taps))
    # So that the middle of a straight stroke is 1 whatever the pen.
    ink *= (pen * math.sqrt(math.tau)).astype(np.float32)[:, None, None]
    low, high = INK_EDGE
    ink -= low
    ink /= high - low
    return np.clip(ink, 0.0, 1.0, out=ink)
