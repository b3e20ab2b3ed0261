"""The pen strokes of the drawn digits: a few ways in which people write each digit, as points a pen passes.

A digit stands in a box one unit high, x to the right and y down. The pen runs smoothly through the points of a stroke;
where it turns sharply, one stroke ends and the next begins at the same point.
"""

import numpy as np

from core.types import Array

STEPS = 20
"""Points between two neighbouring points of a stroke; enough to be about a pixel apart at most."""

STYLES: tuple[tuple[str, ...], ...] = (
    (  # 0: upright loop, loop with an overlap, narrow loop
        "35,0 12,15 3,50 12,85 33,100 55,85 63,50 55,15 35,0",
        "48,8 28,0 8,22 3,60 18,95 42,98 60,70 62,30 45,4 26,6",
        "30,0 14,20 10,55 18,90 30,100 44,88 50,50 45,15 30,0",
    ),
    (  # 1: plain, with an upstroke, with an upstroke and a foot
        "30,0 30,50 30,100",
        "8,28 22,16 34,0 / 34,0 34,50 33,100",
        "12,20 34,0 / 34,0 34,100 / 8,100 60,100",
    ),
    (  # 2: with a corner below, with a loop below, flat
        "5,22 15,5 35,0 56,10 57,33 40,60 18,85 3,100 / 3,100 33,98 65,100",
        "5,20 20,2 42,2 55,20 48,50 27,82 10,97 3,88 14,80 36,92 64,98",
        "4,10 32,0 56,12 50,42 28,72 5,98 / 5,98 60,94",
    ),
    (  # 3: two bows, flat on top, bows with a small loop between
        "5,12 28,0 52,10 50,34 24,46 / 24,46 54,56 60,80 36,100 2,88",
        "5,3 56,2 / 56,2 26,40 / 26,40 53,50 60,76 38,100 3,90",
        "6,15 30,0 52,14 44,38 24,48 22,42 40,46 60,70 42,97 4,94",
    ),
    (  # 4: open with a corner, closed, open and round
        "14,0 6,30 4,55 / 4,55 66,53 / 50,6 49,50 47,100",
        "47,0 2,64 / 2,64 68,65 / 47,0 48,100",
        "8,2 3,33 14,54 36,54 55,42 / 58,0 54,50 46,100",
    ),
    (  # 5: with corners, in one sweep, with the bar drawn last
        "58,1 15,2 / 15,2 8,43 / 8,43 32,36 58,50 60,78 36,100 3,90",
        "60,2 30,0 13,12 16,34 40,46 58,64 50,90 25,100 3,88",
        "13,7 12,44 / 12,44 40,42 56,62 46,90 20,100 2,94 / 13,5 66,-2",
    ),
    (  # 6: round, straight, curled on top
        "50,0 22,20 6,55 10,88 33,100 55,85 52,60 30,52 10,68",
        "34,0 14,38 4,74 20,98 44,95 54,76 40,60 16,68 6,82",
        "56,12 42,0 20,14 5,50 8,84 30,100 54,88 50,62 28,56 8,72",
    ),
    (  # 7: plain, with a bar, with a hook
        "3,4 60,3 / 60,3 38,45 24,100",
        "3,4 60,3 / 60,3 40,45 26,100 / 16,52 58,50",
        "3,20 6,4 / 6,4 34,8 62,2 / 62,2 42,40 36,100",
    ),
    (  # 8: in one stroke, two loops, in one stroke that stays open
        "50,14 30,0 10,15 17,36 42,56 56,80 33,100 8,82 20,58 44,36 50,14",
        "32,46 12,34 14,10 32,0 50,10 52,34 32,46 / 32,46 8,60 6,86 32,100 58,86 56,60 32,46",
        "58,6 32,1 12,16 20,38 44,58 52,84 30,100 8,84 18,60 42,38 62,14",
    ),
    (  # 9: straight, with a curved tail, in one sweep
        "55,14 33,0 8,15 8,38 28,50 50,38 55,14 / 55,14 55,50 50,100",
        "55,20 35,0 10,14 10,38 32,48 52,34 57,12 / 57,12 57,50 45,86 12,98",
        "52,10 28,2 8,20 16,42 40,38 55,12 50,45 36,75 24,100",
    ),
)
"""For each digit 0 … 9 its styles: points "x,y" in hundredths of the height, strokes parted by a slash."""


def pen_path(style: str) -> tuple[Array, Array]:
    """The way of the pen through all strokes of a style, cut into short straight pieces.

    Shapes:  starts and ends of the pieces, each (pieces, 2).
    Source:  Catmull and Rom, "A class of local interpolating splines", 1974.
    """
    curves = [_smooth(_points(stroke)) for stroke in style.split("/")]
    return np.concatenate([curve[:-1] for curve in curves]), np.concatenate([curve[1:] for curve in curves])


def _points(stroke: str) -> Array:
    """The points (K, 2) of one written-down stroke, in heights of the digit."""
    return np.array([point.split(",") for point in stroke.split()], dtype=np.float64) / 100


def _smooth(points: Array) -> Array:
    """A Catmull-Rom curve (pieces + 1, 2) through the points (K, 2)."""
    first, last = 2 * points[0] - points[1], 2 * points[-1] - points[-2]
    p = np.concatenate((first[None], points, last[None]))
    t = (np.arange(STEPS) / STEPS)[None, :, None]
    before, start, end, after = (p[at : len(p) - 3 + at, None] for at in range(4))
    curve = 0.5 * (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    )
    return np.concatenate((curve.reshape(-1, 2), points[-1:]))
