"""Has the next batch recorded while a person looks at the end of this one, so that the next step is instant."""

from PySide6.QtCore import QObject, QTimer

from app.document.document import Document

_IDLE = 60
"""Milliseconds of rest after which a person is taken to be looking."""


class Ahead(QObject):
    """Waits for rest at the end of a batch; any move starts the wait anew, and an edit makes what it recorded void."""

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._record)
        document.position_changed.connect(self._follow)
        document.running_changed.connect(self.stop)

    def stop(self) -> None:
        """Wait no longer."""
        self._timer.stop()

    def _follow(self) -> None:
        document = self._document
        self._timer.stop()
        if document.tape and document.cursor == len(document.tape) and not document.running:
            self._timer.start(_IDLE)

    def _record(self) -> None:
        self._document.record_ahead()
