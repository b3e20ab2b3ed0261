"""The functions that computed a number, as they stand in their files; the lines that lead to it stand out."""

import inspect
import linecache

from PySide6.QtGui import QColor, QTextCursor, QTextFormat
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QPushButton, QTextEdit, QWidget

from app.layouts import fill, label
from app.theme import current_theme, mono_font, theme_changed
from core.explain.code import Code

_MOST_LINES = 16

RAN = "The NumPy that ran"
LOOPS = "The same as loops, to be read (the NumPy that ran is faster and gives the same)"


class CodeView(QPlainTextEdit):
    """Read-only code that scrolls sideways instead of widening the tab."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._marked: tuple[int, ...] = ()
        self.setReadOnly(True)
        self.setFont(mono_font())
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setAccessibleName(RAN)
        theme_changed.connect(self._mark)

    def show_code(self, code: tuple[Code, ...]) -> None:
        """Show the functions one below the other, without their common indentation, the leading lines marked."""
        texts, marked, above = [], [], 0
        for function in code:
            source = function.source
            lines = linecache.getlines(str(source.path))[source.first - 1 : source.last]
            texts.append(inspect.cleandoc("\n" + "".join(lines)))
            marked += [above + line - source.first for line in sorted(function.leading)]
            above += texts[-1].count("\n") + 2
        text = "\n\n".join(texts)
        if text != self.toPlainText():
            self.setPlainText(text)
        self._marked = tuple(marked)
        self._mark()
        self.setFixedHeight(self.fontMetrics().lineSpacing() * (min(text.count("\n") + 1, _MOST_LINES) + 2))

    def marked_lines(self) -> list[str]:
        """The lines that stand out."""
        return [self.document().findBlockByNumber(number).text() for number in self._marked]

    def _mark(self) -> None:
        selections = []
        for number in self._marked:
            selection = QTextEdit.ExtraSelection()
            selection.cursor = QTextCursor(self.document().findBlockByNumber(number))
            selection.format.setBackground(QColor(current_theme().selected))
            selection.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
            selections.append(selection)
        self.setExtraSelections(selections)


class CodeBlock(QWidget):
    """The code with its title, and the loops it can be read as where there are any."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title, self.view = label(role="note", wrap=True), CodeView()
        self.loops_button = QPushButton()
        self._ran: tuple[Code, ...] = ()
        self._loops: tuple[Code, ...] = ()
        self._reads_loops = False
        fill(self, self.title, self.view, self.loops_button)
        self.loops_button.clicked.connect(self._turn)

    def show_code(self, ran: tuple[Code, ...], loops: tuple[Code, ...] = ()) -> None:
        """Show what ran, or its loops where these were asked for; hide where nothing ran."""
        same = (ran, loops) == (self._ran, self._loops)
        self._ran, self._loops = ran, loops
        self.setVisible(bool(ran))
        # While a training runs the numbers change, and the code that makes them does not.
        if ran and not same:
            self._fill()

    def _turn(self) -> None:
        self._reads_loops = not self._reads_loops
        self._fill()

    def _fill(self) -> None:
        loops = self._reads_loops and bool(self._loops)
        code = self._loops if loops else self._ran
        by_file: dict[str, list[str]] = {}
        for function in code:
            path = function.source.path
            by_file.setdefault(f"{path.parent.name}/{path.name}", []).append(function.name)
        files = ", ".join(f"{file} ({', '.join(names)})" for file, names in by_file.items())
        marked = "; the lines that lead to this number are marked" if code[0].leading else ""
        self.title.setText(f"{LOOPS if loops else RAN} — {files}{marked}")
        self.view.show_code(code)
        self.loops_button.setVisible(bool(self._loops))
        self.loops_button.setText("Show the NumPy that ran" if loops else "Read it as loops")
