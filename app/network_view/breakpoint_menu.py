"""The list of what playing and running stop at, and a question for the range of a gradient's norm."""

import math

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLayout,
    QLineEdit,
    QMenu,
    QVBoxLayout,
    QWidget,
)

from app.document.breakpoints import gradient_norm
from app.document.document import Document
from app.document.names import parameter_title
from app.icons import icon
from app.layouts import label
from app.plots.numbers import format_number
from core.norms import WHOLE, NormRange
from core.types import OptionError

_WIDTH = 300


class BreakpointMenu(QMenu):
    """Made anew whenever it opens: one entry for each breakpoint, which removes it."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.dialog: WatchDialog | None = None
        self.setToolTipsVisible(True)
        self.aboutToShow.connect(self.rebuild)

    def rebuild(self) -> None:
        """What is set now."""
        self.clear()
        document, points = self._document, self._document.walk.breakpoints
        here = self.addAction("Stop at this record")
        here.setCheckable(True)
        here.setEnabled(document.record is not None)
        here.setChecked(document.record is not None and points.is_at(document.record))
        here.triggered.connect(document.walk.toggle_breakpoint)
        watch = self.addAction("Watch the norm of a gradient…")
        watch.setEnabled(document.tape is not None)
        watch.triggered.connect(self.ask_for_range)
        self.addSeparator()
        for item in points.items:
            action = self.addAction(icon("x"), item.words())
            action.setData(item)
            action.setToolTip("Remove this breakpoint")
            action.triggered.connect(self._remove)
        always = self.addAction("values that are not finite (always)")
        always.setEnabled(False)
        self.addSeparator()
        clear = self.addAction("Remove all breakpoints")
        clear.setEnabled(bool(points.items))
        clear.triggered.connect(points.clear)

    def ask_for_range(self) -> None:
        """Ask which gradient to watch, and between which norms it is left alone."""
        self.dialog = WatchDialog(self._document, self.window())
        self.dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.dialog.finished.connect(self._forget_dialog)
        self.dialog.open()

    def _remove(self) -> None:
        action = self.sender()
        assert isinstance(action, QAction)
        self._document.walk.breakpoints.remove(action.data())

    def _forget_dialog(self) -> None:
        self.dialog = None


class WatchDialog(QDialog):
    """Which gradient, and the range its norm may have."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.setWindowTitle("Watch the norm of a gradient")
        self.parameter = QComboBox()
        self.parameter.addItem("all parameters together", WHOLE)
        for name in document.parameters():
            self.parameter.addItem(parameter_title(document, name), name)
        self.parameter.setAccessibleName("Gradient of")
        self.low, self.high = QLineEdit("0"), QLineEdit("10")
        self.low.setAccessibleName("Smallest norm")
        self.high.setAccessibleName("Largest norm")
        self.now, self.error = label(role="note"), label(role="error", wrap=True)
        self.error.setMinimumWidth(_WIDTH)
        self.error.hide()
        form = QFormLayout()
        form.addRow("Gradient of", self.parameter)
        form.addRow("", self.now)
        form.addRow("Stop below", self.low)
        form.addRow("Stop above", self.high)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, parent=self
        )
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSizeConstraint(QLayout.SizeConstraint.SetFixedSize)  # grows with what it has to say
        layout.addLayout(form)
        layout.addWidget(self.error)
        layout.addWidget(self.buttons)
        self.parameter.currentIndexChanged.connect(self._show_now)
        self._show_now()

    def accept(self) -> None:
        """Take the range, or say what is wrong with it."""
        try:
            ends = [float(field.text().strip().replace("−", "-") or math.nan) for field in (self.low, self.high)]
            self._document.walk.breakpoints.add(NormRange(self.parameter.currentData(), *ends))
        except OptionError as error:
            self._refuse(str(error))
        except ValueError:
            self._refuse("Both ends have to be numbers, such as 0.1 or 1e3; inf stands for no upper end.")
        else:
            super().accept()

    def _refuse(self, sentence: str) -> None:
        self.error.setText(sentence)
        self.error.show()

    def _show_now(self) -> None:
        tape = self._document.tape
        norm = gradient_norm(tape, self.parameter.currentData()) if tape else math.nan
        self.now.setText(f"{format_number(norm)} in this batch")
