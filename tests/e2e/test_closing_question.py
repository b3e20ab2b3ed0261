"""A person who closes the window after a long training is asked; nobody is who has nothing to lose."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

import app.window.closing
from app.window.main_window import MainWindow
from tests.e2e.hands import choose, click, press, wait_for_steps


@pytest.fixture
def trained(window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> MainWindow:
    """The window after a training that counts as a long one."""
    monkeypatch.setattr(app.window.closing, "LONG", 1e-9)
    press(window, "run")
    wait_for_steps(qtbot, window, 5)
    press(window, "run")
    qtbot.waitUntil(lambda: not window.document.running)
    return window


def by_frame(window: MainWindow) -> None:
    """Close it with the cross of its frame: such an event comes from the system, for which Qt's tests have no hands."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(QCloseEvent, "spontaneous", lambda event: True)
        window.close()


def question(window: MainWindow) -> QMessageBox:
    box = window.closing.box
    assert box is not None and box.isVisible() and window.isVisible()
    return box


def answer(window: MainWindow, words: str) -> None:
    click(next(button for button in question(window).buttons() if button.text() == words))


@pytest.mark.parametrize("way", ["frame", "menu"])
def test_a_long_training_is_not_lost_by_a_slip(trained: MainWindow, way: str) -> None:
    def close() -> None:
        if way == "frame":
            by_frame(trained)
        else:
            choose(trained, "File", "Quit")

    close()
    assert "of training would be lost" in question(trained).text()
    QTest.keyClick(question(trained), Qt.Key.Key_Escape)
    assert trained.isVisible() and trained.closing.box is None
    close()
    answer(trained, "Do not close")
    assert trained.isVisible()
    press(trained, "next_batch")
    close()
    answer(trained, "Close anyway")
    assert not trained.isVisible()


def test_it_is_asked_while_the_training_goes_on_too(trained: MainWindow, qtbot: QtBot) -> None:
    press(trained, "run")
    by_frame(trained)
    steps = trained.document.steps_done
    question(trained)
    wait_for_steps(qtbot, trained, steps + 20)
    answer(trained, "Close anyway")
    assert not trained.isVisible()


def test_weights_that_were_exported_are_not_lost(
    trained: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "weights.npz"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *arguments: (str(path), ""))
    by_frame(trained)
    answer(trained, "Export weights…")
    assert path.exists() and trained.isVisible()
    by_frame(trained)
    assert not trained.isVisible()


@pytest.mark.parametrize("command", ["reset", "new_weights"])
def test_who_has_begun_anew_has_nothing_to_lose(trained: MainWindow, command: str) -> None:
    trained.command[command].trigger()
    by_frame(trained)
    assert not trained.isVisible()


def test_a_short_training_is_not_asked_about(window: MainWindow, qtbot: QtBot) -> None:
    press(window, "run")
    wait_for_steps(qtbot, window, 5)
    by_frame(window)
    assert not window.isVisible()


def test_the_program_itself_is_not_asked(trained: MainWindow) -> None:
    trained.close()
    assert not trained.isVisible()
