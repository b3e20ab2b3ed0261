"""The curve of an activation with the tangent at a unit's point."""

import numpy as np
from pytestqt.qtbot import QtBot

from app.panels.explain.curve import Curve, CurveView
from app.plots.base import line_height
from core.explain import Place
from core.layers.rectifiers import ReLU


def test_the_tangent_lies_on_the_curve_also_where_it_leaves_the_frame(qtbot: QtBot) -> None:
    layer = ReLU()
    layer.build((3,), np.random.default_rng(0))
    view = CurveView()
    qtbot.addWidget(view)
    view.resize(400, view.sizeHint().height())
    view.set_curve(Curve(layer, np.array([[0.3, -2.0, 2.0]], np.float32), Place(1, "y", (0, 0))))
    image = view.grab().toImage()
    height, red = view.height() - line_height() - 4, []  # from y = 0 below to y = 2; x goes from −2 to 2
    for x in range(image.width()):
        for y in range(2, 2 + height):
            color = image.pixelColor(x, y)
            if color.red() - color.blue() > 100:
                red.append((4 * x / image.width() - 2, 2 * (2 + height - y) / height))
    points = np.array(red)
    assert len(points) > 60 and np.ptp(points[:, 0]) > 0.4
    assert np.abs(points[:, 1] - points[:, 0]).max() < 0.1, "slope 1, through the point"
