"""The pictures of a loss: every sample, how their mean arises, and one sample's way to its gradient."""

import re
from functools import partial
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt

from app.document.document import Document
from app.plots.numbers import format_number
from core.datasets.base import Dataset
from core.experiment import Experiment
from core.explain import Place
from core.layers.activations import softmax
from core.losses import LOSSES
from tests.app.explain_tabs import click, open_inspector, step_of


def loss_document(kind: str, **options: Any) -> Document:
    """Two Dense layers with any loss, on classes or on numbers."""
    rng = np.random.default_rng(6)
    x = rng.normal(size=(30, 5)).astype(np.float32)
    loss = LOSSES[kind]
    layers: list[dict[str, Any]] = [{"kind": "dense", "units": 3}]
    if loss.takes == "probabilities":
        layers.append({"kind": "softmax" if loss.class_targets else "sigmoid"})
    if loss.class_targets:
        data = Dataset("classes", x[:20], np.arange(20) % 3, x[20:], np.arange(10) % 3, ("a", "b", "c"))
    else:
        y = rng.uniform(0.1, 0.9, (30, 3)).astype(np.float32)
        data = Dataset("numbers", x[:20], y[:20], x[20:], y[20:])
    return Document(
        Experiment("loss", {"kind": "xor"}, tuple(layers), {"kind": kind, **options}, {"kind": "sgd"}, batch_size=7),
        data,
    )


@pytest.mark.parametrize("kind", list(LOSSES))
def test_every_loss_shows_its_samples_and_how_their_mean_arises(qtbot, kind: str):
    document = loss_document(kind)
    inspector = open_inspector(qtbot, document)
    pictures = inspector.explain.pictures
    step = step_of(document)
    position, n = step.position("loss", len(step.layers)), 4
    record = step.tape.records[position].tensors
    losses = step.loss.per_sample(record["prediction"], record["target"])
    for tensor, index in (("value", ()), ("per_sample", (n,)), ("dy", (n, 2)), ("prediction", (n, 1))):
        document.questions.ask(Place(position, tensor, index))
        words = pictures.words.text()
        assert f"The 7 losses add up to {format_number(float(losses.sum()))}" in words
        assert f"divided by 7 that is {format_number(step.tape.loss)}" in words
        assert pictures.losses.isVisible() and pictures.tables[0].isVisible() == bool(index)
        if index:
            assert pictures.losses.hover_text() == f"sample {n} has a loss of {format_number(float(losses[n]))}"
            table = pictures.tables[0].table()
            body = table.values[: len(table.values) - table.sums]
            np.testing.assert_array_equal(body[:, 0], record["prediction"][n])
            np.testing.assert_array_equal(body[:, table.columns.index("dy")], record["dy"][n])
    order = np.argsort(-losses)
    qtbot.mouseClick(pictures.losses, Qt.MouseButton.LeftButton, pos=pictures.losses.bar_rect(2).center().toPoint())
    assert document.sample == order[2]
    assert document.questions.current == Place(position, "per_sample", (int(order[2]),))


def test_cross_entropy_shows_every_step_from_logits_to_the_gradient(qtbot):
    document = loss_document("cross_entropy")
    inspector = open_inspector(qtbot, document)
    pictures = inspector.explain.pictures
    step = step_of(document)
    position, (n, c) = step.position("loss", len(step.layers)), (4, 2)
    document.questions.ask(Place(position, "dy", (n, c)))
    record = step.tape.records[position].tensors
    table = pictures.tables[0].table()
    assert table.columns == ("logit", "exp", "p", "q", "dy")
    p = softmax(record["prediction"][n])
    np.testing.assert_allclose(table.values[:-1, 2], p, rtol=1e-6)
    np.testing.assert_array_equal(table.values[:-1, 3], np.arange(3) == record["target"][n])
    assert table.asked == (c, 4) and table.rows[int(record["target"][n])].endswith("✓")
    assert (
        f"p[2] = {format_number(float(table.values[c, 1]))} / {format_number(float(table.values[-1, 1]))}"
        in pictures.proof.text()
    )
    view = pictures.tables[0]
    view.grab()
    for column, place in (
        (0, Place(position, "prediction", (n, 1))),
        (3, Place(position, "target", (n,))),
        (4, Place(position, "dy", (n, 1))),
    ):
        document.questions.ask(Place(position, "dy", (n, c)))
        click(view, partial(view.viewport.cell_rect, 1, column))
        assert document.questions.current == place


def test_a_probability_shows_its_exponential_and_its_column_of_the_jacobian(qtbot):
    document = loss_document("cross_entropy")
    inspector = open_inspector(qtbot, document)
    pictures, step = inspector.explain.pictures, step_of(document)
    position = step.position("loss", len(step.layers))
    document.questions.ask(Place(position, "p", (4, 2)))
    table, columns = pictures.tables[0].table(), pictures.tables[1].table()
    assert table.asked == (2, table.columns.index("p")) and columns.frames == ((0, 2, 2, 2),)
    value = format_number(float(step.tensor(position, "p")[4, 2]))
    assert pictures.proof.text().endswith(f"= {value}.") and "dy" not in pictures.caption.text()
    assert inspector.explain.code.view.marked_lines() == [] and "softmax" in inspector.explain.code.view.toPlainText()
    view = pictures.tables[1]
    view.grab()
    click(view, partial(view.viewport.cell_rect, 0, 1))
    assert document.questions.current == Place(position, "p", (4, 1))


def test_the_probability_of_a_yes_is_explained_by_the_curve_of_its_logit(qtbot):
    document = loss_document("bce_with_logits")
    inspector = open_inspector(qtbot, document)
    step = step_of(document)
    position = step.position("loss", len(step.layers))
    document.questions.ask(Place(position, "p", (4, 1)))
    assert "1 / (1 + exp(−x))" in inspector.explain.formula.text()
    table = inspector.explain.pictures.tables[0].table()
    assert table.asked == (1, table.columns.index("p")) and not inspector.explain.pictures.tables[1].isVisible()
    assert table.places(0, table.columns.index("p")) == Place(position, "p", (4, 0))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("own", [True, False])
def test_the_jacobian_shows_why_p_minus_q_is_left(qtbot, smoothing: float, own: bool):
    document = loss_document("cross_entropy", label_smoothing=smoothing)
    inspector = open_inspector(qtbot, document)
    pictures = inspector.explain.pictures
    step = step_of(document)
    position, n = step.position("loss", len(step.layers)), 4
    record = step.tape.records[position].tensors
    true = int(record["target"][n])
    c = true if own else (true + 1) % 3
    document.questions.ask(Place(position, "dy", (n, c)))
    p, samples = softmax(record["prediction"][n]).astype(np.float64), len(record["target"])
    q = (1 - smoothing) * (np.arange(3) == true) + smoothing / 3
    table = pictures.tables[1].table()
    np.testing.assert_allclose(table.values, np.diag(p) - np.outer(p, p), atol=1e-6)
    assert table.frames == ((c, 0, c, 2), (c, true, c, true))
    products = table.values[c] * -q / p
    assert products.sum() / samples == pytest.approx(float(record["dy"][n, c]), abs=1e-6)
    proof = pictures.proof.text()
    written = [float(number.replace("−", "-")) for number in re.findall(r"−?\d+(?:\.\d+)?(?:e−?\d+)?", proof)]
    for number in (table.values[c, true], -q[true] / p[true], products[true]):
        assert any(float(number) == pytest.approx(found, rel=2e-3) for found in written), (number, proof)
    assert ("all others together" in proof) == bool(smoothing)
    assert f"is p[{c}] − q[{c}]" in proof
    document.questions.ask(Place(position, "per_sample", (n,)))
    assert not pictures.tables[1].isVisible() and not pictures.proof.isVisible()


def test_probabilities_rounded_to_0_are_said_to_be_why_the_two_are_combined(qtbot):
    document = loss_document("cross_entropy")
    inspector = open_inspector(qtbot, document)
    step = step_of(document)
    position = step.position("loss", len(step.layers))
    step.tape.records[position].tensors["prediction"][4] = (0, 200, 0)
    document.questions.ask(Place(position, "dy", (4, 1)))
    assert "2 of the p are so small" in inspector.explain.pictures.proof.text()
