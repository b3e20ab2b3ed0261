"""Wherever and however a training runs, it arrives at the weights of plain training, bit for bit."""

import dataclasses
import random
from typing import Any

import numpy as np
import pytest

import app.engine.client
from app.document.presets import load_preset
from app.engine.client import ProcessEngine
from app.engine.engine import Engine
from app.engine.in_process import InProcessEngine
from app.engine.protocol import Until
from core.experiment import Experiment
from core.words import number
from tests.engine.conftest import MakeDesk
from tests.engine.desk import Desk, assert_same

ENGINES: list[type[Engine]] = [ProcessEngine, InProcessEngine]
XOR = load_preset("xor")


def images(*layers: dict[str, Any], **choices: Any) -> Experiment:
    """A small network on digits drawn by the program."""
    shape = [{"kind": "max_pool2d", "kernel_size": 2}, {"kind": "flatten"}, {"kind": "dense", "units": 10}]
    defaults: dict[str, Any] = {
        "name": "images",
        "data": {"kind": "digits", "points": 300, "train_share": 0.7, "seed": 3},
        "loss": {"kind": "cross_entropy"},
        "optimizer": {"kind": "adam", "learning_rate": 0.01},
        "batch_size": 32,
    }
    return Experiment(**{**defaults, "layers": (*layers, *shape), **choices})


CONV = {"kind": "conv2d", "filters": 4, "kernel_size": 3, "padding": 1}
EXPERIMENTS = [
    XOR,
    images(CONV, {"kind": "relu"}),
    images(CONV, {"kind": "batch_norm"}, {"kind": "relu"}, {"kind": "dropout", "p": 0.3}),
    images(CONV, optimizer={"kind": "sgd", "learning_rate": 0.05, "momentum": 0.9}),
]


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=["xor", "conv", "batch_norm-dropout", "momentum"])
@pytest.mark.parametrize("kind", ENGINES)
def test_runs_in_parts_give_the_weights_of_plain_training(
    make_desk: MakeDesk, experiment: Experiment, kind: type[Engine]
) -> None:
    desk = make_desk(experiment, kind)
    for step in (13, 15, 16, 40):
        desk.train_to(step)
        assert desk.document.steps_done == step
    desk.assert_as_if_never_interrupted()
    twin = desk.twin()
    for slot, memory in desk.trainer.optimizer_memory().items():
        assert_same(memory, twin.optimizer_memory()[slot])
    assert desk.trainer.rng.bit_generator.state == twin.rng.bit_generator.state


@pytest.mark.parametrize("kind", ENGINES)
def test_run_and_pause_give_the_weights_of_plain_training(make_desk: MakeDesk, kind: type[Engine]) -> None:
    desk = make_desk(XOR, kind)
    for _ in range(3):
        desk.run()
        desk.pause()
    desk.run()
    desk.control.pause_now()
    desk.assert_as_if_never_interrupted()


def test_without_room_in_shared_memory_states_go_through_the_pipe(
    make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 2**18})()
    monkeypatch.setattr("app.engine.state_block.shutil.disk_usage", lambda _: usage)
    dense = ({"kind": "flatten"}, {"kind": "dense", "units": 300}, {"kind": "relu"}, {"kind": "dense", "units": 10})
    desk = make_desk(dataclasses.replace(images(), layers=dense))
    desk.run(frames=2)
    desk.pause()
    assert not desk.problems
    desk.assert_as_if_never_interrupted()


# Random sequences


class Pair:
    """The same person at two desks, one with each engine."""

    def __init__(self, process: Desk, in_process: Desk, seed: int) -> None:
        self.desks = process, in_process
        self.random = random.Random(seed)
        self.actions = (
            self.train, self.train, self.train, self.run_freely, self.next_epoch, self.next_batch, self.next_layers,
            self.go_back, self.change_rate, self.change_optimizer, self.change_batch_size, self.change_units,
            self.undo, self.redo, self.reset,
        )  # fmt: skip

    def go_through(self, sequences: int) -> None:
        for sequence in range(sequences):
            done = []
            for _ in range(self.random.randint(2, 6)):
                action = self.random.choice(self.actions)
                done.append(action.__name__)
                action()
                self.compare(f"{sequence}: {', '.join(done)}")

    def compare(self, what: str) -> None:
        process, other = (desk.document for desk in self.desks)
        assert process.experiment == other.experiment, what
        assert (process.steps_done, process.cursor) == (other.steps_done, other.cursor), what
        assert list(process.history.losses) == list(other.history.losses), what
        assert_same(process.weights(), other.weights())
        assert not any(desk.problems for desk in self.desks), what

    def train(self) -> None:
        steps = self.random.randint(1, 30)
        for desk in self.desks:
            desk.train_to(desk.document.steps_done + steps)

    def run_freely(self) -> None:
        """The first runs as long as it likes, the second as far as the first came."""
        process, other = self.desks
        process.run()
        process.control.pause_now()
        other.train_to(process.document.steps_done)

    def next_epoch(self) -> None:
        for desk in self.desks:
            desk.control.next_epoch()
            desk.wait_for_end()

    def next_batch(self) -> None:
        self.both("next_batch")

    def next_layers(self) -> None:
        for _ in range(self.random.randint(1, 12)):
            self.both("next_layer")

    def go_back(self) -> None:
        for _ in range(self.random.randint(1, 4)):
            self.both("back")

    def change_rate(self) -> None:
        rate = self.random.choice([0.003, 0.01, 0.03])
        self.edit("rate", optimizer={**self.desks[0].document.experiment.optimizer, "learning_rate": rate})

    def change_optimizer(self) -> None:
        self.edit("optimizer", optimizer={"kind": self.random.choice(["sgd", "adam"]), "learning_rate": 0.02})

    def change_batch_size(self) -> None:
        self.edit("batch size", batch_size=self.random.choice([7, 10, 16]))

    def change_units(self) -> None:
        first, *rest = self.desks[0].document.experiment.layers
        self.edit("units", layers=({**first, "units": self.random.randint(3, 9)}, *rest))

    def undo(self) -> None:
        self.both("undo")

    def redo(self) -> None:
        self.both("redo")

    def reset(self) -> None:
        self.both("reset")

    def edit(self, label: str, **changes: Any) -> None:
        for desk in self.desks:
            desk.document.edit(label, **changes)

    def both(self, method: str) -> None:
        for desk in self.desks:
            getattr(desk.document, method)()


def test_random_sequences_give_the_same_in_both_engines(make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.engine.client, "TICK", 1)
    data = {**XOR.data, "points": 80}
    experiment = dataclasses.replace(XOR, data=data)
    Pair(make_desk(experiment), make_desk(experiment, InProcessEngine), seed=4).go_through(200)


# Ends, options and curves


@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize("step", [1, 7, 200])
def test_a_run_ends_after_the_step_it_was_given(make_desk: MakeDesk, kind: type[Engine], step: int) -> None:
    desk = make_desk(XOR, kind)
    desk.control.run(Until(steps=step))
    desk.wait_for_end()
    assert desk.stops[0].frame.state and desk.stops[0].frame.state["steps"] == step
    assert not desk.notes and not desk.problems
    # Evaluated where it ended.
    assert step in desk.document.history.evaluations["test"] and step in desk.document.history.evaluations["train"]


@pytest.mark.parametrize("kind", ENGINES)
def test_a_run_to_a_step_that_is_done_ends_at_once(make_desk: MakeDesk, kind: type[Engine]) -> None:
    desk = make_desk(XOR, kind)
    desk.train_to(20)
    desk.control.run(Until(steps=20))
    desk.wait_for_end()
    assert desk.stops[-1].frame.state and desk.stops[-1].frame.state["steps"] == 20


@pytest.mark.parametrize("kind", ENGINES)
def test_a_run_ends_at_the_first_loss_as_low_as_wanted(make_desk: MakeDesk, kind: type[Engine]) -> None:
    desk = make_desk(XOR, kind)
    desk.control.run(Until(loss=0.3))
    desk.wait_for_end()
    losses = list(desk.document.history.losses)
    assert losses[-1] <= 0.3 < min(losses[:-1])
    assert desk.notes == [f"The loss of step {len(losses)} is {number(losses[-1])}: the run is over, as wanted."]


@pytest.mark.parametrize("kind", ENGINES)
def test_a_run_ends_at_the_test_accuracy_that_was_wanted(make_desk: MakeDesk, kind: type[Engine]) -> None:
    desk = make_desk(XOR, kind)
    desk.control.run(Until(accuracy=0.9))
    desk.wait_for_end()
    found = desk.document.history.evaluations["test"]
    *earlier, last = [found[step].accuracy for step in sorted(found) if step <= desk.document.steps_done]
    assert last is not None and last >= 0.9
    assert all(accuracy is not None and accuracy < 0.9 for accuracy in earlier)
    assert len(desk.notes) == 1 and f"is {last * 100:.2f} %: the run is over, as wanted." in desk.notes[0]


@pytest.mark.parametrize("kind", ENGINES)
def test_every_loss_arrives_once_and_in_order(make_desk: MakeDesk, kind: type[Engine]) -> None:
    desk = make_desk(XOR, kind)
    desk.run(frames=8)
    desk.pause()
    frames = [*desk.frames, desk.stops[0].frame]
    ends = [frame.first_step + len(frame.losses) for frame in frames]
    assert [frame.first_step for frame in frames] == [1, *ends[:-1]]
    assert sum(len(frame.losses) for frame in frames) == ends[-1] - 1 > 100 * (kind is ProcessEngine)
    desk.assert_as_if_never_interrupted()


@pytest.mark.parametrize("kind", ENGINES)
def test_the_learning_rate_changes_on_the_way_and_the_memory_stays(make_desk: MakeDesk, kind: type[Engine]) -> None:
    desk = make_desk(XOR, kind)
    desk.run(frames=2)
    desk.document.edit("learning rate", optimizer={"kind": "adam", "learning_rate": 0.0})
    assert desk.document.running and not desk.stops
    # With a rate of 0 the weights stand still while the memory goes on.
    desk.wait_for_states(4)
    first, *_, last = desk.states()[-3:]
    assert first["steps"] < last["steps"]
    assert_same(first["weights"], last["weights"])
    assert any(not np.array_equal(first["optimizer"]["memory"]["m"][name], last["optimizer"]["memory"]["m"][name])
               for name in last["weights"])  # fmt: skip
    assert last["optimizer"]["steps"] == last["steps"]
    desk.pause()
    assert desk.trainer.optimizer.steps == desk.document.steps_done
    assert desk.trainer.optimizer.learning_rate == 0


@pytest.mark.parametrize(("rate", "where"), [(10.0, "the loss, Mean squared error,"), (1000.0, "layer 3, Dense,")])
@pytest.mark.parametrize("kind", ENGINES)
def test_numbers_that_grow_beyond_all_bounds_pause_the_run_and_can_be_mended(
    make_desk: MakeDesk, kind: type[Engine], rate: float, where: str
) -> None:
    experiment = Experiment(
        "diverging",
        {"kind": "two_bumps", "points": 60},
        ({"kind": "dense", "units": 5}, {"kind": "relu"}, {"kind": "dense", "units": 1}),
        {"kind": "mse"},
        {"kind": "sgd", "learning_rate": rate},
        batch_size=10,
    )
    twin = experiment.trainer(experiment.source().load())
    with pytest.raises(ValueError, match="not finite") as error:
        for _ in range(10_000):
            twin.train_step()
    assert twin.steps > 1
    desk = make_desk(experiment, kind)
    desk.control.run()
    desk.wait_for_end()
    assert desk.problems == [str(error.value)] and where in desk.problems[0]
    assert desk.document.tape is not None and desk.document.tape.refused == desk.problems[0]
    assert desk.document.steps_done == len(desk.document.history.losses) == twin.steps
    assert_same(desk.document.weights(), twin.network.state_dict())
    # A lower rate changes nothing for weights that are beyond help, and takes nothing away; earlier ones can go on.
    desk.document.edit("learning rate", optimizer={"kind": "sgd", "learning_rate": 0.01})
    assert_same(desk.document.weights(), twin.network.state_dict())
    desk.document.travel(0)
    desk.train_to(40)
    assert len(desk.problems) == 1 and not desk.document.problem
    desk.assert_as_if_never_interrupted()
