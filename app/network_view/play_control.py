"""The small buttons at the left below the tape: play either way, how fast, where to stop, into a record and out."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QComboBox, QToolButton, QWidget

from app.document.document import Document
from app.icons import icon
from app.layouts import row
from app.network_view.breakpoint_menu import BreakpointMenu
from app.network_view.marks import dot_icon, mirrored_icon
from app.network_view.player import SPEEDS, Player
from app.theme import current_theme, theme_changed

_HEIGHT = 24


class PlayControl(QWidget):
    """Follows the player, and tells it what to do."""

    def __init__(self, document: Document, player: Player, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._player = document, player
        self.backward = self._button("Play backward", "Play backward (Shift+P)")
        self.pause = self._button("Stop playing", "Stop playing")
        self.forward = self._button("Play forward", "Play forward (P)")
        self.backward.clicked.connect(player.backward)
        self.pause.clicked.connect(player.stop)
        self.forward.clicked.connect(player.forward)
        self.speed = QComboBox()
        for speed in SPEEDS:
            self.speed.addItem(f"{speed:g} /s", speed)
        self.speed.setAccessibleName("Records a second")
        self.speed.setToolTip("How many records are played in a second")
        self.speed.setFixedHeight(_HEIGHT)
        self.speed.activated.connect(self._take_speed)
        self.breakpoints = self._button("Breakpoints", "Where to stop: right-click a segment of the tape, or press B")
        self.breakpoints.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = BreakpointMenu(document, self)
        self.breakpoints.setMenu(self.menu)
        self.into = self._button("Step into", "Step into: the sub-steps of the record that was done last (I)")
        self.out = self._button("Step out", "Step out of the sub-steps (O)")
        self.into.clicked.connect(document.walk.step_into)
        self.out.clicked.connect(document.walk.step_out)
        playing = (self.backward, self.pause, self.forward, self.speed)
        self.setLayout(row(*playing, self.breakpoints, self.into, self.out, spacing=1))
        player.changed.connect(self._show)
        document.walk.breakpoints.changed.connect(self._show)
        document.running_changed.connect(self._show)
        document.experiment_changed.connect(self._show)
        document.position_changed.connect(self._show_inside)
        document.walk.changed.connect(self._show_inside)
        theme_changed.connect(self._show)
        self._show()

    def _button(self, name: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setProperty("role", "link")
        button.setIconSize(QSize(14, 14))
        button.setFixedSize(26, _HEIGHT)
        button.setAccessibleName(name)
        button.setToolTip(tip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _show(self) -> None:
        theme, direction = current_theme(), self._player.direction
        can_play = self._document.tape is not None and not self._document.running
        self.forward.setIcon(icon("play", theme.forward if direction == 1 else theme.text))
        self.backward.setIcon(mirrored_icon("play", theme.backward if direction == -1 else theme.text))
        self.pause.setIcon(icon("pause", theme.text))
        self.forward.setEnabled(can_play)
        self.backward.setEnabled(can_play)
        self.pause.setEnabled(direction is not None)
        self.into.setIcon(icon("arrow-down", theme.text))
        self.out.setIcon(icon("arrow-up", theme.text))
        self._show_inside()
        count = len(self._document.walk.breakpoints.items)
        self.breakpoints.setIcon(dot_icon(count > 0))
        self.breakpoints.setAccessibleDescription(f"{count} set")
        self.speed.setCurrentIndex(self.speed.findData(self._player.speed))

    def _show_inside(self) -> None:
        """Whether there is a record to step into, or one to step out of."""
        inside = bool(self._document.walk.substeps)
        self.into.setEnabled(self._document.record is not None and not inside and not self._document.running)
        self.out.setEnabled(inside)

    def _take_speed(self) -> None:
        self._player.speed = self.speed.currentData()
