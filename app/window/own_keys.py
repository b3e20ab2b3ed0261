"""Which keys of commands belong to the control that has the focus: Space to a button, arrows to a list or grid."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QAbstractSpinBox, QApplication, QComboBox, QWidget

from app.plots.digit_grid import PredictionsView
from app.plots.grid_view import GridView

_UP_DOWN = {Qt.Key.Key_Up, Qt.Key.Key_Down}
_ARROWS = {*_UP_DOWN, Qt.Key.Key_Left, Qt.Key.Key_Right}
_OWN_KEYS: tuple[tuple[tuple[type[QWidget], ...], set[Qt.Key]], ...] = (
    ((QAbstractButton, QComboBox, QAbstractItemView, GridView, PredictionsView), {Qt.Key.Key_Space}),
    ((QComboBox, QAbstractItemView, QAbstractSpinBox), _UP_DOWN),
    ((GridView, PredictionsView), {*_ARROWS, Qt.Key.Key_Home}),
)


class OwnKeys(QObject):
    """Watches the application's keys until it is closed."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        application = QApplication.instance()
        assert application
        application.installEventFilter(self)

    def close(self) -> None:
        """Watch no more."""
        application = QApplication.instance()
        if application:
            application.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep a key of the focused control's own from becoming a command."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and any(isinstance(watched, kinds) and event.key() in keys for kinds, keys in _OWN_KEYS)
        ):
            event.accept()
            return True
        return super().eventFilter(watched, event)
