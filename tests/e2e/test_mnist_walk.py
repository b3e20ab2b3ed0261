"""MNIST by its tile: the network is fitted and said so, the pictures are the real ones, and XOR comes back."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.network_view.card import Card
from app.panels.data import DataPanel
from app.panels.inspector import Inspector
from app.panels.predictions import Predictions
from app.window.main_window import MainWindow
from core.datasets.mnist import Mnist
from tests.e2e.hands import (
    choose,
    click,
    menu_action,
    press,
    same_array,
    same_bits,
    says,
    tape_of,
    tool_button,
    twin,
    wait_for_data,
)

FORWARD = 6  # Flatten, Dense, ReLU, Dense, ReLU, Dense


@pytest.fixture
def mnist(window: MainWindow, qtbot: QtBot, mnist_folder: Path, monkeypatch: pytest.MonkeyPatch) -> MainWindow:
    """The window after its MNIST tile was clicked."""
    monkeypatch.setenv("CHAINRULE_DATA", str(mnist_folder))
    tile = window.arrangement.panel(DataPanel).tiles["mnist"]
    wait_for_data(qtbot, window, lambda: click(tile))
    return window


def card_of(window: MainWindow, index: int) -> Card:
    return next(card for card in window.network_view.cards if card.index == index)


def test_the_tile_loads_the_real_digits_and_fits_the_network(mnist: MainWindow, mnist_folder: Path) -> None:
    document = mnist.document
    assert (len(document.data.x_train), len(document.data.x_test)) == (60_000, 10_000)
    assert [spec["kind"] for spec in document.experiment.layers] == [
        "flatten", "dense", "relu", "dense", "relu", "dense",
    ]  # fmt: skip
    assert document.experiment.loss["kind"] == "cross_entropy" and document.problem == ""
    assert mnist.banner.isVisible() and says(mnist.banner, "replaced", "Undo")
    assert says(mnist, "60\u202f000 train")
    assert mnist.arrangement.panel(DataPanel).tiles["mnist"].isChecked()
    assert len(mnist.network_view.cards) == FORWARD + 2
    assert mnist.arrangement.panel(Predictions).isVisible()
    fresh = Mnist.from_options({}).load(mnist_folder)
    assert same_array(card_of(mnist, -1).shown_y, fresh.x_train[tape_of(document).rows[0]])


def test_mid_backward_shows_the_tensors_of_a_step_and_the_predictions_of_the_batch(mnist: MainWindow) -> None:
    document = mnist.document
    predictions = mnist.arrangement.panel(Predictions)
    tape = twin(document).record_step()
    assert says(predictions, "press Next layer") or "press Next layer" in predictions.grid.message()
    press(mnist, "next_layer", FORWARD + 1)
    logits = tape.records[FORWARD - 1].tensors["y"]
    true = document.data.t_train[tape.rows]
    assert predictions.grid.message() == ""
    assert np.array_equal(predictions.grid.wrong(), logits.argmax(axis=1) != true)
    assert says(mnist, f"{np.count_nonzero(logits.argmax(axis=1) != true)} of 64 wrong")
    press(mnist, "next_layer", 3)
    for index in range(FORWARD):
        done = index >= FORWARD - 3
        record = next((r for r in tape.records if r.phase == "backward" and r.index == index), None)
        assert same_array(card_of(mnist, index).shown_y, tape.records[index].tensors["y"][0])
        assert record is None or same_array(card_of(mnist, index).shown_dy, record.tensors["dy"][0] if done else None)
    assert card_of(mnist, 3).content.active == "backward"
    assert says(mnist.arrangement.panel(Inspector), "64 outputs × 128 inputs")
    place = predictions.grid.cell_rect(2).center().toPoint()
    QTest.mouseClick(predictions.grid, Qt.MouseButton.LeftButton, pos=place)
    assert document.sample == 2
    assert same_array(card_of(mnist, 3).shown_dy, tape.records[9].tensors["dy"][2])
    assert same_array(card_of(mnist, -1).shown_y, tape.x[2])


def test_a_step_of_mnist_leaves_the_weights_of_a_plain_step(mnist: MainWindow) -> None:
    other = twin(mnist.document)
    press(mnist, "next_batch", 2)
    other.train_step()
    other.train_step()
    assert same_bits(mnist.document.weights(), other.network.state_dict())


def test_xor_comes_back_by_its_tile_and_mnist_by_undo(mnist: MainWindow, qtbot: QtBot) -> None:
    document = mnist.document
    press(mnist, "next_batch", 2)
    trained = document.weights()
    wait_for_data(qtbot, mnist, lambda: click(mnist.arrangement.panel(DataPanel).tiles["xor"]))
    assert document.data.is_plane and document.problem == ""
    assert says(mnist, "200 train · 200 test")
    press(mnist, "next_batch")
    click(tool_button(mnist, "undo"))
    assert len(document.data.x_train) == 60_000
    assert document.steps_done == 2 and same_bits(document.weights(), trained)


def test_a_preset_of_the_menu_opens_with_its_own_network(
    window: MainWindow, qtbot: QtBot, mnist_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAINRULE_DATA", str(mnist_folder))
    for name, layers in (("mnist-dense", 6), ("circles", 3), ("xor", 3)):
        assert menu_action(window, "File", "Open preset", name)
        wait_for_data(qtbot, window, lambda name=name: choose(window, "File", "Open preset", name))  # type: ignore[misc]
        assert window.document.experiment.name == name
        assert window.windowTitle() == f"{name} — Chainrule"
        assert len(window.network_view.cards) == layers + 2


def test_training_goes_on_from_mid_batch(mnist: MainWindow, qtbot: QtBot) -> None:
    press(mnist, "next_layer", 4)
    press(mnist, "run")
    qtbot.waitUntil(lambda: mnist.document.steps_done >= 3)
    press(mnist, "run")
    other = twin(mnist.document)
    for _ in range(mnist.document.steps_done):
        other.train_step()
    assert same_bits(mnist.document.weights(), other.network.state_dict())
    assert says(mnist, "samples/s last run")
