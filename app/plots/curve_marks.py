"""Thin lines across the curves where something was changed, and the words that belong to them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt

from app.plots.numbers import format_count
from app.theme import current_theme


class CurveMarks:
    """All marks as one item, so that many of them cost no more than one; it stands in a view from 0 to 1."""

    def __init__(self) -> None:
        self.item: Any = pg.PlotCurveItem(connect="pairs")
        self.marks: list[tuple[float, str]] = []

    def show(self, marks: Sequence[tuple[float, str]]) -> None:
        """Draw a line at each of these steps."""
        if list(marks) != self.marks:
            self.marks = list(marks)
            steps = np.repeat([float(step) for step, _ in self.marks], 2)
            self.item.setData(steps, np.tile([-1.0, 2.0], len(self.marks)))

    def words_near(self, step: float, reach: float) -> str:
        """What was changed within `reach` of a step: `after step 300: learning rate 0.01 → 0.003`; or nothing."""
        near = [(abs(at - step), at, words) for at, words in self.marks if abs(at - step) <= reach]
        if not near:
            return ""
        closest = min(near)[1]
        words = "; ".join(words for _, at, words in near if at == closest)
        return f"after step {format_count(round(closest))}: {words}"

    def restyle(self) -> None:
        """Take the colours of the current theme."""
        self.item.setPen(pg.mkPen(current_theme().muted, width=1, style=Qt.PenStyle.DotLine))
