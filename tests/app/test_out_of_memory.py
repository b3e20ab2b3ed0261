"""Too little memory for what the window computes: said in a sentence, and nothing that was done is lost."""

from collections.abc import Callable
from typing import Any

import pytest

from core.layers.activations import Tanh
from core.network import Network
from core.recording import Recorder
from core.trainer import Trainer
from tests.app.documents import Ears, assert_same, batches, copies, twin, with_memory

Full = Callable[[], pytest.MonkeyPatch]
SENTENCE = (
    "There is not enough memory to record step {}; the weights before it were kept. "
    "Use smaller batches or a smaller network."
)


def fail(*_: Any, **__: Any) -> Any:
    raise MemoryError


@pytest.fixture(
    params=[(Tanh, "forward"), (Tanh, "backward"), (Recorder, "update"), (Trainer, "state")],
    ids=lambda place: f"{place[0].__name__}.{place[1]}",
)
def full(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Full:
    """Once called, there is no memory: in a layer, for the tape of a step that was made, or for copies before it."""

    def begin() -> pytest.MonkeyPatch:
        owner, name = request.param
        monkeypatch.setattr(owner, name, fail)
        return monkeypatch

    return begin


def test_a_batch_that_does_not_fit_is_told_and_can_be_tried_again(full: Full) -> None:
    document = with_memory()
    batches(document, 3)
    weights, tape, ears = copies(document.weights()), document.tape, Ears(document)
    memory = full()
    document.next_batch()
    document.next_layer()
    assert ears.heard() == {"failed": 2} and ears.sentences == [SENTENCE.format(4)] * 2
    memory.undo()
    assert document.tape is tape and len(document.history.losses) == 3
    assert_same(document.weights(), weights)
    batches(document, 2)
    assert_same(document.weights(), twin(document, 5).network.state_dict())


def test_nothing_is_said_of_a_batch_that_nobody_asked_for_yet(full: Full, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.document.stepper.SLOW_RECORDING", 0.0)
    document = with_memory()
    batches(document, 2)
    ears, memory = Ears(document), full()
    document.record_ahead()
    assert ears.heard() == {}
    memory.undo()
    batches(document, 1)
    assert_same(document.weights(), twin(document, 3).network.state_dict())


def test_the_weights_of_a_run_are_there_though_its_next_batch_does_not_fit(full: Full) -> None:
    document = with_memory()
    document.begin_run()
    trained = twin(document, 6)
    state = trained.state()
    memory = full()
    document.show_state(state)  # a frame while it runs
    assert document.running and document.tape is None
    document.end_run(state)
    assert not document.running and document.problem == SENTENCE.format(7)
    assert document.steps_done == 6
    assert_same(document.weights(), trained.network.state_dict())
    memory.undo()
    document.edit("batch size", batch_size=3)
    assert document.problem == "" and document.steps_done == 6
    assert_same(document.weights(), trained.network.state_dict())


def test_an_earlier_moment_that_does_not_fit_is_told_and_one_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    document = with_memory()
    batches(document, 4)
    weights = copies(document.weights())
    with monkeypatch.context() as memory:
        memory.setattr(Tanh, "forward", fail)
        document.travel(2)
        assert document.problem == SENTENCE.format(3)
    document.back_to_now()
    assert document.problem == "" and document.steps_done == 4
    assert_same(document.weights(), weights)


def test_a_network_there_is_no_room_for_is_a_problem_and_undo_brings_the_old_one_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    document = with_memory()
    batches(document, 3)
    weights = copies(document.weights())
    with monkeypatch.context() as memory:
        memory.setattr(Network, "build", fail)
        document.edit("units", layers=({"kind": "dense", "units": 1},))
    assert document.problem == "There is not enough memory for this network: make its largest layer smaller."
    document.undo()
    assert document.problem == ""
    assert_same(document.weights(), weights)


def test_a_batch_is_done_though_nothing_can_be_measured_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    document = with_memory()
    monkeypatch.setattr(Trainer, "evaluate", fail)
    ears = Ears(document)
    batches(document, 2)
    assert document.steps_done == len(document.history.losses) == 2
    assert ears.heard()["history_changed"] == 2 and document.history.evaluations["test"] == {}
    monkeypatch.undo()
    batches(document, 1)
    assert document.history.evaluation_at(document.steps_done) == (3, twin(document, 3).evaluate())
