"""The Data panel: which data set, as tiles with a picture of it, and its options."""

from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QSizePolicy, QToolButton, QWidget

from app.document.document import Document
from app.forms.spec_form import SpecForm
from app.layouts import fill_scrolling
from app.plots.numbers import format_count
from app.theme import current_theme, theme_changed, ui_font
from app.view import View
from core.datasets import DATASETS
from core.datasets.base import Dataset, DataSource
from core.docs import summary
from core.types import Array

COLUMNS = 4
PICTURE = 34
"""Size of the picture on a tile, in pixels."""

PICTURE_POINTS = 60

TILE_NAMES = {"gaussians": "Gauss", "checkerboard": "Checks", "two_bumps": "Bumps", "digits": "Digits"}
"""Names that fit on a tile, for the data sets whose titles do not."""


class DataPanel(View):
    """Asks for data sets; loading them may take time and is not done here."""

    title = "Data"

    wanted = Signal(object)
    """The spec of the data set a person asks for."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self.tiles: dict[str, QToolButton] = {}
        self._group = QButtonGroup(self)
        self.form = SpecForm(DATASETS)
        self.form.chosen.connect(self._take_spec)
        fill_scrolling(self, self._make_tiles(), self.form, None, spacing=8)
        self._paint_tiles()
        theme_changed.connect(self._paint_tiles)
        document.experiment_changed.connect(self.invalidate)
        document.data_changed.connect(self.invalidate)

    def refresh(self) -> None:
        spec = self.document.experiment.data
        self.tiles[spec["kind"]].setChecked(True)
        self.form.show_spec(self.document.experiment.source().spec())
        data = self.document.data
        self.note_changed.emit(f"{format_count(len(data.x_train))} train · {format_count(len(data.x_test))} test")

    def choose(self, kind: str) -> None:
        """Ask for a data set with its default options."""
        self.wanted.emit({"kind": kind})

    def _take_spec(self, spec: dict[str, Any]) -> None:
        self.wanted.emit(spec)

    def _take_tile(self) -> None:
        kind = self.sender().objectName()
        if kind != self.document.experiment.data["kind"]:
            self.choose(kind)
        # Until the data is there, the tile in force stays marked.
        self.tiles[self.document.experiment.data["kind"]].setChecked(True)

    def _make_tiles(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(5)
        for position, (kind, source) in enumerate(DATASETS.items()):
            tile = QToolButton()
            tile.setObjectName(kind)
            tile.setText(TILE_NAMES.get(kind, source.title))
            tile.setCheckable(True)
            tile.setProperty("role", "tile")
            tile.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            tile.setIconSize(QSize(PICTURE, PICTURE))
            tile.setMinimumWidth(44)
            # Ignored: a long name must not make its column wider than the others.
            tile.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            tile.setToolTip(f"{source.title}: {summary(source)}")
            tile.setAccessibleName(f"Data set {source.title}")
            tile.clicked.connect(self._take_tile)
            self._group.addButton(tile)
            self.tiles[kind] = tile
            grid.addWidget(tile, position // COLUMNS, position % COLUMNS)
            grid.setColumnStretch(position % COLUMNS, 1)
        return grid

    def _paint_tiles(self) -> None:
        for kind, tile in self.tiles.items():
            tile.setIcon(QIcon(tile_picture(DATASETS[kind], self.devicePixelRatioF())))


def tile_picture(source: type[DataSource], ratio: float) -> QPixmap:
    """A small picture of a data set: its points, or a sign for sets of pictures."""
    pixmap = QPixmap(QSize(PICTURE, PICTURE) * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if source.kind in ("digits", "mnist"):
        painter.setFont(ui_font(17, bold=True))
        painter.setPen(QColor(current_theme().text))
        painter.drawText(pixmap.rect(), Qt.AlignmentFlag.AlignCenter, "5" if source.kind == "digits" else "8")
    else:
        _paint_points(painter, source.from_options({"points": 2 * PICTURE_POINTS}).load())
    painter.end()
    return pixmap


def _paint_points(painter: QPainter, data: Dataset) -> None:
    theme = current_theme()
    x = data.x_train
    height = x[:, 1] if x.shape[1] > 1 else data.t_train[:, 0]
    colors = [theme.class_color(int(t)) for t in data.t_train] if data.class_names else _signed(data.t_train[:, 0])
    painter.setPen(Qt.PenStyle.NoPen)
    scale = PICTURE / 2 - 3
    for column, row, color in zip(_unit(x[:, 0]), _unit(height), colors, strict=True):
        painter.setBrush(QColor(color))
        painter.drawEllipse(int(PICTURE / 2 + scale * column) - 1, int(PICTURE / 2 - scale * row) - 1, 3, 3)


def _unit(values: Array) -> Array:
    return values / max(1e-6, float(abs(values).max()))


def _signed(values: Array) -> list[str]:
    theme = current_theme()
    return [theme.positive if value > 0 else theme.negative for value in values]
