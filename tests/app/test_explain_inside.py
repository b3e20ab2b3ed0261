"""Inside of a record the Explain tab lists its lines, with the number that was asked for in each that has it."""

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.document.document import Document
from app.panels.explain.inside import InsideView
from app.panels.inspector import Inspector
from app.plots.numbers import Precision, format_number
from core.datasets.base import Dataset
from core.experiment import Experiment
from core.explain import Place, Step
from core.substeps import substeps
from core.substeps.entries import entry_of
from core.tape import Record
from tests.app.documents import tape_of

NORM, POOL, MEAN, LAYER_NORM, SQUARE, LOSS = 1, 3, 4, 6, 7, 9
LAYERS = (
    {"kind": "conv2d", "filters": 3, "kernel_size": 3, "padding": 1},
    {"kind": "batch_norm"},
    {"kind": "silu"},
    {"kind": "max_pool2d", "kernel_size": 2},
    {"kind": "avg_pool2d", "kernel_size": 3, "stride": 1, "padding": 1},
    {"kind": "flatten"},
    {"kind": "layer_norm"},
    {"kind": "dense", "units": 18},
    {"kind": "dense", "units": 3},
)


@pytest.fixture
def document() -> Document:
    rng = np.random.default_rng(6)
    x = rng.normal(size=(12, 2, 6, 4)).astype(np.float32)
    t = np.arange(12) % 3
    data = Dataset("noise", x[:8], t[:8], x[8:], t[8:], ("a", "b", "c"))
    optimizer = {"kind": "adam", "learning_rate": 0.01}
    experiment = Experiment("noise", {"kind": "xor"}, LAYERS, {"kind": "cross_entropy"}, optimizer, batch_size=4)
    made = Document(experiment, data)
    for _ in range(2):  # parameters and memory are no longer as they began
        made.next_batch()
        made.next_layer()
    return made


@pytest.fixture
def view(qtbot: QtBot, document: Document) -> Iterator[InsideView]:
    inspector = Inspector(document)
    qtbot.addWidget(inspector)
    inspector.resize(360, 1200)
    inspector.show()
    inspector.tabs.setCurrentWidget(inspector.explain)
    yield inspector.explain.inside


def position_of(document: Document, phase: str, owner: int | str) -> int:
    records = enumerate(tape_of(document).records)
    return next(at for at, record in records if record.phase == phase and owner in (record.index, record.name))


def enter(document: Document, phase: str, owner: int | str) -> Record:
    """Go to a record and step into it."""
    position = position_of(document, phase, owner)
    document.go_to(position + 1)
    document.walk.step_into()
    assert document.walk.substeps
    return tape_of(document).records[position]


def ask(document: Document, phase: str, owner: int | str, tensor: str, index: tuple[int, ...]) -> None:
    document.questions.ask(Place(position_of(document, phase, owner), tensor, index))


def numbers(view: InsideView) -> dict[str, str]:
    """The number that is written beside the name of each line."""
    count = len(view.document.walk.substeps)
    words = (view.lines.line_words(number).splitlines()[0].partition(" = ") for number in range(count))
    return {name: value for name, _, value in words}


def test_outside_of_records_there_is_nothing(document: Document, view: InsideView) -> None:
    assert not view.lines.isVisible() and not view.heading.isVisible()
    enter(document, "forward", NORM)
    assert view.lines.isVisible() and "Click a number" in view.heading.text()
    assert set(numbers(view).values()) == {""}
    document.walk.step_out()
    assert not view.lines.isVisible() and not view.words.isVisible()


def test_a_training_that_runs_leaves_the_record(document: Document, view: InsideView) -> None:
    enter(document, "update", "8.bias")  # the last record: the cursor does not move
    document.begin_run()
    assert not view.lines.isVisible() and not view.heading.isVisible()


def test_a_batch_norm_reads_line_by_line_with_ones_own_number(document: Document, view: InsideView) -> None:
    n, c, i, j = 3, 1, 2, 2
    ask(document, "forward", NORM, "y", (n, c, i, j))
    record = enter(document, "forward", NORM)
    x, before = record.tensors["x"], tape_of(document).params_before
    mean, variance = x[:, c].mean(dtype=float), x[:, c].var(dtype=float)
    hat = (x[n, c, i, j] - mean) / np.sqrt(variance + 1e-5)
    wanted = {
        "mean": mean,
        "x − mean": x[n, c, i, j] - mean,
        "var": variance,
        "x̂": hat,
        "γ·x̂": hat * before["1.weight"][c],
        "y": hat * before["1.weight"][c] + before["1.bias"][c],
    }
    assert numbers(view) == {name: format_number(value) for name, value in wanted.items()}
    assert len(set(numbers(view).values())) == 6
    assert f"2 · BatchNorm.y[{n}, {c}, {i}, {j}]" in view.heading.text()


def test_the_three_paths_add_up_beside_the_numbers_of_the_channel(document: Document, view: InsideView) -> None:
    ask(document, "forward", NORM, "y", (3, 1, 2, 2))  # the value whose gradient one sees now
    record = enter(document, "backward", NORM)
    lines = {line.name: line for line in document.walk.substeps}
    found = numbers(view)
    assert found["d_weight"] == format_number(record.tensors["d_weight"][1])
    assert found["d_bias"] == format_number(record.tensors["d_bias"][1])
    paths = [float(lines[name].tensor[3, 1, 2, 2]) for name in ("direct", "by the mean", "by the variance")]
    assert [found[name] for name in ("direct", "by the mean", "by the variance")] == [*map(format_number, paths)]
    assert found["dx"] == format_number(record.tensors["dx"][3, 1, 2, 2])
    assert sum(paths) == pytest.approx(record.tensors["dx"][3, 1, 2, 2], rel=1e-4)


def test_an_update_is_followed_for_one_weight(document: Document, view: InsideView) -> None:
    document.questions.ask(Place(None, "0.weight", (2, 1, 0, 2)))
    record = enter(document, "update", "0.weight")
    tensors, at, t = record.tensors, (2, 1, 0, 2), document.tape.step if document.tape else 0
    g, m, v = (float(tensors[name][at]) for name in ("gradient", "m after", "v after"))
    found = numbers(view)
    assert m == pytest.approx(0.9 * tensors["m before"][at] + 0.1 * g) and t == 3
    for name, value in {
        "g": g,
        "m": m,
        "v": v,
        "m̂": m / (1 - 0.9**t),
        "v̂": v / (1 - 0.999**t),
        "step": 0.01 * m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8),
        "new θ": tape_of(document).params_after["0.weight"][at],
    }.items():
        assert found[name] == format_number(value), name
    enter(document, "update", "0.bias")
    assert set(numbers(view).values()) == {""}, "another parameter"


def test_in_the_loss_a_sample_has_its_sum_and_its_loss(document: Document, view: InsideView) -> None:
    ask(document, "loss", LOSS, "prediction", (2, 1))
    record = enter(document, "loss", LOSS)
    logits = record.tensors["prediction"].astype(float)
    e = np.exp(logits[2] - logits[2].max())
    target = int(record.tensors["target"][2])
    found = numbers(view)
    assert found["Σ exp"] == format_number(e.sum()) and found["p"] == format_number(e[1] / e.sum())
    assert found["loss of each"] == format_number(-np.log(e[target] / e.sum()))
    assert found["loss"] == format_number(tape_of(document).loss)
    dy = record.tensors["dy"][2, 1]
    assert list(found.values())[-1] == format_number(dy)


def test_numbers_that_only_happen_to_have_the_same_index_are_not_taken(document: Document, view: InsideView) -> None:
    # 18 inputs and 18 outputs: x[2, 5] and y[2, 5] of this layer have nothing to do with one another.
    ask(document, "forward", SQUARE, "x", (2, 5))
    enter(document, "forward", SQUARE)
    assert set(numbers(view).values()) == {""}
    record = enter(document, "backward", SQUARE)
    found = numbers(view)
    assert found["dx"] == format_number(record.tensors["dx"][2, 5]) and found["d_weight"] == ""
    # The mean pooling keeps the shape: its shares lie where the outputs do, its dx where the inputs do.
    ask(document, "forward", MEAN, "y", (2, 1, 0, 1))
    record = enter(document, "backward", MEAN)
    found = numbers(view)
    assert found.pop("share") == format_number(record.tensors["dy"][2, 1, 0, 1] / 9)
    assert set(found.values()) == {""}


def test_a_layer_norm_has_one_mean_for_a_sample_and_weights_for_entries(document: Document, view: InsideView) -> None:
    ask(document, "forward", LAYER_NORM, "y", (2, 7))
    record = enter(document, "forward", LAYER_NORM)
    found = numbers(view)
    assert found["mean"] == format_number(record.tensors["x"][2].mean(dtype=float))
    record = enter(document, "backward", LAYER_NORM)
    assert numbers(view)["d_weight"] == format_number(record.tensors["d_weight"][7])


def test_every_line_with_the_result_of_the_record_has_the_very_number(document: Document) -> None:
    step, tape, rng, checked = step_of(document), tape_of(document), np.random.default_rng(1), 0
    for position, record in enumerate(tape.records):
        for line in substeps(step, position):
            if line.result not in record.tensors:
                continue
            array = record.tensors[line.result]
            index = tuple(int(rng.integers(size)) for size in array.shape)
            assert entry_of(step, position, line, Place(position, line.result, index)) == index
            checked += 1
    assert checked > 50


def step_of(document: Document) -> Step:
    assert document.step is not None
    return document.step


def test_a_click_goes_to_the_line_and_the_mark_follows_the_walk(document: Document, view: InsideView) -> None:
    enter(document, "forward", NORM)
    QTest.mouseClick(view.lines, Qt.MouseButton.LeftButton, pos=view.lines.line_rect(4).center().toPoint())
    assert document.walk.position == 4
    assert view.lines.accessibleDescription().startswith("5 of 6: γ·x̂")
    document.walk.back()
    assert view.lines.accessibleDescription().startswith("4 of 6: x̂")
    assert view.words.text() == document.walk.substeps[3].words
    for key, position in ((Qt.Key.Key_Down, 4), (Qt.Key.Key_Down, 5), (Qt.Key.Key_Down, 5), (Qt.Key.Key_Up, 4)):
        override = QKeyEvent(QEvent.Type.ShortcutOverride, key, Qt.KeyboardModifier.NoModifier)
        override.ignore()
        QApplication.sendEvent(view.lines, override)
        assert override.isAccepted()
        QTest.keyClick(view.lines, key)
        assert document.walk.position == position


def test_the_windows_of_a_convolution_stand_in_columns_and_are_all_reached(
    document: Document, view: InsideView
) -> None:
    ask(document, "forward", 0, "y", (1, 2, 3, 3))
    record = enter(document, "forward", 0)
    assert len(document.walk.substeps) == 24 and not view.lines.has_formulas
    rects = [view.lines.line_rect(number) for number in range(24)]
    assert len({rect.left() for rect in rects}) > 1
    assert all(view.lines.rect().contains(rect.center().toPoint()) for rect in rects)
    for number in (23, 11):
        QTest.mouseClick(view.lines, Qt.MouseButton.LeftButton, pos=rects[number].center().toPoint())
        assert document.walk.position == number
    assert document.walk.substeps[11].formula in view.words.text()
    y = format_number(record.tensors["y"][1, 2, 3, 3])
    assert [*numbers(view).values()] == ["0"] * 15 + [y] * 9, "once the window [3, 3] is reached"


def test_the_gradient_of_a_filter_adds_up_window_by_window_and_is_asked_for_on_the_way(
    document: Document, view: InsideView
) -> None:
    index = (1, 0, 2, 1)
    ask(document, "backward", 0, "d_weight", index)
    record = enter(document, "backward", 0)
    found = {line.name: line.tensor for line in document.walk.substeps}
    assert len(found) == 25, "nothing before the first layer learns: there is no dx"
    shown = numbers(view)
    assert shown.pop("d_bias") == ""
    assert [*shown.values()] == [format_number(found[name][index]) for name in shown]
    assert len({*shown.values()}) > 15 and [*shown.values()][-1] == format_number(record.tensors["d_weight"][index])
    document.walk.go_to_substep(5)
    document.select_layer(0)
    inspector = view.window()
    assert isinstance(inspector, Inspector)
    inspector.tabs.setCurrentWidget(inspector.weights)
    assert inspector.weights.line.isVisible() and "d_weight to [1, 1]" in inspector.weights.line.text()
    inspector.weights.filters.map_clicked.emit(1 * 2 + 1, 0, 2)
    assert document.questions.current == Place(position_of(document, "backward", 0), "d_weight", (1, 1, 0, 2))


def test_numbers_follow_the_setting_and_change_no_name(
    document: Document, view: InsideView, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(document, "forward", NORM, "y", (3, 1, 2, 2))
    enter(document, "forward", NORM)
    few = numbers(view)
    monkeypatch.setattr(Precision, "digits", 7)
    document.selection_changed.emit()
    assert numbers(view).keys() == few.keys()
    assert all(len(more) > len(less) for more, less in zip(numbers(view).values(), few.values(), strict=True))
