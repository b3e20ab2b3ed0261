"""The tape bar shows where the cursor is, and moves it by click, drag and keys."""

import dataclasses
from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.document.document import Document
from app.document.presets import load_preset
from app.network_view.segments import fitting_labels, segment_label
from app.network_view.style import metrics
from app.network_view.tape_bar import TapeBar
from app.network_view.tape_lines import text_height, text_lines
from app.network_view.tape_words import tape_words
from app.theme import apply_theme, current_theme
from core.words import memory_text
from tests.app.panel_documents import tape_of

LEFT = Qt.MouseButton.LeftButton
LENGTH = 11


@pytest.fixture
def document() -> Document:
    experiment = load_preset("xor")
    return Document(experiment, experiment.source().load())


@pytest.fixture
def bar(document: Document, qtbot: QtBot) -> TapeBar:
    bar = TapeBar(document)
    qtbot.addWidget(bar)
    bar.resize(800, bar.sizeHint().height())
    bar.show()
    return bar


def middle(bar: TapeBar, index: int) -> QPoint:
    return bar.segment_rect(index).center().toPoint()


def segments(bar: TapeBar) -> QImage:
    """The upper part of the bar, without the buttons below it."""
    return bar.grab(QRect(0, 0, bar.width(), 33)).toImage()


def test_labels(bar: TapeBar) -> None:
    forward, backward = ["→ Dense", "→ Tanh", "→ Dense"], ["← Dense", "← Tanh", "← Dense"]
    assert bar.labels == [*forward, "loss", *backward, "↑ W₁", "↑ b₁", "↑ W₃", "↑ b₃"]


def test_words_follow_the_cursor(document: Document, bar: TapeBar) -> None:
    assert bar.text == "Start of batch 1: press Next layer."
    assert document.tape and len(document.tape) == LENGTH
    for step, record in enumerate(document.tape.records, 1):
        document.next_layer()
        said, _, memory = bar.text.rpartition(" · ")
        assert said == f"{step} of 11 · {record.account}"
        assert document.tapes and memory == f"tape {memory_text(document.tapes.current)}"
        assert bar.accessibleDescription() == bar.text
    document.next_batch()
    document.batch_start()
    assert bar.text == "Start of batch 2: press Next layer."


def test_a_click_goes_behind_the_segment(document: Document, bar: TapeBar) -> None:
    for index in (5, 10, 0, 3):
        QTest.mouseClick(bar, LEFT, pos=middle(bar, index))
        assert document.cursor == index + 1


def test_dragging_the_handle(document: Document, bar: TapeBar) -> None:
    document.go_to(4)
    handle = QPoint(round(bar.cursor_x(4)), round(bar.segment_rect(0).center().y()))
    QTest.mousePress(bar, LEFT, pos=handle)
    assert document.cursor == 4, "taking the handle moves nothing"
    seen = []
    document.position_changed.connect(lambda: seen.append(document.cursor))
    for x in range(handle.x(), bar.width() + 20, 6):
        QTest.mouseMove(bar, QPoint(x, handle.y() + 30))
    assert seen == [5, 6, 7, 8, 9, 10, 11]
    for x in range(bar.width(), -20, -6):
        QTest.mouseMove(bar, QPoint(x, handle.y()))
    assert document.cursor == 0
    QTest.mouseRelease(bar, LEFT, pos=QPoint(0, handle.y()))
    QTest.mouseMove(bar, middle(bar, 6))
    assert document.cursor == 0, "let go"


def test_hover_gives_the_account(document: Document, bar: TapeBar) -> None:
    assert document.tape
    for index, record in enumerate(document.tape.records):
        layer = f", layer {record.index + 1}" if record.phase in ("forward", "backward") else ""
        assert bar.hover_text(QPointF(middle(bar, index))) == f"{index + 1} of 11{layer} · {record.account}"
    document.go_to(2)
    said, memory = bar.hover_text(QPointF(400, bar.height() - 3)).split("\n")
    assert said == bar.text
    tapes = document.tapes
    assert tapes and tapes.kept == 1 and 0 < tapes.current == tapes.total < tapes.limit
    assert memory == f"this tape: {tapes.current / 1000:.0f} kB, 1 kept: {tapes.total / 1000:.0f} kB, limit 128.0 MB"


def test_segments_cover_the_bar_in_order(bar: TapeBar) -> None:
    rects = [bar.segment_rect(index) for index in range(LENGTH)]
    assert all(a.right() == pytest.approx(b.left()) for a, b in pairwise(rects))
    assert bar.cursor_x(0) == rects[0].left() and bar.cursor_x(LENGTH) == rects[-1].right()


@pytest.mark.parametrize(
    ("room", "layers", "updates"),
    [
        (90, "→ Dense, → Tanh, → Dense", "↑ W₁, ↑ b₁, ↑ W₃, ↑ b₃"),
        (26, "→ 1, → 2, → 3", "↑ W₁, ↑ b₁, ↑ W₃, ↑ b₃"),
        (13, "1, 2, 3", "W₁, b₁, W₃, b₃"),
        (9, "1, 2, 3", "1, 1, 3, 3"),
    ],
)
def test_narrow_segments_say_at_least_the_numbers_of_their_layers(
    document: Document, room: int, layers: str, updates: str
) -> None:
    records = tape_of(document).records
    phases = [record.phase for record in records]
    found = fitting_labels([segment_label(record) for record in records], phases, [room] * len(records))
    texts = [text for text, _ in found]
    assert (", ".join(texts[:3]), ", ".join(texts[7:])) == (layers, updates)


def test_an_account_that_needs_more_than_two_lines_is_written_smaller_rather_than_cut(
    document: Document, bar: TapeBar
) -> None:
    document.go_to(5)
    wide, lines = text_lines(bar.text, 400)
    assert "".join(lines).replace(" ", "") == bar.text.replace(" ", "")
    smaller, _ = text_lines(bar.text, 350)
    assert smaller < wide


def test_of_an_account_without_enough_room_only_the_end_is_missing(document: Document, bar: TapeBar) -> None:
    document.go_to(LENGTH)
    said = bar.text.partition(" · tape ")[0]
    for room in range(300, 90, -1):
        _, lines = text_lines(bar.text, room)
        *full, last = lines
        words = " ".join([*full, last.removesuffix("…")])
        assert bar.text.startswith(words) and (len(words) >= len(said) or last.endswith("…")), (room, lines)
    assert len(lines) == 3 and last.endswith("…")
    assert bar.height() - bar.segment_rect(0).bottom() > text_height() >= 3 * metrics(7.5).height()


def test_what_a_tape_takes_gives_way_to_what_happened(bar: TapeBar, document: Document) -> None:
    document.next_layer()
    said, size, _ = bar.text.partition(" · tape ")
    assert size
    room = 1000
    while bar.text.endswith(" ".join(text_lines(bar.text, room)[1])[-9:]):
        room -= 1
    assert " ".join(text_lines(bar.text, room)[1]) == said, "nothing of it is cut"


def test_buttons_step_into_a_record_and_out_again(document: Document, bar: TapeBar) -> None:
    control = bar.control
    assert not control.into.isEnabled() and not control.out.isEnabled(), "nothing is done yet"
    document.go_to(4)
    assert control.into.isEnabled() and not control.out.isEnabled()
    QTest.mouseClick(control.into, LEFT)
    assert document.walk.substeps
    assert not control.into.isEnabled() and control.out.isEnabled()
    QTest.mouseClick(control.out, LEFT)
    assert not document.walk.substeps
    assert control.into.isEnabled() and not control.out.isEnabled()


def test_a_right_click_sets_and_removes_a_breakpoint(document: Document, bar: TapeBar) -> None:
    assert document.tape
    bar.activateWindow()
    bar.setFocus()
    before, points = segments(bar), document.walk.breakpoints
    QTest.mouseClick(bar, Qt.MouseButton.RightButton, pos=middle(bar, 4))
    assert [points.is_at(record) for record in document.tape.records] == [index == 4 for index in range(LENGTH)]
    assert document.cursor == 0
    with_dot = segments(bar)
    assert with_dot != before, "the dot is painted"
    corner = bar.segment_rect(4).topLeft().toPoint() + QPoint(6, 6)
    assert with_dot.pixelColor(corner) == QColor(current_theme().text)
    QTest.mouseClick(bar, Qt.MouseButton.RightButton, pos=middle(bar, 4))
    assert not points.items
    assert segments(bar) == before


def test_sub_steps_stand_below_their_record(document: Document, bar: TapeBar) -> None:
    document.go_to(LENGTH)
    height = bar.minimumHeight()
    document.walk.step_into()
    steps = document.walk.substeps
    assert len(steps) > 4 and bar.minimumHeight() > height
    bar.resize(800, bar.minimumHeight())
    rects = [bar.substep_rect(index) for index in range(len(steps))]
    assert all(bar.rect().contains(rect.toAlignedRect()) for rect in rects)
    assert not any(a.intersects(b) for a, b in pairwise(rects))
    assert all(rect.top() > bar.segment_rect(0).bottom() for rect in rects)
    pictures = []
    for index, rect in enumerate(rects):
        QTest.mouseClick(bar, LEFT, pos=rect.center().toPoint())
        assert document.walk.position == index and document.cursor == LENGTH
        step = steps[index]
        assert bar.text == f"sub-step {index + 1} of {len(steps)} · {step.name}: {step.formula} · {step.words}"
        assert bar.hover_text(rect.center()) == bar.text
        pictures.append(bar.grab().toImage())
    assert all(a != b for a, b in pairwise(pictures))
    document.walk.step_out()
    assert bar.minimumHeight() == height and bar.text.startswith("11 of 11")


def test_a_running_training_is_not_moved(document: Document, bar: TapeBar) -> None:
    document.next_batch()
    state = document.begin_run()
    assert state is not None
    QTest.mouseClick(bar, LEFT, pos=middle(bar, 2))
    assert document.cursor == LENGTH
    bar.interval = 0
    bar.tick()
    assert "Pause" in bar.text
    document.end_run(state)
    bar.invalidate()
    assert bar.text.startswith("11 of 11")


def test_without_a_tape(document: Document, bar: TapeBar) -> None:
    document.edit("No layers", layers=())
    assert bar.labels == [] and bar.text == document.problem != ""
    QTest.mouseClick(bar, LEFT, pos=QPoint(300, 15))
    QTest.mouseClick(bar, Qt.MouseButton.RightButton, pos=QPoint(300, 15))
    bar.player.forward()
    assert bar.player.direction is None
    bar.grab()
    document.undo()
    assert len(bar.labels) == LENGTH


def test_a_step_that_was_refused_says_so_at_its_end(qtbot: QtBot) -> None:
    experiment = dataclasses.replace(load_preset("xor"), optimizer={"kind": "sgd", "learning_rate": 1e6})
    document = Document(dataclasses.replace(experiment, loss={"kind": "mse"}), experiment.source().load())
    for _ in range(40):
        document.next_batch()
    tape = tape_of(document)
    assert tape.refused
    for cursor in (1, len(tape)):
        document.go_to(cursor)
        assert (tape.refused in tape_words(document)) == (cursor == len(tape))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [120, 300, 800])
def test_painted_at_every_cursor(document: Document, bar: TapeBar, theme: str, width: int, qapp: QApplication) -> None:
    bar.resize(width, bar.height())
    apply_theme(qapp, theme)  # type: ignore[arg-type]
    try:
        images = []
        for cursor in range(LENGTH + 1):
            document.go_to(cursor)
            images.append(bar.grab().toImage())
        assert all(a != b for a, b in pairwise(images))
    finally:
        apply_theme(qapp, "light")
