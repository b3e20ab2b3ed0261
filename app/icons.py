"""Icons in the colour of the text around them, drawn from the SVG files in `resources/icons` (Lucide, ISC licence).

The files draw in `currentColor`; here that becomes a real colour. Ask again after `theme_changed`: an icon that was
handed out keeps its colour.
"""

from functools import lru_cache

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from app.theme import current_theme
from resources import resource

# Qt takes the next larger of these, so one for each usual size at each usual scale keeps the strokes sharp.
_SIZES = (16, 18, 20, 24, 32, 36, 40, 48, 64)


def icon_names() -> tuple[str, ...]:
    """The names `icon` understands, sorted."""
    return tuple(sorted(path.stem for path in resource("icons").glob("*.svg")))


def icon(name: str, color: QColor | str | None = None) -> QIcon:
    """The icon `name` in a colour (the text colour of the current theme unless given), greyed where disabled.

    Errors: ValueError for a name that has no file.
    """
    theme = current_theme()
    return _tinted(name, QColor(color or theme.text).name(), theme.disabled)


@lru_cache(maxsize=512)
def _tinted(name: str, color: str, disabled: str) -> QIcon:
    path = resource("icons", f"{name}.svg")
    if not path.is_file():
        raise ValueError(f"There is no icon {name!r}; there are {', '.join(icon_names())}")
    drawing = path.read_text(encoding="utf-8")
    result = QIcon()
    for mode, tint in ((QIcon.Mode.Normal, color), (QIcon.Mode.Disabled, disabled)):
        renderer = QSvgRenderer(QByteArray(drawing.replace("currentColor", tint).encode()))
        for size in _SIZES:
            result.addPixmap(_drawn(renderer, size), mode)
    return result


def _drawn(renderer: QSvgRenderer, size: int) -> QPixmap:
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    renderer.render(painter)
    painter.end()
    return pixmap
