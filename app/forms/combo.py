"""A choice that says it is cut short: style sheets make Qt clip the text of a narrow choice without a sign."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QComboBox, QStyle, QStyleOptionComboBox, QStylePainter

_FRAME = 40
"""What the unfolded list needs beside its words: margins and a scroll bar, in pixels."""


class Combo(QComboBox):
    """A folded-out list is as wide as its words; the folded one ends in "…" where its word does not fit."""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        room = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        )
        option.currentText = option.fontMetrics.elidedText(
            option.currentText, Qt.TextElideMode.ElideRight, room.width()
        )
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        painter.end()

    def showPopup(self) -> None:
        widths = [self.fontMetrics().horizontalAdvance(self.itemText(index)) for index in range(self.count())]
        self.view().setMinimumWidth(max([0, *widths]) + _FRAME)
        super().showPopup()
