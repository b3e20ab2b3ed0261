"""How fast a machine draws, by two pieces of work that have nothing to do with the program's own code.

The goals for the window are milliseconds on one machine; these say what a millisecond of it is worth on another one.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np
import pyqtgraph as pg

from app.window.start import make_application

_SIDE = 8
_REPEATS = 31


def pace() -> dict[str, float]:
    """Milliseconds to make an empty plot, and to draw 64 small pictures in as many view boxes; medians."""
    application = make_application("light")
    plots: list[pg.PlotWidget] = []  # kept: their end is not measured
    rows = {"plot": _median(lambda: plots.append(pg.PlotWidget()))}
    grid, rng = pg.GraphicsLayoutWidget(), np.random.default_rng(0)
    grid.resize(800, 800)
    images = [pg.ImageItem() for _ in range(_SIDE**2)]
    for place, image in enumerate(images):
        grid.addViewBox(*divmod(place, _SIDE)).addItem(image)

    def draw() -> None:
        for image in images:
            image.setImage(rng.standard_normal((5, 5)), levels=(-2, 2))
        grid.viewport().repaint()

    grid.show()
    application.processEvents()
    return rows | {"boxes": _median(draw)}


def _median(work: Callable[[], object]) -> float:
    times = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        work()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)
