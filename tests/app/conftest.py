"""What every test of a view gets: an exception in a slot, which Qt would only print, fails the test."""

import sys
from collections.abc import Iterator
from types import TracebackType

import pytest


@pytest.fixture(autouse=True)
def _exceptions_fail(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Print it, as Qt does, and remember it; a test without Qt pays nothing."""
    raised: list[BaseException] = []

    def note(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        raised.append(error)
        sys.__excepthook__(kind, error, trace)

    if not {"qtbot", "qapp"}.isdisjoint(request.fixturenames):
        monkeypatch.setattr(sys, "excepthook", note)
    yield
    assert not raised
