"""Curves of plain numbers, put into a view one after the other."""

from app.plots.curve import CurveStyle
from app.plots.curve_data import PointSeries
from app.plots.curves import CurvesView
from core.types import Array


def set_curve(view: CurvesView, name: str, x: Array, y: Array, style: CurveStyle) -> None:
    """Add a curve to those that are shown, or replace its data and style.

    Shapes: x (N,) rising steps; y (N,)
    """
    shown = {other: (view.curve(other).series, view.curve(other).style) for other in view.names()}
    view.show_series({**shown, name: (PointSeries(x, y), style)})
