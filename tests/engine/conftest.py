"""Documents whose training is run by an engine, and a check that no slot fails in silence."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

import pytest
from pytestqt.qtbot import QtBot

import app.engine.client
from app.engine.client import ProcessEngine
from app.engine.engine import Engine
from app.engine.in_process import InProcessEngine
from core.experiment import Experiment
from tests.engine.desk import Desk, note_blocks

MakeDesk = Callable[..., Desk]


@pytest.fixture
def make_desk(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeDesk]:
    """Make desks; whatever runs is closed in the end, and an exception in a slot, which Qt only prints, fails."""
    raised: list[BaseException] = []

    def note(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        raised.append(error)
        sys.__excepthook__(kind, error, trace)

    monkeypatch.setattr(sys, "excepthook", note)
    made: list[Desk] = []

    def make(experiment: Experiment, kind: type[Engine] = ProcessEngine) -> Desk:
        made.append(Desk(qtbot, experiment, ProcessEngine(1) if kind is ProcessEngine else InProcessEngine()))
        return made[-1]

    yield make
    for desk in made:
        desk.engine.close()
    assert not raised


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A patience that is over soon."""
    monkeypatch.setattr(app.engine.client, "PATIENCE", 0.3)


@pytest.fixture
def blocks(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Where the blocks of shared memory lie that are made during the test."""
    return note_blocks(monkeypatch)
