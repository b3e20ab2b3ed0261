"""The stack of layers as a person edits it: with the menu, the buttons, dragging and typing; a broken one is mended."""

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from app.panels.data import DataPanel
from app.panels.layers import LayersPanel
from app.window.main_window import MainWindow
from core.layers import LAYERS
from tests.e2e.hands import (
    choose_from_popup,
    click,
    click_row,
    press,
    same_bits,
    says,
    tool_button,
    twin,
    wait_for_data,
    wait_for_steps,
    write,
)

STEPPING = ("run", "batch_start", "next_layer", "next_batch", "next_epoch")


def panel_of(window: MainWindow) -> LayersPanel:
    return window.arrangement.panel(LayersPanel)


def kinds(window: MainWindow) -> list[str]:
    return [spec["kind"] for spec in window.document.experiment.layers]


def listed(window: MainWindow) -> list[str]:
    view = panel_of(window).list
    return [view.item(row).text().split()[1] for row in range(view.count())]


def units_field(window: MainWindow) -> QLineEdit:
    form = panel_of(window).form
    assert form is not None
    field = form.fields["units"].field
    assert isinstance(field, QLineEdit)
    return field


@pytest.fixture
def digits(window: MainWindow, qtbot: QtBot) -> MainWindow:
    """The window with pictures, which need Flatten."""
    wait_for_data(qtbot, window, lambda: click(window.arrangement.panel(DataPanel).tiles["digits"]))
    return window


def test_every_kind_of_layer_can_be_added(digits: MainWindow) -> None:
    """To pictures, behind a layer that leaves them pictures; what does not fit there says what it needs."""
    document, panel = digits.document, panel_of(digits)
    document.edit("pictures", layers=({"kind": "relu"}, *document.experiment.layers))
    before = kinds(digits)
    for kind, layer in LAYERS.items():
        click_row(panel.list, 0)
        choose_from_popup(panel.add_button, layer.title)
        assert kinds(digits) == [before[0], kind, *before[1:]]
        assert panel.form is not None and panel.form.objectName() == kind
        fits = kind not in {"dense", "softmax"}
        assert (
            document.problem == "" if fits else document.problem.startswith(f"Layer 2, {layer.title}, needs a vector")
        )
        document.undo()
        assert kinds(digits) == before and document.problem == ""


def test_a_layer_is_added_behind_the_selected_one_from_the_menu(window: MainWindow) -> None:
    panel = panel_of(window)
    click_row(panel.list, 1)
    choose_from_popup(panel.add_button, "Dense")
    assert kinds(window) == ["dense", "tanh", "dense", "dense"]
    assert listed(window) == ["Dense", "Tanh", "Dense", "Dense"]
    assert panel.list.currentRow() == window.document.selected_layer == 2
    choose_from_popup(panel.add_button, "ReLU")
    assert kinds(window) == ["dense", "tanh", "dense", "relu", "dense"]
    assert len(window.network_view.cards) == 7 and window.document.problem == ""
    press(window, "next_layer", 5)
    assert window.document.record is not None and window.document.record.index == 4


def test_a_layer_is_removed_and_undo_brings_its_trained_weights_back(window: MainWindow, qtbot: QtBot) -> None:
    press(window, "run")
    wait_for_steps(qtbot, window, 20)
    press(window, "run")
    trained, steps = window.document.weights(), window.document.steps_done
    panel = panel_of(window)
    click_row(panel.list, 1)
    click(panel.remove_button)
    assert kinds(window) == ["dense", "dense"] and window.document.steps_done == 0
    click(tool_button(window, "undo"))
    assert kinds(window) == ["dense", "tanh", "dense"]
    assert window.document.steps_done == steps and same_bits(window.document.weights(), trained)
    assert len(window.document.history.losses) == steps


def test_layers_are_reordered_with_the_buttons(window: MainWindow) -> None:
    panel = panel_of(window)
    click_row(panel.list, 0)
    assert not panel.up_button.isEnabled()
    click(panel.down_button)
    assert kinds(window) == ["tanh", "dense", "dense"] and panel.list.currentRow() == 1
    click(panel.down_button)
    assert kinds(window) == ["tanh", "dense", "dense"] and panel.list.currentRow() == 2
    assert [spec.get("units") for spec in window.document.experiment.layers] == [None, 1, 8]
    assert not panel.down_button.isEnabled()
    click(panel.up_button)
    click(panel.up_button)
    assert kinds(window) == ["dense", "tanh", "dense"] and window.document.problem == ""


def test_layers_are_reordered_by_dragging(window: MainWindow) -> None:
    view = panel_of(window).list
    assert view.model().moveRow(QModelIndex(), 0, QModelIndex(), 2)
    assert kinds(window) == ["tanh", "dense", "dense"] == [name.lower() for name in listed(window)]
    assert view.item(0).text().startswith("1 ") and view.item(1).text().startswith("2 ")
    assert view.model().moveRow(QModelIndex(), 2, QModelIndex(), 0)
    assert [spec.get("units") for spec in window.document.experiment.layers] == [1, None, 8]


def test_units_are_edited_by_typing_and_the_list_and_the_card_follow(window: MainWindow) -> None:
    click_row(panel_of(window).list, 0)
    write(units_field(window), "5")
    assert window.document.experiment.layers[0]["units"] == 5
    assert panel_of(window).list.item(0).text().split() == ["1", "Dense", "5"]
    assert window.document.weights()["0.weight"].shape == (5, 2)
    assert "5" in window.network_view.cards[1].content.subtitles[0]
    press(window, "next_layer")
    assert window.network_view.cards[1].shown_y is not None and window.network_view.cards[1].shown_y.shape == (5,)


def test_typing_the_same_number_again_is_no_edit(window: MainWindow) -> None:
    press(window, "next_batch", 2)
    click_row(panel_of(window).list, 0)
    write(units_field(window), "8")
    assert window.document.steps_done == 2 and not tool_button(window, "undo").isEnabled()


def test_without_flatten_the_window_says_so_stops_and_is_mended(digits: MainWindow) -> None:
    panel, document = panel_of(digits), digits.document
    press(digits, "next_batch", 2)
    trained = document.weights()
    click_row(panel.list, 0)
    click(panel.remove_button)
    assert "Flatten" in document.problem and document.tape is None
    assert says(panel, document.problem) and says(digits.network_view, document.problem)
    assert says(digits.status_line, document.problem)
    assert not any(tool_button(digits, name).isEnabled() for name in (*STEPPING, "back"))
    assert len(digits.network_view.cards) == 7
    assert any("does not fit" in card.content.subtitles[0] for card in digits.network_view.cards)
    digits.document.select_layer(-1)
    choose_from_popup(panel.add_button, "Flatten")
    assert document.problem == "" and all(tool_button(digits, name).isEnabled() for name in STEPPING)
    assert not says(panel, "Flatten is") and kinds(digits)[0] == "flatten"
    press(digits, "next_batch")
    click(tool_button(digits, "undo"))
    click(tool_button(digits, "undo"))
    assert document.steps_done == 2 and same_bits(document.weights(), trained)
    other = twin(document)
    for _ in range(2):
        other.train_step()
    assert same_bits(trained, other.network.state_dict())


def test_all_layers_can_be_removed_and_one_be_added_again(window: MainWindow) -> None:
    panel = panel_of(window)
    for _ in range(3):
        click_row(panel.list, 0)
        click(panel.remove_button)
    assert kinds(window) == [] and says(window, "no layers")
    assert not panel.remove_button.isEnabled() and not tool_button(window, "run").isEnabled()
    choose_from_popup(panel.add_button, "Dense")
    assert kinds(window) == ["dense"]
    write(units_field(window), "1")
    assert window.document.problem == ""
    press(window, "next_layer", 2)


def test_an_edit_of_the_layers_while_it_trains_pauses_first(window: MainWindow, qtbot: QtBot) -> None:
    press(window, "run")
    wait_for_steps(qtbot, window, 10)
    click_row(panel_of(window).list, 0)
    write(units_field(window), "6")
    assert not window.document.running and window.document.steps_done == 0
    click(tool_button(window, "undo"))
    assert window.document.steps_done >= 10 and window.document.weights()["0.weight"].shape == (8, 2)


def test_the_selection_follows_cards_and_list_both_ways(window: MainWindow) -> None:
    panel = panel_of(window)
    for card in window.network_view.cards:
        QTest.mouseClick(card, Qt.MouseButton.LeftButton)
        assert window.document.selected_layer == card.index
        assert panel.list.currentRow() == (card.index if 0 <= card.index < 3 else -1)
    click_row(panel.list, 2)
    assert window.document.selected_layer == 2
    assert [card.content.selected for card in window.network_view.cards] == [False, False, False, True, False]


def test_selecting_another_layer_of_a_kind_keeps_its_form_and_the_list(window: MainWindow) -> None:
    panel = panel_of(window)
    click_row(panel.list, 0)
    form, first = panel.form, panel.list.item(0)
    assert form is not None and units_field(window).text() == "8"
    click_row(panel.list, 1)
    assert panel.form is not form and not form.isVisible()
    click_row(panel.list, 2)
    assert panel.form is form and form.isVisible() and units_field(window).text() == "1"
    assert panel.list.item(0) is first
    write(units_field(window), "0")
    assert says(panel, "at least 1")
    click_row(panel.list, 0)
    assert units_field(window).text() == "8" and not says(panel, "at least 1")
