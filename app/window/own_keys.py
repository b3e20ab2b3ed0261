"""Which keys of commands belong to the control that has the focus: Space to a button, arrows to a list or grid."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QApplication, QComboBox, QWidget
from shiboken6 import isValid

from app.plots.digit_grid import PredictionsView
from app.plots.grid_view import GridView

_UP_DOWN = {Qt.Key.Key_Up, Qt.Key.Key_Down}
_ARROWS = {*_UP_DOWN, Qt.Key.Key_Left, Qt.Key.Key_Right}
_OWN_KEYS: tuple[tuple[tuple[type[QWidget], ...], set[Qt.Key]], ...] = (
    ((QAbstractButton, QComboBox, QAbstractItemView, GridView, PredictionsView), {Qt.Key.Key_Space}),
    ((QComboBox, QAbstractItemView), _UP_DOWN),
    ((GridView, PredictionsView), {*_ARROWS, Qt.Key.Key_Home}),
)


class OwnKeys(QObject):
    """Watches the keys of the controls that have the focus, one after the other, until it is closed."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._watched: list[QWidget] = []
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._follow)
        self._follow(None, application.focusWidget())

    def close(self) -> None:
        """Watch no more."""
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.disconnect(self._follow)
        self._follow(None, None)

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

    def _follow(self, _before: QWidget | None, control: QWidget | None) -> None:
        """Watch the control and those it is a part of, to which Qt passes on the keys that it leaves."""
        for widget in self._watched:
            if isValid(widget):
                widget.removeEventFilter(self)
        self._watched = []
        while control is not None:
            if any(isinstance(control, kinds) for kinds, _ in _OWN_KEYS):
                control.installEventFilter(self)
                self._watched.append(control)
            control = control.parentWidget()
