"""Forms made from options: what they are called, what is folded away or offered, and that everything explains itself.

What may be typed into a field is the subject of test_forms.
"""

import dataclasses
import html
from typing import Any, ClassVar

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLineEdit, QMenu, QToolButton
from pytestqt.qtbot import QtBot

from app.forms.explained import explanation
from app.forms.option_field import OptionField, parse, value_text
from app.forms.spec_form import SpecForm
from app.forms.value_edit import ValueEdit
from app.theme import apply_theme
from core.clipping import CLIPPINGS
from core.docs import sections, summary
from core.initializers import INITIALIZERS
from core.layers import LAYERS
from core.losses import LOSSES
from core.optimizers import OPTIMIZERS
from core.options import Configurable, Option, from_spec, option
from core.penalties import PENALTIES
from core.schedules import SCHEDULES
from core.types import OptionError

LEFT = Qt.MouseButton.LeftButton
REGISTRIES: dict[str, Any] = {
    "Loss": LOSSES,
    "Optimizer": OPTIMIZERS,
    "Schedule": SCHEDULES,
    "Initialiser": INITIALIZERS,
    "Penalty": PENALTIES,
    "Clipping": CLIPPINGS,
}
ALL_KINDS = [(name, kind) for name, registry in REGISTRIES.items() for kind in registry]
PANEL_WIDTH = 236 - 2 * 10 - 9  # the left column's least width without its margins and a scroll bar


@dataclasses.dataclass(frozen=True)
class Kiln(Configurable):
    """Fires pots.

    Formula:  a < b; c = d
    Source:   `torch.kiln`
    """

    kind: ClassVar[str] = "kiln"
    title: ClassVar[str] = "Kiln"

    heat: float = option(0.5, minimum=0, maximum=9, help="How hot it gets.")
    step: int | None = option(None, minimum=1, open_means="as heat", help="How far it moves.")
    room: int | str = option(2, minimum=0, choices=("same", "wide"), help="How large it is.")
    beta1: float = option(0.9, minimum=0, below=1, label="β₁", advanced=True, help="How it forgets.")
    tidy: bool = option(False, advanced=True, help="Whether it is tidy.")


@dataclasses.dataclass(frozen=True)
class Oven(Configurable):
    """Bakes."""

    kind: ClassVar[str] = "oven"
    title: ClassVar[str] = "Oven"

    crumbs: int = option(3, minimum=0, advanced=True, help="How many there are.")


@dataclasses.dataclass(frozen=True)
class Table(Configurable):
    """Stands there."""

    kind: ClassVar[str] = "table"
    title: ClassVar[str] = "Table"


THINGS: dict[str, type[Configurable]] = {thing.kind: thing for thing in (Kiln, Oven, Table)}


@pytest.fixture
def form(qtbot: QtBot, qapp: QApplication) -> SpecForm:
    """The form of a kiln with default options, on the screen."""
    apply_theme(qapp, "light")
    made = SpecForm(THINGS, "Thing")
    qtbot.addWidget(made)
    made.resize(PANEL_WIDTH, 400)
    made.show()
    made.show_spec({"kind": "kiln"})
    return made


def heard(form: SpecForm) -> list[dict[str, Any]]:
    """The specs the form sends from now on."""
    specs: list[dict[str, Any]] = []
    form.chosen.connect(specs.append)
    return specs


def line(form: SpecForm, name: str) -> ValueEdit:
    field = form.fields[name].field
    assert isinstance(field, ValueEdit)
    return field


def write(edit: QLineEdit, text: str) -> None:
    edit.setFocus()
    edit.selectAll()
    QTest.keyClick(edit, Qt.Key.Key_Delete)
    edit.insert(text)
    QTest.keyClick(edit, Qt.Key.Key_Return)


def pick(edit: ValueEdit, text: str) -> None:
    """Unfold the menu of a field with the arrow key and click an entry."""

    edit.setFocus()
    QTest.keyClick(edit, Qt.Key.Key_Down)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    action = next(entry for entry in menu.actions() if entry.text() == text)
    QTest.mouseClick(menu, LEFT, pos=menu.actionGeometry(action).center())


def open_more(form: SpecForm) -> QToolButton:
    button = form.more.button
    QTest.mouseClick(button, LEFT)
    return button


def test_options_are_called_what_people_call_them(form: SpecForm):
    labels = {name: field.label.text() for name, field in form.fields.items()}
    assert labels == {"heat": "Heat", "step": "Step", "room": "Room", "beta1": "β₁", "tidy": "Tidy"}
    # The formula in a docstring may use the name in the code.
    assert form.fields["beta1"].label.toolTip() == "beta1: How it forgets.\nA number of at least 0 and below 1."
    assert form.fields["heat"].field.toolTip() == "How hot it gets.\nA number of at least 0 and at most 9."


def test_what_may_be_left_open_is_an_empty_field_that_says_what_that_means(form: SpecForm):
    edit, specs = line(form, "step"), heard(form)
    assert (edit.text(), edit.placeholderText()) == ("", "as heat")
    assert line(form, "heat").placeholderText() == ""
    write(edit, "4")
    write(edit, "")
    assert [spec["step"] for spec in specs] == [4, None]
    assert edit.text() == "" and form.fields["step"].error.isHidden()


def test_what_may_not_be_left_open_says_so(form: SpecForm):
    specs = heard(form)
    write(line(form, "heat"), "")
    assert not specs and "heat must be a number" in form.fields["heat"].error.text()


@pytest.mark.parametrize(("typed", "value"), [("same", "same"), ("Wide ", "wide"), ("7", 7), ("1 000", 1000)])
def test_a_number_may_also_be_one_of_its_words(form: SpecForm, typed: str, value: Any):
    specs = heard(form)
    write(line(form, "room"), typed)
    assert specs == [{"kind": "kiln", "room": value}]
    assert line(form, "room").text() == str(value)


def test_another_word_is_refused_and_stays(form: SpecForm):
    specs = heard(form)
    write(line(form, "room"), "narrow")
    assert not specs and line(form, "room").text() == "narrow"
    assert form.fields["room"].error.text().endswith('or "same" or "wide", not \'narrow\'.')


def test_the_words_can_be_picked_from_a_menu(form: SpecForm):
    specs = heard(form)
    pick(line(form, "room"), "wide")
    assert specs == [{"kind": "kiln", "room": "wide"}] and line(form, "room").text() == "wide"


def test_a_field_without_words_has_no_menu(form: SpecForm):
    edit = line(form, "heat")
    edit.setFocus()
    QTest.keyClick(edit, Qt.Key.Key_Down)
    assert QApplication.activePopupWidget() is None and not edit.actions()


def test_rare_options_are_folded_away_and_can_be_unfolded(form: SpecForm):
    rare = [form.fields["beta1"], form.fields["tidy"]]
    assert form.fields["heat"].isVisible() and not any(field.isVisible() for field in rare)
    assert open_more(form).text() == "More options"
    assert all(field.isVisible() for field in rare)
    open_more(form)
    assert not any(field.isVisible() for field in rare)


def test_a_rare_option_that_was_changed_is_counted(form: SpecForm):
    open_more(form)
    specs = heard(form)
    write(line(form, "beta1"), "0.5")
    form.show_spec(specs[-1])
    assert form.more.button.text() == "More options (1 changed)"
    box = form.fields["tidy"].field
    assert isinstance(box, QCheckBox)
    QTest.mouseClick(box, LEFT, pos=QPoint(6, box.height() // 2))
    form.show_spec(specs[-1])
    assert specs[-1] == {"kind": "kiln", "beta1": 0.5, "tidy": True}
    assert form.more.button.text() == "More options (2 changed)"


def test_unfolded_stays_unfolded_with_another_kind(form: SpecForm):
    open_more(form)
    form.show_spec({"kind": "table"})
    assert not form.more.isVisible()
    form.show_spec({"kind": "oven"})
    QApplication.processEvents()
    assert form.fields["crumbs"].isVisible()
    open_more(form)
    form.show_spec({"kind": "kiln"})
    QApplication.processEvents()
    assert form.more.isVisible() and not form.fields["beta1"].isVisible()


def test_a_problem_stands_below_the_kind_and_goes(form: SpecForm):
    form.show_problem("It smokes.")
    assert form.problem.isVisible() and form.problem.text() == "It smokes."
    assert form.kind.geometry().bottom() < form.problem.geometry().top() < form.fields["heat"].geometry().top()
    form.show_problem("")
    assert not form.problem.isVisible()


def test_an_explanation_has_formula_and_source_line_by_line():
    assert explanation(Kiln) == (
        "<p><b>Kiln</b><br>Fires pots.</p><p>Formula:<br>a &lt; b;<br>c = d</p><p>Source:<br>torch.kiln</p>"
    )


@pytest.mark.parametrize(("name", "kind"), ALL_KINDS)
def test_every_kind_can_be_chosen_is_explained_and_has_all_its_fields(
    qtbot: QtBot, qapp: QApplication, name: str, kind: str
):
    apply_theme(qapp, "light")
    registry, thing = REGISTRIES[name], REGISTRIES[name][kind]
    form = SpecForm(registry, name)
    qtbot.addWidget(form)
    form.show()
    form.show_spec({"kind": next(other for other in registry if other != kind)})
    specs = heard(form)
    index = form.kind.findText(thing.title)
    form.kind.setCurrentIndex(index)
    form.kind.activated.emit(index)
    assert specs == [{"kind": kind}]
    form.show_spec(specs[0])
    QApplication.processEvents()
    tip = form.kind.itemData(index, Qt.ItemDataRole.ToolTipRole)
    assert form.kind.toolTip() == tip and thing.title in tip
    assert summary(thing) in html.unescape(tip)
    assert all(f"{part}:" in tip for part in ("Formula", "Source") if part in sections(thing))
    assert list(form.fields) == [choice.name for choice in thing.options()]
    open_more(form)
    shown = {option.name: shown_value(form.fields[option.name]) for option in thing.options()}
    assert shown == {option.name: option.default for option in thing.options()}
    assert form.minimumSizeHint().width() <= PANEL_WIDTH


def shown_value(field: OptionField) -> Any:
    """What a field holds, read as it would be if it had been typed."""
    assert field.isVisible()
    if isinstance(field.field, QCheckBox):
        return field.field.isChecked()
    if isinstance(field.field, QComboBox):
        return field.field.currentData()
    assert isinstance(field.field, ValueEdit)
    return parse(field.field.text(), field.option)


@pytest.mark.parametrize("kind", LAYERS)
def test_every_option_of_a_layer_has_a_field_and_fits_the_panel(qtbot: QtBot, qapp: QApplication, kind: str):
    apply_theme(qapp, "light")
    registry: dict[str, Any] = dict(LAYERS)
    form = SpecForm(registry)
    qtbot.addWidget(form)
    form.show()
    given = {choice.name: 3 for choice in LAYERS[kind].options() if choice.default is dataclasses.MISSING}
    form.show_spec({"kind": kind, **given})
    open_more(form)
    QApplication.processEvents()
    for choice in LAYERS[kind].options():
        assert shown_value(form.fields[choice.name]) == given.get(choice.name, choice.default)
    assert not form.kind.isVisible() and form.minimumSizeHint().width() <= PANEL_WIDTH


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.001, "0.001"), (1.0, "1"), (1e-8, "1e-8"), (1e-10, "1e-10"), (0.123456789, "0.123456789"), (64, "64"),
     (None, ""), ("same", "same"), (1234567.0, "1234567")],
)  # fmt: skip
def test_a_value_is_shown_with_all_its_digits_and_read_back(value: Any, text: str):
    assert value_text(value) == text
    kind = Option("value", float if isinstance(value, float) else int, None, choices=("same",))
    assert parse(text, kind) == value


def test_options_that_only_fail_together_are_refused_at_the_field(qtbot: QtBot):
    registry: dict[str, Any] = dict(LAYERS)
    form = SpecForm(registry)
    qtbot.addWidget(form)
    form.show()
    form.show_spec({"kind": "conv2d", "filters": 4, "kernel_size": 3, "stride": 2})
    specs = heard(form)
    write(line(form, "padding"), "same")
    with pytest.raises(OptionError) as refused:
        from_spec(LAYERS, {"kind": "conv2d", "filters": 4, "kernel_size": 3, "stride": 2, "padding": "same"}, "layer")
    assert not specs and form.fields["padding"].error.text() == str(refused.value)
