"""What goes wrong with one choice of data costs neither another one that is on its way nor what is open."""

import pytest
from pytestqt.qtbot import QtBot

from app.document.presets import load_preset
from app.window.main_window import MainWindow
from core.datasets.base import Dataset
from core.datasets.digits import Digits
from tests.e2e.hands import says, wait_for_data


def test_a_wrong_choice_does_not_touch_the_experiment_that_is_being_loaded(window: MainWindow, qtbot: QtBot) -> None:
    wanted = load_preset("digits-dense")

    def act() -> None:
        window.opener.open_experiment(wanted)
        window.opener.choose_data({"kind": "xor", "points": -5})
        assert says(window, "points must be")

    wait_for_data(qtbot, window, act)
    assert window.document.experiment == wanted


def test_data_that_does_not_fit_into_memory_is_refused_in_a_sentence(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(source: Digits, folder: object = None) -> Dataset:
        raise MemoryError

    monkeypatch.setattr(Digits, "load", load)
    before = window.document.experiment
    with qtbot.waitSignal(window.opener.failed, timeout=20_000):
        window.opener.choose_data({"kind": "digits"})
    assert says(window, "not enough memory for this data") and window.document.experiment == before
