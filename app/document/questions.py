"""Which number is being explained, and over which numbers the question came there."""

from typing import ClassVar

from psygnal import Signal

from core.explain.protocol import Place


class Questions:
    """A trail of places on the tape; the last one is being explained."""

    changed: ClassVar[Signal] = Signal()

    def __init__(self) -> None:
        self.trail: tuple[Place, ...] = ()

    @property
    def current(self) -> Place | None:
        """The place that is being explained."""
        return self.trail[-1] if self.trail else None

    def ask(self, place: Place) -> None:
        """Explain a number; a new trail begins."""
        self._set((place,))

    def follow(self, place: Place) -> None:
        """Go on to a number that the current one was made from; one that is on the trail already ends it there."""
        before = self.trail[: self.trail.index(place)] if place in self.trail else self.trail
        self._set((*before, place))

    def back_to(self, position: int) -> None:
        """Return to an earlier place of the trail."""
        self._set(self.trail[: position + 1])

    def forget(self) -> None:
        """Explain nothing."""
        self._set(())

    def _set(self, trail: tuple[Place, ...]) -> None:
        if trail != self.trail:
            self.trail = trail
            self.changed.emit()
