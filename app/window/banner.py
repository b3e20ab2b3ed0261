"""A sentence across the top of the window, for what went wrong or was changed, until it is closed or no longer true."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from app.icons import icon
from app.layouts import label
from app.theme import current_theme, theme_changed


class Banner(QFrame):
    """Hidden while there is nothing to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self._is_error = False
        self._sign = QLabel()
        self.text = label(wrap=True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.close_button = QToolButton()
        self.close_button.setProperty("role", "link")
        self.close_button.setToolTip("Close this message")
        self.close_button.setAccessibleName("Close this message")
        self.close_button.clicked.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 8, 6)
        layout.addWidget(self._sign)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.close_button)
        self.hide()
        theme_changed.connect(self._tint)

    def show_error(self, sentence: str) -> None:
        """Something went wrong or cannot be done."""
        self._show(sentence, is_error=True)

    def show_note(self, sentence: str) -> None:
        """Something happened that the person should know."""
        self._show(sentence, is_error=False)

    def add_note(self, sentence: str) -> None:
        """Something more about what has just happened: behind the note that is there already, if there is one."""
        has_note = not self.isHidden() and not self._is_error
        self.show_note(f"{self.text.text()} {sentence}" if has_note else sentence)

    def _show(self, sentence: str, *, is_error: bool) -> None:
        self._is_error = is_error
        self.text.setText(sentence)
        self.setAccessibleName(sentence)
        self._tint()
        self.show()

    def _tint(self) -> None:
        theme = current_theme()
        color, name = (theme.backward, "triangle-alert") if self._is_error else (theme.accent, "info")
        self._sign.setPixmap(icon(name, color).pixmap(18, 18))
        self.close_button.setIcon(icon("x"))
