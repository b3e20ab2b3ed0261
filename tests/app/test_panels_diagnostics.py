"""The diagnostics show figures of what is there, and cost nothing while nobody looks."""

import time

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.panels.diagnostics import Diagnostics
from core.words import memory_text
from tests.app.documents import batches, with_memory


def values(view: Diagnostics) -> dict[str, str]:
    return {name: label.text() for name, label in view.values.items()}


def test_figures_of_memory_are_those_of_the_document(qtbot: QtBot) -> None:
    document = with_memory()
    view = Diagnostics(document)
    qtbot.addWidget(view)
    batches(document, 20)
    view.refresh()
    shown = values(view)
    assert shown["History memory"].endswith("of 256.0 MB")
    assert shown["Tape memory"] == memory_text(document.tape_memory)
    assert (shown["Steps/s"], shown["Frames waiting"], shown["Frames/s"]) == ("0", "–", "–")
    view.frames_waiting = lambda: 1
    view.refresh()
    assert values(view)["Frames waiting"] == "1"


def test_it_measures_only_while_it_can_be_seen(qtbot: QtBot) -> None:
    view = Diagnostics(with_memory())
    qtbot.addWidget(view)
    assert not view.measuring
    view.show()
    assert view.measuring
    qtbot.waitUntil(lambda: values(view)["Frames/s"] != "–")
    assert values(view)["Frame gap, p95"].endswith(" ms")
    view.hide()
    assert not view.measuring
    before = values(view)
    assert values(view) == before


def test_the_rate_of_steps_is_that_of_the_curve(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    document = with_memory()
    view = Diagnostics(document)
    qtbot.addWidget(view)
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    document.begin_run()
    for seconds, steps in ((0, 50), (2, 50)):
        now[0] += seconds
        document.show_progress(len(document.history.losses) + 1, np.full(steps, 0.5), {})
        view.refresh()
    assert (values(view)["Steps/s"], values(view)["Samples/s"]) == ("25", "200")


def test_pictures_of_a_running_training_are_counted(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    document = with_memory()
    view = Diagnostics(document)
    qtbot.addWidget(view)
    view.show()
    batches(document, 2)
    view.refresh()
    assert values(view)["Pictures/s"] == "–" and "not frames that were drawn" in view.values["Frames/s"].toolTip()
    state = document.begin_run()
    assert state
    now = [time.monotonic()]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    for _ in range(6):
        document.show_state(state)
    view.refresh()
    assert values(view)["Pictures/s"] == "1.5"
    now[0] += 5
    view.refresh()
    assert values(view)["Pictures/s"] == "0.0"
