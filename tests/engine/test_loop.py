"""The loop evaluates within its share of the time, in pieces that a pause can come between."""

import dataclasses
import sys
from collections.abc import Iterator

import numpy as np
import pytest

import app.engine.loop
from app.document.presets import load_preset
from app.engine.loop import TrainingLoop
from app.engine.protocol import Run, Until
from core.metrics import Evaluation
from core.norms import NormWatch
from core.trainer import Trainer
from tests.engine.desk import assert_same

STEP, PIECE, PIECES = 0.1, 0.5, 8


class Clock:
    """A clock that goes on only when something is done."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.evaluating = 0.0
        self.training = 0.0
        train_step = Trainer.train_step

        def step(trainer: Trainer, watch: NormWatch | None = None) -> float:
            self.now += STEP
            self.training += STEP
            return train_step(trainer, watch)

        def evaluation(trainer: Trainer, part: str = "test") -> Iterator[Evaluation | None]:
            for _ in range(PIECES):
                self.now += PIECE
                self.evaluating += PIECE
                yield None
            yield Evaluation(1.0, 0.5, 100)

        monkeypatch.setattr(app.engine.loop, "time", self)
        monkeypatch.setattr(Trainer, "train_step", step)
        monkeypatch.setattr(Trainer, "evaluation", evaluation)

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def loop(**choices: object) -> TrainingLoop:
    experiment = load_preset("xor")
    data = experiment.source().load()
    run = Run(experiment, experiment.trainer(data).state())
    return TrainingLoop(dataclasses.replace(run, **choices), data)  # type: ignore[arg-type]


@pytest.mark.parametrize("share", [0.02, 0.2])
def test_evaluations_keep_to_their_share_of_the_time(clock: Clock, share: float) -> None:
    training = loop(evaluation_share=share)
    found: dict[str, list[int]] = {"test": [], "train": []}
    while clock.now < 3000:
        training.advance(0.004)
        for part, evaluations in training.frame().evaluations.items():
            found[part] += evaluations
    share_taken = clock.evaluating / (clock.evaluating + clock.training)
    assert 0.5 * share < share_taken <= share
    assert len(found["test"]) > len(found["train"]) > 1
    assert training.trainer.steps * STEP == pytest.approx(clock.training)


@pytest.mark.parametrize("batch_size", [1, 16, 17])
def test_after_a_slow_step_the_loop_looks_up(clock: Clock, batch_size: int) -> None:
    experiment = dataclasses.replace(load_preset("xor"), batch_size=batch_size)
    training = loop(experiment=experiment, state=experiment.trainer(experiment.source().load()).state())
    for _ in range(20):
        before = clock.training
        training.advance(0.004)
        assert clock.training <= before + STEP
    assert training.trainer.steps > 1


def test_quick_steps_follow_one_another_for_a_while(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setattr(sys.modules[__name__], "STEP", 1e-4)
    looks = 0
    training = loop()
    go_on = training._go_on

    def count() -> None:
        nonlocal looks
        looks += 1
        go_on()

    monkeypatch.setattr(training, "_go_on", count)
    training.advance(0.004)
    assert training.trainer.steps > 30 and looks < training.trainer.steps / 5


def test_an_evaluation_can_be_left_between_two_pieces(clock: Clock) -> None:
    training = loop()
    while not clock.evaluating:
        training.advance(0.004)
    steps, seen = training.trainer.steps, clock.now
    training.advance(0.004)
    assert clock.now == seen + PIECE  # one piece of eight
    frame = training.frame(final=True)
    assert frame.state and frame.state["steps"] == steps == training.trainer.steps
    assert not any(frame.evaluations.values())


def test_nothing_is_learned_in_the_middle_of_an_evaluation(clock: Clock) -> None:
    training = loop()
    while not clock.evaluating:
        training.advance(0.004)
    steps = training.trainer.steps
    while clock.evaluating < PIECE * PIECES:
        training.advance(0.004)
        assert training.trainer.steps == steps
    training.advance(0.004)
    assert training.trainer.steps > steps
    assert list(training.frame().evaluations["test"]) == [steps]


def test_a_run_that_has_arrived_is_evaluated_before_it_ends(clock: Clock) -> None:
    training = loop(until=Until(steps=3))
    while training.trainer.steps < 3:
        training.advance(0.004)
    assert not training.is_over
    training.frame()
    for _ in range(2 * PIECES + 2):
        training.advance(PIECE)
    assert training.is_over and not training.is_problem and not training.reason
    frame = training.frame(final=True)
    assert list(frame.evaluations["test"]) == list(frame.evaluations["train"]) == [3]


def test_states_keep_to_their_share_of_the_time(clock: Clock) -> None:
    training, copies = loop(), 0
    while clock.now < 110:
        training.advance(0.004)
        if training.frame().state is not None:
            copies += 1
            clock.now += 0.02
            training.account_for(0.02)
    assert 2 <= copies <= 2 + 10 / (0.02 / app.engine.loop.STATE_SHARE)


def test_a_step_that_failed_is_made_anew_bit_for_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    dropout = {"kind": "dropout", "p": 0.5}
    preset = load_preset("xor")
    experiment = dataclasses.replace(preset, layers=(preset.layers[0], dropout, *preset.layers[1:]))
    data = experiment.source().load()
    twin = experiment.trainer(data)
    losses = [twin.train_step() for _ in range(5)]
    training = TrainingLoop(Run(experiment, experiment.trainer(data).state(), Until(steps=5)), data)
    last = training.trainer.network.layers[-1]
    backward = last.backward

    def fail(*_: object) -> None:
        monkeypatch.setattr(last, "backward", backward)
        raise MemoryError

    monkeypatch.setattr(last, "backward", fail)
    training.advance(1.0)
    assert training.is_over and training.is_problem and "not enough memory to go on after step 0" in training.reason
    state = training.frame(final=True).state
    assert state
    again = TrainingLoop(Run(experiment, state, Until(steps=5)), data)
    while not again.is_over:
        again.advance(1.0)
    frame = again.frame(final=True)
    assert frame.state and np.array_equal(frame.losses, losses)
    assert_same(frame.state["weights"], twin.network.state_dict())


def test_a_report_tells_how_many_samples_a_second_were_trained(clock: Clock) -> None:
    running = loop()
    for seconds in (20.0, 3.0):
        began = clock.now
        running.advance(seconds)
        found, size = running.frame(), running.trainer.batch_size
        assert size > 1 and len(found.losses) > 10
        assert found.samples_per_second == pytest.approx(len(found.losses) * size / (clock.now - began), rel=1e-9)
