"""The numbers in the small tables of the Explain tab."""

import dataclasses

import numpy as np
from pytestqt.qtbot import QtBot

from app.panels.explain.table import Table, TableView
from tests.app.panel_documents import show


def shown(qtbot: QtBot, table: Table, width: int) -> TableView:
    view = TableView()
    view.set_table(table)
    show(qtbot, view, width, view.height()).grab()
    return view


def test_a_picture_has_all_of_its_numbers_or_none(qtbot: QtBot) -> None:
    short = np.full((9, 8), 0.5)
    picture = Table("x", short, (), (), lambda row, column: None)
    view = shown(qtbot, picture, 330)
    columns = view.numbers_shown()
    assert len(columns) == 8 and all(column == ["0.500"] * 9 for column in columns)
    mixed = short.copy()
    mixed[4, 3] = -0.0001234
    view.set_table(dataclasses.replace(picture, values=mixed))
    assert view.numbers_shown() == [[]] * 8, "a column without numbers between others looks broken"


def test_columns_of_different_kinds_have_as_many_digits_as_fit_each(qtbot: QtBot) -> None:
    values = np.array([[0.123456, -1.23456e-7, 1.0]] * 3)
    table = Table("softmax", values, (), ("p", "dy", "q"), lambda row, column: None, by_column=True)
    view = shown(qtbot, table, 180)
    first, second, third = (column[0] for column in view.numbers_shown())
    assert first == "0.1235" and third == "1" and len(second) < len("−1.235e−7")


def test_a_narrow_column_of_its_own_kind_has_at_least_a_digit(qtbot: QtBot) -> None:
    values = np.array([[0.3713, -0.0004321], [0.5199, -0.008099]])
    table = Table("loss", values, (), ("p", "dy"), lambda row, column: None, by_column=True)
    columns = shown(qtbot, table, 96).numbers_shown()
    assert columns[1] == ["−4e−4", "−0.008"]
