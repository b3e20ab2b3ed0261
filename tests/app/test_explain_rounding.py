"""The sum of the terms is exact, the number above it is float32: where one sees the difference, it is said."""

import pytest
from pytestqt.qtbot import QtBot

from app.panels.explain.words import terms_title
from app.plots.numbers import Precision, format_number
from core.explain import Place, explain
from tests.app.explain_tabs import image_document, open_inspector, step_of


def test_rounding_is_named_where_it_is_seen_and_only_there(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    document = image_document()
    open_inspector(qtbot, document)
    step, seen = step_of(document), set()
    for digits in (4, 9):
        monkeypatch.setattr(Precision, "digits", digits)
        for column in range(8):
            explanation = explain(step, Place(0, "y", (2, 1, 3, column)))
            differs = format_number(explanation.total) != format_number(explanation.value)
            assert ("but for rounding" in terms_title(explanation)) == differs
            assert "almost everything cancels" not in terms_title(explanation)
            seen.add((digits, differs))
    assert (9, True) in seen and (4, False) in seen
