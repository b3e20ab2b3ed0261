"""The texts of the Explain tab by keyboard: from link to link, each in sight, and past what has none."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.panels.explain.texts import LinkedText
from core.explain import Place
from tests.app.explain_tabs import LAYER_NORM, image_document, open_inspector, step_of
from tests.in_view import bring_into_view


def focused() -> QWidget:
    found = QApplication.focusWidget()
    assert found is not None
    return found


def test_a_link_that_tab_comes_to_is_in_sight(qtbot: QtBot) -> None:
    document = image_document()
    inspector = open_inspector(qtbot, document)
    with qtbot.waitActive(inspector):
        inspector.activateWindow()
    inspector.resize(300, 420)
    tab = inspector.explain
    document.questions.ask(Place(step_of(document).position("backward", LAYER_NORM), "dx", (2, 1, 1, 1)))
    bring_into_view(tab.terms)
    tab.terms.setFocus(Qt.FocusReason.TabFocusReason)
    links = tab.terms.text().count("<a ")
    assert links > 12 and tab.terms.height() > tab.height(), "more than there is room for"
    for _ in range(links):
        QTest.keyClick(tab.terms, Qt.Key.Key_Tab)
        assert focused() is tab.terms and tab.terms.hasSelectedText()
        middle = tab.terms.line_of(tab.terms.selectionStart()).center().toPoint()
        assert tab.terms.visibleRegion().contains(middle), tab.terms.selectedText()
    QTest.keyClick(tab.terms, Qt.Key.Key_Tab)
    assert focused() is not tab.terms


def test_texts_without_links_are_no_stop_on_the_way(qtbot: QtBot) -> None:
    document = image_document()
    inspector = open_inspector(qtbot, document)
    with qtbot.waitActive(inspector):
        inspector.activateWindow()
    tab = inspector.explain
    document.questions.ask(Place(0, "y", (2, 1, 1, 1)))
    tab.finder.go.setFocus()
    for _ in range(8):
        assert not isinstance(focused(), QLabel) or isinstance(focused(), LinkedText)
        QTest.keyClick(focused(), Qt.Key.Key_Tab)
    assert tab.name.focusPolicy() == tab.formula.focusPolicy() == Qt.FocusPolicy.NoFocus
    assert tab.trail.focusPolicy() != Qt.FocusPolicy.NoFocus
