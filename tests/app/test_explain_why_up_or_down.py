"""Why did this weight grow? The words beside the parts of a step say which way the gradient pushes, and who wins."""

from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from core.explain import Place, explain
from tests.app.explain_tabs import numbers_document, open_inspector, step_of

PLAIN: dict[str, Any] = {"kind": "sgd", "learning_rate": 0.1}
HEAVY: dict[str, Any] = {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.99}


@pytest.mark.parametrize("optimizer", [PLAIN, HEAVY, {"kind": "adam", "learning_rate": 0.01}])
def test_the_words_say_which_way_the_value_goes_and_why(qtbot: QtBot, optimizer: dict[str, Any]) -> None:
    document = numbers_document(optimizer)
    inspector = open_inspector(qtbot, document, batches=4)
    step, seen = step_of(document), set()
    position = step.update_positions["0.weight"]
    tensors = step.tape.records[position].tensors
    for index in np.ndindex(tensors["after"].shape):
        document.questions.ask(Place(position, "after", index))
        words = inspector.explain.pictures.words.text()
        gradient, moved = tensors["gradient"][index], tensors["after"][index] - tensors["before"][index]
        assert (f"so it pushes {'up' if gradient < 0 else 'down'}") in words
        assert (f"make the loss {'smaller' if gradient < 0 else 'larger'}") in words
        against = gradient * moved > 0
        assert (f"stronger, and the value goes {'up' if moved > 0 else 'down'}" in words) == against
        seen.add(bool(against))
    assert True in seen or optimizer is not HEAVY, "momentum carries some weights past where their gradient points"
    assert optimizer is not PLAIN or seen == {False}


def test_a_weight_that_no_gradient_reaches_says_so(qtbot: QtBot) -> None:
    layers = ({"kind": "dense", "units": 4}, {"kind": "relu"}, {"kind": "dense", "units": 1})
    document = numbers_document(PLAIN, layers=layers)
    assert document.trainer
    document.trainer.network.parameters()["0.bias"][:] = -1e3
    inspector = open_inspector(qtbot, document, batches=1)
    step = step_of(document)
    document.questions.ask(Place(step.update_positions["0.weight"], "after", (2, 1)))
    assert "The gradient of the loss is 0 and does not push." in inspector.explain.pictures.words.text()


def test_a_weight_before_the_step_says_where_its_update_is(qtbot: QtBot) -> None:
    document = numbers_document(PLAIN)
    inspector = open_inspector(qtbot, document)
    place = Place(None, "0.weight", (2, 1))
    document.questions.ask(place)
    assert "its update, at the end of the tape, says what becomes of it" in inspector.explain.name.text()
    assert explain(step_of(document), place).is_end
