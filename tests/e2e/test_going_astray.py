"""A training that comes to infinity, seen by the person who pressed Run: told, shown where, and mended."""

import pytest
from pytestqt.qtbot import QtBot

from app.panels.boundary import Boundary
from app.panels.gradient_flow import GradientFlow
from app.window.main_window import MainWindow
from tests.e2e.hands import press, tool_button

LAYERS = ({"kind": "dense", "units": 4}, {"kind": "relu"}, {"kind": "dense", "units": 1})


@pytest.mark.parametrize("closed", [(), (Boundary, GradientFlow)])
def test_a_run_that_goes_astray_stops_at_the_record_where_it_did(
    window: MainWindow, qtbot: QtBot, closed: tuple[type, ...]
) -> None:
    document = window.document
    for kind in closed:
        window.arrangement.docks[kind].close()
    document.edit("too fast", layers=LAYERS, loss={"kind": "mse"}, optimizer={"kind": "sgd", "learning_rate": 1e4})
    press(window, "run")
    qtbot.waitUntil(lambda: not window.document.running)
    tape = document.tape
    assert tape is not None and tape.refused.startswith(f"Step {document.steps_done + 1}: ")
    assert window.banner.isVisible() and tape.refused in window.banner.accessibleName()
    for kind in closed:
        window.arrangement.docks[kind].toggleViewAction().trigger()
    press(window, "batch_start")
    press(window, "next_layer", len(tape))
    assert document.cursor == len(tape) and tool_button(window, "run").isEnabled()
    document.edit("mended", optimizer={"kind": "sgd", "learning_rate": 1e-30})
    document.travel(0)
    press(window, "next_batch", 2)
    assert document.tape is not None and not document.tape.refused


def test_a_panel_behind_a_tab_is_drawn_when_its_tab_is_chosen(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind = window.arrangement.panel(GradientFlow)
    drawn: list[int] = []
    refresh = behind.refresh

    def counted() -> None:
        drawn.append(window.document.cursor)
        refresh()

    monkeypatch.setattr(behind, "refresh", counted)
    assert behind.isVisible() and not behind.is_seen, "Qt parks it where nobody sees it"
    press(window, "next_batch", 3)
    press(window, "run")
    qtbot.waitUntil(lambda: window.document.steps_done > 10)
    press(window, "run")
    qtbot.waitUntil(lambda: not window.document.running)
    assert drawn == []
    window.arrangement.docks[GradientFlow].raise_()
    qtbot.waitUntil(lambda: bool(drawn))
    assert drawn == [window.document.cursor]
    press(window, "next_batch")
    assert len(drawn) == 2
