"""The pictures of the batch carry the class the loss record's prediction stands for."""

import dataclasses

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.panels.predictions import MOST_SHOWN, NO_PICTURES, NOT_REACHED, Predictions
from app.plots.numbers import format_number
from core.types import Array
from tests.app.panel_documents import picture_document, show, step, tape_of, xor_document


def softmax(x: Array) -> Array:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


def test_until_the_loss_a_sentence_says_what_to_press(qtbot: QtBot) -> None:
    document = picture_document()
    view = show(qtbot, Predictions(document))
    step(document, 3)
    assert view.grid.message() == NOT_REACHED
    step(document, 1)
    assert view.grid.message() == ""
    document.back()
    assert view.grid.message() == NOT_REACHED


def test_captions_are_the_largest_output_and_its_probability(qtbot: QtBot) -> None:
    document = picture_document()
    view = show(qtbot, Predictions(document))
    notes: list[str] = []
    view.note_changed.connect(notes.append)
    document.next_batch()
    tape, names = tape_of(document), document.data.class_names
    prediction = tape.records[3].tensors["prediction"].astype(np.float64)
    probability = softmax(prediction)
    true = document.data.t_train[tape.rows]
    for index in range(7):
        view.grid.select(index)
        guess = int(prediction[index].argmax())
        said = view.grid.hover_text()
        assert f"{probability[index, guess]:.3f}" in said
        assert said.startswith(f"sample {index}: {names[true[index]]}, ")
        assert (f"taken for {names[guess]} " in said) == (guess != true[index])
    wrong = prediction.argmax(axis=1) != true
    assert 0 < wrong.sum() < 7
    assert np.array_equal(view.grid.wrong(), wrong)
    assert notes[-1] == f"this batch · {wrong.sum()} of 7 wrong"


def test_a_click_selects_the_sample_and_the_selection_is_framed(qtbot: QtBot) -> None:
    document = picture_document()
    view = show(qtbot, Predictions(document))
    document.next_batch()
    place = view.grid.cell_rect(4).center().toPoint()
    QTest.mouseClick(view.grid, Qt.MouseButton.LeftButton, pos=place)
    assert document.sample == 4
    document.select_sample(2)
    assert view.grid.hover_text().startswith("sample 2: ")


def test_one_output_is_the_probability_of_the_second_class(qtbot: QtBot) -> None:
    document = picture_document()
    x, t = document.data.x_train, document.data.t_train % 2
    data = type(document.data)("Two", x.copy(), t, x.copy(), t.copy(), ("no", "yes"))
    layers = (*document.experiment.layers[:-1], {"kind": "dense", "units": 1})
    loss = {"kind": "bce_with_logits"}
    document.change("two", dataclasses.replace(document.experiment, name="two", layers=layers, loss=loss), data)
    view = show(qtbot, Predictions(document))
    document.next_batch()
    logits = tape_of(document).records[3].tensors["prediction"][:, 0]
    assert (logits > 0).any() and (logits < 0).any()
    for index, logit in enumerate(logits):
        view.grid.select(index)
        certainty = 1 / (1 + np.exp(-abs(float(logit))))
        assert float(view.grid.hover_text().split("p = ")[1].split()[0]) == pytest.approx(certainty, abs=6e-4)


def test_a_score_is_not_called_a_probability(qtbot: QtBot) -> None:
    document = picture_document()
    document.edit("loss", loss={"kind": "hinge"})
    view = show(qtbot, Predictions(document))
    document.next_batch()
    prediction = tape_of(document).records[3].tensors["prediction"]
    for index, scores in enumerate(prediction):
        view.grid.select(index)
        assert f"score = {format_number(float(scores.max()), 3)} " in view.grid.hover_text()
        assert view.grid.caption(index).endswith(format_number(float(scores.max()), 3))
        assert "p is" not in view.grid.tool_tip_text()


def test_data_without_pictures_says_so(qtbot: QtBot) -> None:
    assert show(qtbot, Predictions(xor_document())).grid.message() == NO_PICTURES


def test_a_large_batch_shows_its_first_pictures_and_counts_all(qtbot: QtBot) -> None:
    document = picture_document(batch_size=400)
    data = document.data
    x, t = np.tile(data.x_train, (20, 1, 1, 1)), np.tile(data.t_train, 20)
    many = type(data)("Many", x, t, data.x_test, data.t_test, data.class_names)
    document.change("many", dataclasses.replace(document.experiment, name="many"), many)
    view = show(qtbot, Predictions(document))
    notes: list[str] = []
    view.note_changed.connect(notes.append)
    document.next_batch()
    assert len(view.grid.wrong()) == MOST_SHOWN
    assert notes[-1].endswith("of 400 wrong")
