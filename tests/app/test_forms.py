"""Fields and forms as a person types into them: sentences where they belong, and only allowed values let through."""

import html
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit
from pytestqt.qtbot import QtBot

from app.forms.option_field import OptionField
from app.forms.spec_form import SpecForm
from app.panels.training import TrainingPanel
from core.docs import summary
from core.experiment import BATCH_SIZE
from core.initializers import INITIALIZERS
from core.layers import LAYERS
from core.losses import LOSSES
from core.optimizers import OPTIMIZERS
from core.options import Option
from core.schedules import SCHEDULES
from tests.app.documents import Ears, xor_document

UNITS = Option("units", int, 8, minimum=1, maximum=1_000_000, help="How many neurons.")
RATE = Option("learning_rate", float, 0.1, above=0, maximum=10, help="How far one step goes.")
STRIDE = Option("stride", int, None, minimum=1, help="How far the window moves; empty: as far as it is large.")
PADDING = Option("padding", int, 0, minimum=0, choices=("same",), help="The border.")
NESTEROV = Option("nesterov", bool, False, help="Look ahead.")
SCALING = Option("scaling", str, "unit", choices=("unit", "standard"), help="The pixels.")


class Chosen(list[tuple[str, Any]]):
    """What a field let through."""

    def take(self, name: str, value: Any) -> None:
        self.append((name, value))


def make_field(qtbot: QtBot, option: Option, value: Any) -> tuple[OptionField, Chosen]:
    field, chosen = OptionField(option, "Dense"), Chosen()
    qtbot.addWidget(field)
    field.show_value(value)
    field.chosen.connect(chosen.take)
    field.show()
    return field, chosen


def type_into(field: OptionField, text: str) -> None:
    """Replace the text, as pasting does, and press Return."""
    line = field.field
    assert isinstance(line, QLineEdit)
    line.setFocus()
    line.selectAll()
    line.insert(text)
    QTest.keyClick(line, Qt.Key.Key_Return)


def text_of(field: OptionField) -> str:
    assert isinstance(field.field, QLineEdit)
    return field.field.text()


@pytest.mark.parametrize(
    ("option", "typed", "said"),
    [
        (UNITS, "0", "0"),
        (UNITS, "-1", "-1"),
        (UNITS, "−1", "-1"),
        (UNITS, "abc", "'abc'"),
        (UNITS, "", "''"),
        (UNITS, "2.5", "2.5"),
        (UNITS, "1e999", "inf"),
        (UNITS, "nan", "nan"),
        (UNITS, "1000000000", "1000000000"),
        (UNITS, "same", "'same'"),
        (RATE, "0", "0.0"),
        (RATE, "-1", "-1.0"),
        (RATE, "abc", "'abc'"),
        (RATE, "0,5", "'0,5'"),
        (RATE, "nan", "nan"),
        (RATE, "1e999", "inf"),
        (RATE, "-inf", "-inf"),
        (RATE, "ten", "'ten'"),
        (STRIDE, "0", "0"),
        (STRIDE, "none", "'none'"),
        (PADDING, "valid", "'valid'"),
        (PADDING, "-1", "-1"),
    ],
    ids=lambda value: value.name if isinstance(value, Option) else str(value),
)
def test_what_makes_no_sense_is_said_at_the_field_and_kept(qtbot: QtBot, option: Option, typed: str, said: str) -> None:
    field, chosen = make_field(qtbot, option, 3)
    assert field.error.isHidden()
    type_into(field, typed)
    assert not field.error.isHidden()
    assert field.error.text() == f"Dense: {option.words} must be {option.range_text(open_is='empty')}, not {said}."
    assert text_of(field) == typed and chosen == []
    # Leaving the field and coming back changes none of it.
    field.field.clearFocus()
    assert not field.error.isHidden() and text_of(field) == typed and chosen == []
    type_into(field, "7")
    assert field.error.isHidden() and chosen == [(option.name, 7)]
    assert type(chosen[0][1]) is option.type


@pytest.mark.parametrize(
    ("option", "typed", "value"),
    [
        (UNITS, " 12 ", 12),
        (UNITS, "8.0", 8),
        (UNITS, "1e3", 1000),
        (UNITS, "12 000", 12_000),
        (UNITS, "12\u202f000", 12_000),
        (UNITS, "12\u2009000", 12_000),
        (UNITS, "12\u00a0000", 12_000),
        (RATE, "1e-3", 0.001),
        (RATE, ".5", 0.5),
        (RATE, "3", 3.0),
        (STRIDE, "2", 2),
        (STRIDE, "", None),
        (STRIDE, "  ", None),
        (PADDING, "same", "same"),
        (PADDING, " same ", "same"),
        (PADDING, "2", 2),
    ],
    ids=lambda value: value.name if isinstance(value, Option) else repr(value),
)
def test_what_makes_sense_is_let_through_once(qtbot: QtBot, option: Option, typed: str, value: Any) -> None:
    field, chosen = make_field(qtbot, option, 1)
    type_into(field, typed)
    assert chosen == [(option.name, value)] and type(chosen[0][1]) is type(value)
    assert field.error.isHidden()


def test_back_to_the_old_value_takes_the_sentence_away(qtbot: QtBot) -> None:
    field, chosen = make_field(qtbot, RATE, 0.03)
    assert text_of(field) == "0.03"
    type_into(field, "abc")
    type_into(field, "0.03")
    assert field.error.isHidden() and chosen == [("learning_rate", 0.03)]


def test_leaving_a_field_unchanged_lets_nothing_through(qtbot: QtBot) -> None:
    # However many digits of 1/3 are shown, they must not become the value.
    field, chosen = make_field(qtbot, RATE, 1 / 3)
    QTest.keyClick(field.field, Qt.Key.Key_Return)
    assert text_of(field).startswith("0.33333") and chosen == []


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [(UNITS, 128, "128"), (RATE, 0.001, "0.001"), (RATE, 0.5, "0.5"), (STRIDE, None, ""), (PADDING, "same", "same")],
)
def test_a_value_that_holds_is_shown(qtbot: QtBot, option: Option, value: Any, text: str) -> None:
    field, chosen = make_field(qtbot, option, 2)
    type_into(field, "nonsense")
    field.show_value(value)
    assert text_of(field) == text and field.error.isHidden() and chosen == []


def test_yes_or_no_is_a_check_box(qtbot: QtBot) -> None:
    field, chosen = make_field(qtbot, NESTEROV, True)
    box = field.field
    assert isinstance(box, QCheckBox) and box.isChecked()
    box.click()
    assert chosen == [("nesterov", False)]
    field.show_value(True)
    assert box.isChecked() and len(chosen) == 1


def test_words_are_a_list_to_choose_from(qtbot: QtBot) -> None:
    field, chosen = make_field(qtbot, SCALING, "standard")
    combo = field.field
    assert isinstance(combo, QComboBox) and combo.currentText() == "standard"
    assert [combo.itemText(index) for index in range(combo.count())] == ["unit", "standard"]
    combo.setFocus()
    QTest.keyClick(combo, Qt.Key.Key_Up)
    assert chosen == [("scaling", "unit")]


@pytest.mark.parametrize("option", [UNITS, RATE, STRIDE, PADDING, NESTEROV, SCALING], ids=lambda option: option.name)
def test_a_field_explains_itself(qtbot: QtBot, option: Option) -> None:
    field, _ = make_field(qtbot, option, option.default)
    for widget in (field.field, field.label):
        assert option.help in widget.toolTip()
    assert field.label.text() == option.name.replace("_", " ").capitalize()
    assert field.field.accessibleName() == f"Dense: {field.label.text()}" and field.label.buddy() is field.field


# Forms


def make_form(qtbot: QtBot, registry: Any, spec: dict[str, Any]) -> tuple[SpecForm, list[dict[str, Any]]]:
    form, chosen = SpecForm(registry, "Kind"), Specs()
    qtbot.addWidget(form)
    form.show_spec(spec)
    form.chosen.connect(chosen.take)
    form.show()
    return form, chosen


class Specs(list[dict[str, Any]]):
    """What a form let through."""

    def take(self, spec: dict[str, Any]) -> None:
        self.append(spec)


def choose_kind(form: SpecForm, kind: str) -> None:
    """Walk through the list with the keyboard, as `activated` comes from a person only."""
    form.kind.setFocus()
    form.kind.showPopup()
    form.kind.view().setCurrentIndex(form.kind.model().index(form.kind.findData(kind), 0))
    QTest.keyClick(form.kind.view(), Qt.Key.Key_Return)


def test_a_form_shows_the_options_of_the_kind(qtbot: QtBot) -> None:
    form, _ = make_form(qtbot, OPTIMIZERS, {"kind": "sgd", "learning_rate": 0.25})
    assert list(form.fields) == [option.name for option in OPTIMIZERS["sgd"].options()]
    assert text_of(form.fields["learning_rate"]) == "0.25"
    assert text_of(form.fields["momentum"]) == "0"  # what is left out has its default
    assert form.kind.currentText() == "SGD" and summary(OPTIMIZERS["sgd"]) in html.unescape(form.kind.toolTip())


def test_a_changed_option_gives_the_whole_spec(qtbot: QtBot) -> None:
    form, chosen = make_form(qtbot, OPTIMIZERS, {"kind": "sgd", "learning_rate": 0.25})
    type_into(form.fields["momentum"], "0.9")
    assert chosen == [{"kind": "sgd", "learning_rate": 0.25, "momentum": 0.9}]
    form.show_spec(chosen[0])
    type_into(form.fields["learning_rate"], "0.5")
    assert chosen[1:] == [{"kind": "sgd", "learning_rate": 0.5, "momentum": 0.9}]


def test_another_kind_starts_from_its_defaults(qtbot: QtBot) -> None:
    form, chosen = make_form(qtbot, OPTIMIZERS, {"kind": "sgd", "learning_rate": 0.25})
    choose_kind(form, "adam")
    assert chosen == [{"kind": "adam"}]
    form.show_spec({"kind": "adam", "learning_rate": 0.001})
    assert list(form.fields) == [option.name for option in OPTIMIZERS["adam"].options()]
    assert summary(OPTIMIZERS["adam"]) in html.unescape(form.kind.toolTip())
    choose_kind(form, "adam")
    assert len(chosen) == 1


@pytest.mark.parametrize(
    "registry", [LOSSES, OPTIMIZERS, SCHEDULES, INITIALIZERS], ids=["loss", "optimizer", "schedule", "start"]
)
def test_every_kind_that_can_be_chosen_works_with_its_defaults(qtbot: QtBot, registry: Any) -> None:
    form, chosen = make_form(qtbot, registry, {"kind": next(iter(registry))})
    for kind in list(registry)[1:]:
        choose_kind(form, kind)
        form.show_spec(chosen[-1])
        registry[kind].from_options({})
        for field in form.fields.values():
            assert field.error.isHidden() and field.option.help in field.field.toolTip()
    assert [spec["kind"] for spec in chosen] == list(registry)[1:]


def test_options_that_do_not_go_together_are_said_at_the_field(qtbot: QtBot) -> None:
    form, chosen = make_form(qtbot, LAYERS, {"kind": "max_pool2d", "kernel_size": 2})
    assert text_of(form.fields["stride"]) == ""
    field = form.fields["padding"]
    type_into(field, "2")
    assert not field.error.isHidden() and "MaxPool2D" in field.error.text() and chosen == []
    assert text_of(field) == "2"
    type_into(field, "1")
    assert field.error.isHidden() and chosen == [{"kind": "max_pool2d", "kernel_size": 2, "padding": 1}]


def test_a_wrong_value_in_a_panel_leaves_the_document_alone(qtbot: QtBot) -> None:
    document = xor_document()
    document.next_batch()
    panel = TrainingPanel(document)
    qtbot.addWidget(panel)
    panel.show()
    experiment, ears = document.experiment, Ears(document)
    rate, size = panel.forms["optimizer"].fields["learning_rate"], panel.numbers[BATCH_SIZE.name]
    for field, typed in ((rate, "nan"), (rate, "abc"), (size, "0"), (size, "-1"), (size, "1e999")):
        type_into(field, typed)
        assert not field.error.isHidden() and text_of(field) == typed
    assert document.experiment is experiment and ears.heard() == {} and document.steps_done == 1
    type_into(rate, "0.5")
    assert document.experiment.optimizer == {"kind": "adam", "learning_rate": 0.5}
    assert ears.heard()["experiment_changed"] == 1 and document.steps_done == 1
