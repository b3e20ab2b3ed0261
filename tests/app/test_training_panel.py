"""The Training panel on a real document: everything about training can be chosen there, and problems are said there."""

import dataclasses
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu
from pytestqt.qtbot import QtBot

from app.document.document import Document
from app.document.presets import load_preset
from app.forms.spec_form import SpecForm
from app.forms.value_edit import ValueEdit
from app.panels.training import TrainingPanel
from app.theme import apply_theme
from core.layers import layer_from_spec
from core.losses import loss_from_spec
from tests.app.panel_documents import number_document, picture_document, tape_of

LEFT = Qt.MouseButton.LeftButton
DENSE_ONE = {"kind": "dense", "units": 1}


@pytest.fixture
def document() -> Document:
    """XOR as it ships: 200 training points in batches of 10."""
    preset = load_preset("xor")
    return Document(preset, preset.source().load())


@pytest.fixture
def panel(qtbot: QtBot, qapp: QApplication, document: Document) -> TrainingPanel:
    return show(qtbot, document)


def show(qtbot: QtBot, document: Document) -> TrainingPanel:
    """The panel at the least width of its column."""
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    apply_theme(application, "light")
    panel = TrainingPanel(document)
    qtbot.addWidget(panel)
    panel.resize(236, 700)
    panel.show()
    QApplication.processEvents()
    return panel


def choose(form: SpecForm, title: str) -> None:
    index = form.kind.findText(title)
    assert index >= 0, title
    form.kind.setCurrentIndex(index)
    form.kind.activated.emit(index)
    QApplication.processEvents()


def write(widget: Any, text: str) -> None:
    assert isinstance(widget, QLineEdit) and widget.isVisible()
    widget.setFocus()
    widget.selectAll()
    widget.insert(text)
    QTest.keyClick(widget, Qt.Key.Key_Return)


def batch_menu(panel: TrainingPanel) -> QMenu:
    """The menu of the batch size, as the arrow key unfolds it."""
    edit = panel.numbers["batch_size"].field
    assert isinstance(edit, ValueEdit)
    edit.setFocus()
    QTest.keyClick(edit, Qt.Key.Key_Down)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


def pick(menu: QMenu, text: str) -> None:
    entry = next(action for action in menu.actions() if action.text() == text)
    QTest.mouseClick(menu, LEFT, pos=menu.actionGeometry(entry).center())


@pytest.mark.parametrize(
    ("entry", "title", "option", "typed", "spec"),
    [
        ("loss", "Huber", "delta", "0.5", {"kind": "huber", "delta": 0.5}),
        ("optimizer", "SGD", "momentum", "0.9", {"kind": "sgd", "momentum": 0.9}),
        ("schedule", "Cosine", "total_steps", "2 000", {"kind": "cosine", "total_steps": 2000}),
        ("schedule", "One cycle", "pct_start", ".2", {"kind": "one_cycle", "pct_start": 0.2}),
        ("initializer", "Normal", "std", "0.3", {"kind": "normal", "std": 0.3}),
        ("penalty", "L1 penalty", "strength", "1e-3", {"kind": "l1", "strength": 0.001}),
        ("clipping", "By norm", "max_norm", "2", {"kind": "norm", "max_norm": 2.0}),
    ],
)
def test_everything_about_training_can_be_chosen(
    panel: TrainingPanel, document: Document, entry: str, title: str, option: str, typed: str, spec: dict[str, Any]
):
    before = getattr(document.experiment, entry)
    choose(panel.forms[entry], title)
    write(panel.forms[entry].fields[option].field, typed)
    assert getattr(document.experiment, entry) == spec
    assert document.problem == "" and document.trainer is not None
    document.undo()
    document.undo()
    assert getattr(document.experiment, entry) == before
    assert panel.forms[entry].kind.currentData() == before["kind"]


@pytest.mark.parametrize("name", ["batch_size", "epochs", "seed"])
def test_numbers_can_be_typed(panel: TrainingPanel, document: Document, name: str):
    write(panel.numbers[name].field, "7")
    assert getattr(document.experiment, name) == 7


def test_what_is_chosen_is_what_trains(panel: TrainingPanel, document: Document):
    choose(panel.forms["clipping"], "By value")
    write(panel.forms["clipping"].fields["limit"].field, "0.001")
    choose(panel.forms["penalty"], "L2 penalty")
    document.next_batch()
    tape = tape_of(document)
    assert any(record.name == "Penalty" for record in tape.records)
    updates = [record.tensors["gradient"] for record in tape.records if record.phase == "update"]
    assert max(abs(gradient).max() for gradient in updates) == pytest.approx(0.001)


def test_single_sample_mini_batch_and_full_batch_are_a_click_away(panel: TrainingPanel, document: Document):
    texts = [action.text() for action in batch_menu(panel).actions()]
    assert texts == ["1 · single sample", "32 · mini-batch", "200 · full batch"]
    for text, size in zip(texts, (1, 32, 200), strict=True):
        pick(batch_menu(panel), text)
        assert document.experiment.batch_size == size
        assert len(tape_of(document).rows) == size


def test_the_full_batch_follows_the_data(panel: TrainingPanel, document: Document):
    other = dataclasses.replace(document.experiment, data={**document.experiment.data, "points": 40})
    document.change("other data", other, other.source().load())
    assert [action.text() for action in batch_menu(panel).actions()] == ["1 · single sample", "20 · full batch"]
    pick(batch_menu(panel), "20 · full batch")
    assert document.experiment.batch_size == 20


def test_the_title_says_how_many_steps_an_epoch_has(qtbot: QtBot, panel: TrainingPanel, document: Document):
    for size, note in ((30, "7 steps an epoch"), (200, "1 step an epoch"), (1000, "1 step an epoch")):
        with qtbot.waitSignal(panel.note_changed) as said:
            write(panel.numbers["batch_size"].field, str(size))
        assert said.args == [note]
        assert document.trainer and f"{document.trainer.batches_per_epoch} step" in note


@pytest.mark.parametrize(
    ("last", "loss"),
    [
        ("sigmoid", "bce_with_logits"),
        ("softmax", "cross_entropy"),
        ("dense", "binary_cross_entropy"),
        ("dense", "negative_log_likelihood"),
    ],
)
def test_a_loss_that_does_not_suit_the_last_layer_is_said_beside_it(qtbot: QtBot, last: str, loss: str):
    document = picture_document()
    end: list[dict[str, Any]] = [{"kind": last}] if last != "dense" else []
    layers: tuple[dict[str, Any], ...] = ({"kind": "flatten"}, {"kind": "dense", "units": 3}, *end)
    document.edit("a network", layers=layers, loss={"kind": "mse"})
    panel = show(qtbot, document)
    form = panel.forms["loss"]
    assert not form.problem.isVisible()
    choose(form, loss_from_spec({"kind": loss}).title)
    assert form.problem.isVisible() and form.problem.text() == document.problem
    assert layer_from_spec(layers[-1]).title in form.problem.text()
    document.undo()
    assert not form.problem.isVisible()


def test_a_loss_that_does_not_suit_the_data_is_said_beside_it(qtbot: QtBot):
    document = number_document()
    panel = show(qtbot, document)
    form = panel.forms["loss"]
    choose(form, "Cross-entropy")
    assert "tells classes apart" in form.problem.text() and form.problem.isVisible()


def test_too_few_outputs_are_said_beside_the_loss(qtbot: QtBot):
    document = picture_document()
    panel = show(qtbot, document)
    document.edit("one output", layers=({"kind": "flatten"}, DENSE_ONE))
    assert panel.forms["loss"].problem.text().startswith("The last layer gives 1 value and the data has 3 classes")


@pytest.mark.parametrize(
    "layers",
    [(), (DENSE_ONE,), ({"kind": "conv2d", "filters": 2, "kernel_size": 9}, {"kind": "flatten"}, DENSE_ONE),
     ({"kind": "flatten"}, {"kind": "dense", "units": 50_000_000}, {"kind": "dense", "units": 3})],
    ids=["none", "no flatten", "large kernel", "too much memory"],
)  # fmt: skip
def test_what_is_wrong_with_a_layer_is_not_said_of_the_loss(qtbot: QtBot, layers: tuple[dict[str, Any], ...]):
    document = picture_document()
    panel = show(qtbot, document)
    document.edit("wrong layers", layers=layers)
    assert document.problem
    assert not panel.forms["loss"].problem.isVisible()


def test_numbers_that_are_not_finite_are_not_said_of_the_loss(panel: TrainingPanel, document: Document):
    layers = (*[{"kind": "dense", "units": 100}] * 10, DENSE_ONE)
    document.edit("far too large", layers=layers, initializer={"kind": "constant", "value": 100.0})
    document.next_batch()
    assert document.tape is not None and "not finite" in document.tape.refused
    assert not panel.forms["loss"].problem.isVisible()


def test_rare_options_stay_unfolded_while_optimizers_are_tried(panel: TrainingPanel):
    form = panel.forms["optimizer"]
    assert not form.fields["beta1"].isVisible()
    QTest.mouseClick(form.more.button, LEFT)
    for title, rare in (("RMSProp", {"alpha", "eps"}), ("Adagrad", {"eps"}), ("AdamW", {"beta1", "beta2", "eps"})):
        choose(form, title)
        assert {name for name, field in form.fields.items() if field.option.advanced} == rare
        assert all(form.fields[name].isVisible() for name in rare)
    choose(form, "SGD")
    assert not form.more.isVisible()


def test_a_folded_rare_option_can_be_changed_and_is_counted(panel: TrainingPanel, document: Document):
    form = panel.forms["optimizer"]
    QTest.mouseClick(form.more.button, LEFT)
    write(form.fields["beta1"].field, "0.5")
    assert document.experiment.optimizer["beta1"] == 0.5
    QTest.mouseClick(form.more.button, LEFT)
    assert form.more.button.text() == "More options (1 changed)" and not form.fields["beta1"].isVisible()


def test_nothing_is_cut_off_at_the_least_width(panel: TrainingPanel):
    choose(panel.forms["schedule"], "One cycle")
    choose(panel.forms["penalty"], "L2 penalty")
    choose(panel.forms["initializer"], "Normal")
    QTest.mouseClick(panel.forms["optimizer"].more.button, LEFT)
    QApplication.processEvents()
    fields = [field for form in panel.forms.values() for field in form.fields.values() if field.isVisible()]
    for field in (*fields, *panel.numbers.values()):
        assert field.label.width() >= field.label.sizeHint().width(), field.option.name
        assert field.mapTo(panel, field.field.geometry().topRight()).x() < panel.width() - 9, field.option.name
