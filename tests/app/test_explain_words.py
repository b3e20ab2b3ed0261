"""How Explain writes: formulas and what their letters stand for, sums of zeros, names people know; how it moves."""

import dataclasses

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.document.document import Document
from app.document.presets import load_preset
from app.panels.explain.sources import MOST, sources
from app.panels.explain.words import MOST_ZEROS, Links, formula_text, place_name, terms_text, terms_title, typeset
from app.plots.numbers import Precision, format_number
from core.explain import Place, Step, explain
from core.substeps import substeps
from tests.app.documents import tape_of
from tests.app.explain_tabs import (
    BATCH_NORM,
    CONV,
    DROPOUT,
    SOFTMAX,
    click,
    hover,
    image_document,
    open_inspector,
    step_of,
)


@pytest.fixture(scope="module")
def images() -> tuple[Document, Step]:
    document = image_document()
    document.next_batch()
    return document, step_of(document)


def test_what_letters_stand_for_follows_the_number_on_a_line_of_its_own(images: tuple[Document, Step]) -> None:
    _, step = images
    place = Place(step.position("backward", 2), "dx", (1, 1, 2, 2))
    explanation = explain(step, place)
    formula, _, where = formula_text(explanation).partition("<br>")
    assert f"dy[1, 1, 2, 2] · slope = <b>{format_number(explanation.value)}</b>" in formula
    assert "where slope = 1 where x &gt; 0, otherwise 0" in where


def test_every_formula_ends_before_its_conditions(images: tuple[Document, Step]) -> None:
    _, step = images
    for position, record in enumerate(step.tape.records):
        for name, tensor in record.tensors.items():
            formula = explain(step, Place(position, name, (0,) * tensor.ndim)).formula
            outside, depth = "", 0
            for letter in formula:
                depth += (letter in "[({") - (letter in "])}")
                outside += letter if depth == 0 else ""
            assert "," not in outside.replace("over i, j", "") and "otherwise" not in formula, formula


def test_sums_carry_what_they_run_over_below_the_line() -> None:
    assert typeset("Σ_r Σₙ x[n, r] < 1") == "Σ<sub>r</sub> Σ<sub>n</sub> x[n, r] &lt; 1"


def test_a_sum_of_zeros_shows_some_of_them_with_links() -> None:
    experiment = load_preset("xor")
    experiment = dataclasses.replace(
        experiment, layers=({"kind": "dense", "units": 9}, {"kind": "relu"}, *experiment.layers[2:])
    )
    document = Document(experiment, experiment.source().load())
    step = step_of(document)
    forward = step.position("forward", 2)
    step.tape.records[forward].tensors["x"][0] = 0
    explanation = explain(step, Place(forward, "y", (0, 0)))
    only = dataclasses.replace(explanation, parts=explanation.parts[:1], value=0.0)
    links = Links()
    text = terms_text(only, links, step)
    assert len(links.places) == 2 * MOST_ZEROS and text.count("<b>0</b>") == MOST_ZEROS
    assert terms_title(only) == f"All its 9 terms are 0, and so is their sum; the first {MOST_ZEROS} of them:"


def test_derived_factors_say_what_they_were_made_from(images: tuple[Document, Step]) -> None:
    _, step = images
    variance = explain(step, Place(step.position("forward", BATCH_NORM), "variance", (1,)))
    place = variance.largest(1)[0].factors[0].depends[0]
    assert isinstance(place, Place)
    words = terms_text(variance, Links(), step)
    assert f"(x − mean)² of x[{', '.join(map(str, place.index))}] and mean[1]" in words
    softmax = terms_text(explain(step, Place(step.position("backward", SOFTMAX), "dx", (3, 2))), Links(), step)
    true = int(step.tape.target[3])  # the only class with a gradient, the loss being −log of its probability
    assert f"∂y[3, {true}]/∂x[3, 2] of y[3, 2] and y[3, {true}]" in softmax and "y[3, k]" not in softmax


def test_names_are_those_of_the_cards(images: tuple[Document, Step]) -> None:
    _, step = images
    weight = Place(None, "0.weight", (2, 1, 0, 2))
    assert place_name(step, weight) == explain(step, weight).formula == "1 · Conv2D.weight[2, 1, 0, 2]"
    before = explain(step, Place(step.update_positions["0.weight"], "before", (2, 1, 0, 2)))
    assert before.formula.endswith("= 1 · Conv2D.weight[2, 1, 0, 2]") and before.where.endswith("before the step")
    experiment = dataclasses.replace(load_preset("xor"), penalty={"kind": "l2", "strength": 0.1})
    document = Document(experiment, experiment.source().load())
    penalised = step_of(document)
    pull = Place(penalised.penalty_position, "d_2.weight", (0, 3))
    assert place_name(penalised, pull) == "penalty on 3 · Dense.weight[0, 3]"
    assert "w = 3 · Dense.weight[0, 3]" in explain(penalised, pull).where


def test_sources_say_how_many_are_left_out_and_none_has_the_name_of_another(qtbot: QtBot) -> None:
    experiment = dataclasses.replace(load_preset("xor"), clipping={"kind": "norm", "max_norm": 1e-4})
    document = Document(experiment, experiment.source().load())
    inspector = open_inspector(qtbot, document)
    step = step_of(document)
    position = step.update_positions["0.weight"]
    found, more = sources(step, explain(step, Place(position, "gradient", (1, 1))))
    titles = [source.title for source in found]
    assert len({*titles}) == len(titles) and more == 0 and "1 · Dense.weight raw gradient" in titles
    document.questions.ask(Place(position, "after", (1, 1)))
    after, _ = sources(step, explain(step, Place(position, "after", (1, 1))))
    assert "m before" in {source.name for source in after}
    penalty = dataclasses.replace(experiment, penalty={"kind": "l2", "strength": 0.1}, clipping={"kind": "none"})
    document.change("penalty", penalty, document.data)
    document.next_batch()
    step = step_of(document)
    position = step.update_positions["0.weight"]
    document.questions.ask(Place(position, "after", (1, 1)))
    found, more = sources(step, explain(step, Place(position, "after", (1, 1))))
    assert len(found) == MOST and more == 1
    assert inspector.explain.sources.notes() == ["1 more not shown, see the terms."]


def test_numbers_kept_for_the_way_back_can_be_asked_there() -> None:
    layers = (
        {"kind": "dense", "units": 3},
        {"kind": "silu"},
        {"kind": "gelu"},
        {"kind": "dropout"},
        {"kind": "dense", "units": 1},
    )
    experiment = dataclasses.replace(load_preset("xor"), layers=layers)
    document = Document(experiment, experiment.source().load())
    step = step_of(document)
    for layer, tensor in ((1, "gate"), (2, "t"), (3, "mask")):
        forward = Place(step.position("forward", layer), tensor, (2, 1))
        made, handed = (
            explain(step, forward),
            explain(step, dataclasses.replace(forward, record=step.position("backward", layer))),
        )
        assert handed.same_as == forward and handed.value == made.value
        assert made.is_end == (tensor == "mask")
        if not made.is_end:
            assert made.total == pytest.approx(made.value) and "x[2, 1]" in made.where


def test_every_line_of_a_calculation_that_can_be_clicked_has_a_story(images: tuple[Document, Step]) -> None:
    _, step = images
    for position, record in enumerate(step.tape.records):
        for line in substeps(step, position):
            if line.result and not (record.phase == "loss" and line.result == "value"):
                index = (0,) * line.tensor.ndim
                assert explain(step, Place(position, line.result, index)).formula, (record.name, line.name)


# Moving within a picture.


def test_sliding_on_keeps_the_way_here(qtbot: QtBot) -> None:
    document = image_document()
    inspector = open_inspector(qtbot, document)
    step, view = step_of(document), inspector.explain.sliding
    forward = step.position("forward", CONV)
    first = Place(step.position("forward", BATCH_NORM), "x", (3, 1, 2, 2))
    document.questions.ask(first)
    document.questions.follow(Place(forward, "y", (3, 1, 2, 2)))
    click(view, lambda: view.cell_rect(4, 5).center())
    assert document.questions.trail == (first, Place(forward, "y", (3, 1, 4, 5)))


def test_pointing_into_the_jacobian_moves_frame_and_words_and_a_click_pins(qtbot: QtBot) -> None:
    document = image_document()
    inspector = open_inspector(qtbot, document)
    pictures, step = inspector.explain.pictures, step_of(document)
    position = step.position("backward", SOFTMAX)
    document.questions.ask(Place(position, "dx", (3, 2)))
    view = pictures.tables[1]
    own = pictures.words.text()
    hover(view, lambda: view.viewport.cell_rect(0, 1).center())
    assert view.table().frames == ((0, 0, 0, 3),) and "dx[0] = " in pictures.words.text()
    assert document.questions.current == Place(position, "dx", (3, 2))
    view.leaveEvent(None)  # type: ignore[arg-type]
    assert view.table().frames == ((2, 0, 2, 3),) and pictures.words.text() == own
    click(view, lambda: view.viewport.cell_rect(0, 1).center())
    assert document.questions.trail == (Place(position, "dx", (3, 0)),)


def test_the_mask_follows_the_pointer(qtbot: QtBot) -> None:
    document = image_document()
    inspector = open_inspector(qtbot, document)
    pictures, step = inspector.explain.pictures, step_of(document)
    position = step.position("forward", DROPOUT)
    mask = step.tensor(position, "mask")[2, 1]
    kept, dropped = (tuple(int(axis) for axis in np.argwhere(which)[0]) for which in (mask > 0, mask == 0))
    document.questions.ask(Place(position, "y", (2, 1, *kept)))
    assert "This value was kept" in pictures.words.text()
    view = pictures.tables[0]
    hover(view, lambda: view.viewport.cell_rect(*dropped).center())
    assert "This value was dropped" in pictures.words.text() and view.table().asked == kept


def test_tables_write_as_many_digits_as_are_set(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    document = image_document()
    inspector = open_inspector(qtbot, document)
    inspector.resize(700, 780)
    step = step_of(document)
    document.questions.ask(Place(step.position("forward", SOFTMAX), "y", (3, 2)))
    view = inspector.explain.pictures.tables[0]
    value = float(tape_of(document).records[step.position("forward", SOFTMAX)].tensors["y"][3, 2])
    for digits in (3, 6):
        monkeypatch.setattr(Precision, "digits", digits)
        view.grab()
        assert view.numbers_shown()[2][2] == format_number(value, digits)


def test_a_factor_that_is_a_sum_stands_in_brackets(images: tuple[Document, Step]) -> None:
    document = Document(load_preset("xor"), load_preset("xor").source().load())
    step = step_of(document)
    tanh = terms_text(explain(step, Place(step.position("backward", 1), "dx", (0, 5))), Links(), step)
    assert "dy[0, 5] · (1 − y²) of y[0, 5]" in tanh
    update = step.update_positions["0.weight"]
    adam = terms_text(explain(step, Place(update, "m after", (0, 1))), Links(), step)
    assert "(1 − β₁) · gradient[0, 1]" in adam and "((" not in adam
    _, step = images
    softmax = explain(step, Place(step.position("forward", SOFTMAX), "y", (3, 2)))
    links = Links()
    largest = int(np.argmax(np.abs(step.tensor(step.position("forward", SOFTMAX), "x")[3])))
    assert f"1/Σ exp(x − max) (see x[3, {largest}])" in terms_text(softmax, links, step)
    assert links.places[-1].index == (3, largest)
