"""What is opened at the start stands there as if it had always been: Undo leads to nothing nobody asked for."""

import dataclasses
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from pytestqt.qtbot import QtBot

from app.document.presets import load_preset
from app.engine.in_process import InProcessEngine
from app.window.main_window import MainWindow
from app.window.start import FIRST, make_window
from core.experiment import Experiment

Opener = Callable[[Experiment], MainWindow]


@pytest.fixture
def start(qtbot: QtBot) -> Iterator[Opener]:
    """Make the window as the program does at its start."""
    windows: list[MainWindow] = []

    def open_(experiment: Experiment) -> MainWindow:
        windows.append(make_window(experiment, InProcessEngine()))
        windows[-1].run_control.load()
        return windows[-1]

    yield open_
    for window in windows:
        window.close()
        window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def few_digits() -> Experiment:
    preset = load_preset("digits-dense")
    return dataclasses.replace(preset, data={**preset.data, "points": 200})


def test_what_is_opened_at_the_start_cannot_be_undone_into_a_stand_in(qtbot: QtBot, start: Opener) -> None:
    window = start(few_digits())
    document = window.document
    assert document.experiment.name == FIRST
    with qtbot.waitSignal(window.opener.loader.loaded):
        pass
    assert document.experiment.name == "digits-dense" and document.data.is_image
    assert not window.command["undo"].isEnabled() and document.edits.undo_label == ""
    assert document.course.past_runs == []
    with qtbot.waitSignal(window.opener.loader.loaded):
        window.opener.open_preset("moons")
    assert window.command["undo"].isEnabled(), "what a person opens later can be undone"
    window.document.undo()
    assert document.experiment.name == "digits-dense"


@pytest.mark.parametrize("touch", ["train", "edit"])
def test_work_on_the_stand_in_is_not_lost(qtbot: QtBot, start: Opener, touch: str) -> None:
    window = start(few_digits())
    document = window.document
    if touch == "train":
        document.next_batch()
    else:
        document.edit("rate", optimizer={"kind": "sgd", "learning_rate": 0.5})
    with qtbot.waitSignal(window.opener.loader.loaded):
        pass
    assert document.experiment.name == "digits-dense"
    window.document.undo()
    assert document.experiment.name == FIRST
    assert document.steps_done == 1 if touch == "train" else document.experiment.optimizer["kind"] == "sgd"


def test_a_data_set_chosen_for_the_network_can_be_undone_even_first_thing(qtbot: QtBot, start: Opener) -> None:
    window = start(load_preset("xor"))
    with qtbot.waitSignal(window.opener.loader.loaded):
        window.opener.choose_data({"kind": "moons"})
    assert window.document.data.title != "XOR" and window.command["undo"].isEnabled()
