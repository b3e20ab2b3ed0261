"""A run ends before the step whose gradient leaves a range, and the window shows that very step."""

import math

import numpy as np
import pytest

from app.document.breakpoints import gradient_norm
from app.document.presets import load_preset
from app.engine.client import ProcessEngine
from app.engine.engine import Engine
from app.engine.in_process import InProcessEngine
from app.engine.loop import TrainingLoop
from app.engine.protocol import Run, Until
from core.experiment import Experiment
from core.norms import WHOLE, NormRange
from core.tape import Tape
from tests.engine.conftest import MakeDesk
from tests.engine.desk import Desk, assert_same
from tests.engine.test_same_weights import CONV, images

ENGINES: list[type[Engine]] = [ProcessEngine, InProcessEngine]
each_engine = pytest.mark.parametrize("kind", ENGINES)
XOR = load_preset("xor")
LIMITED = images(
    CONV,
    {"kind": "batch_norm"},
    {"kind": "relu"},
    {"kind": "dropout", "p": 0.3},
    penalty={"kind": "l2", "strength": 0.1},
    clipping={"kind": "norm", "max_norm": 0.01},
)
"""Batch statistics and random numbers to take back; penalty and clipping change what the optimizer gets."""

AFTER = 30


def first_outside(experiment: Experiment, parameter: str = WHOLE) -> tuple[int, NormRange, Tape]:
    """A range that holds all norms of plain training's first steps, the step that leaves it, and that step's tape."""
    trainer = experiment.trainer(experiment.source().load())
    norms = [gradient_norm(trainer.record_step(), parameter) for _ in range(AFTER)]
    range_ = NormRange(parameter, min(norms), max(norms))
    while trainer.steps < 500:
        tape = trainer.record_step()
        if not range_.holds(gradient_norm(tape, parameter)):
            return tape.step, range_, tape
    raise AssertionError("The gradient never leaves the range.")


def assert_stands_at(desk: Desk, step: int, range_: NormRange, tape: Tape) -> None:
    """Demand that the window shows that step, right behind the record that completes the gradient."""
    document = desk.document
    assert document.tape and document.record and document.record.phase == "backward" and not document.running
    assert (document.tape.step, document.steps_done, len(document.history.losses)) == (step, step - 1, step - 1)
    first = min(record.index for record in tape.records if record.phase == "backward")
    assert document.record.index == (first if range_.parameter == WHOLE else int(range_.parameter.split(".")[0]))
    norm = gradient_norm(tape, range_.parameter)
    assert gradient_norm(document.tape, range_.parameter) == norm
    assert document.walk.note == range_.sentence(step, norm)
    for name, before in tape.params_before.items():
        assert np.array_equal(before, document.parameters()[name]), "before any update"
    for mine, theirs in zip(document.tape.records, tape.records, strict=True):
        assert_same(mine.tensors, theirs.tensors)


@each_engine
@pytest.mark.parametrize(
    ("experiment", "parameter"),
    [(XOR, WHOLE), (XOR, "2.bias"), (XOR, "0.weight"), (LIMITED, WHOLE), (LIMITED, "0.weight")],
    ids=["xor", "xor-last", "xor-first", "limited", "limited-first"],
)
def test_the_step_whose_gradient_leaves_the_range_is_the_one_in_the_window(
    make_desk: MakeDesk, kind: type[Engine], experiment: Experiment, parameter: str
) -> None:
    step, range_, tape = first_outside(experiment, parameter)
    desk = make_desk(experiment, kind)
    desk.document.walk.breakpoints.add(range_)
    desk.control.run()
    desk.wait_for_end()
    assert_stands_at(desk, step, range_, tape)
    assert desk.notes == [desk.document.walk.note] and not desk.problems
    state = desk.stops[0].frame.state
    assert state and state["steps"] == step - 1
    # Going on, and back over that step, is as if nothing had happened.
    desk.document.walk.breakpoints.clear()
    desk.train_to(step + 20)
    desk.assert_as_if_never_interrupted()


@each_engine
def test_run_goes_on_to_the_next_step_that_leaves_the_range(make_desk: MakeDesk, kind: type[Engine]) -> None:
    desk = make_desk(XOR, kind)
    trainer = XOR.trainer(desk.document.data)
    norms = [gradient_norm(trainer.record_step(), WHOLE) for _ in range(200)]
    high = sorted(norms)[-5]
    desk.document.walk.breakpoints.add(NormRange(WHOLE, 0, high))
    for step in [step for step, norm in enumerate(norms, 1) if norm > high]:
        desk.control.run()
        desk.wait_for_end()
        assert desk.document.tape and desk.document.tape.step == step and f"in step {step}:" in desk.document.walk.note
    desk.document.walk.breakpoints.clear()
    desk.document.walk.next_batch()
    desk.assert_as_if_never_interrupted()


@each_engine
def test_runs_to_an_epoch_or_a_step_stop_as_well(make_desk: MakeDesk, kind: type[Engine]) -> None:
    step, range_, tape = first_outside(XOR)
    for target in (step + 50, step + 1, step):
        desk = make_desk(XOR, kind)
        desk.document.walk.breakpoints.add(range_)
        desk.train_to(target)
        assert_stands_at(desk, step, range_, tape)
    desk = make_desk(XOR, kind)
    desk.document.walk.breakpoints.add(range_)
    for _ in range(-(-step // desk.trainer.batches_per_epoch)):
        assert not desk.document.walk.note
        desk.control.next_epoch()
        desk.wait_for_end()
    assert step % desk.trainer.batches_per_epoch
    assert_stands_at(desk, step, range_, tape)


@each_engine
@pytest.mark.parametrize("records", [0, 1])
def test_what_is_done_in_the_window_before_or_instead_of_a_run_stops_as_well(
    make_desk: MakeDesk, kind: type[Engine], records: int
) -> None:
    step, range_, tape = first_outside(XOR)
    desk = make_desk(XOR, kind)
    desk.train_to(step - 1)
    for _ in range(records):
        desk.document.next_layer()
    desk.document.walk.breakpoints.add(range_)
    desk.control.run_to_step(step + records)  # one step is left to be done, or two, the first of which has begun
    assert_stands_at(desk, step, range_, tape)
    assert len(desk.stops) == 1, "nothing had to run"


@each_engine
def test_what_is_watched_can_change_while_it_runs(make_desk: MakeDesk, kind: type[Engine]) -> None:
    desk = make_desk(XOR, kind)
    breakpoints = desk.document.walk.breakpoints
    breakpoints.add(NormRange(WHOLE, 0, math.inf))
    desk.run(frames=2)
    breakpoints.add(NormRange("99.weight", 5, 6))
    desk.wait_for_states(2)
    breakpoints.add(NormRange(WHOLE, 1e6, 1e7))
    desk.wait_for_end()
    assert "outside 1e+06 to 1e+07." in desk.document.walk.note and desk.notes == [desk.document.walk.note]
    breakpoints.clear()
    desk.run(frames=2)
    desk.pause()
    desk.assert_as_if_never_interrupted()


@each_engine
def test_a_breakpoint_at_a_record_ends_a_run_in_the_batch_that_follows(make_desk: MakeDesk, kind: type[Engine]) -> None:
    desk = make_desk(XOR, kind)
    document = desk.document
    desk.run(frames=2)
    assert document.tape
    document.walk.breakpoints.toggle(document.tape.records[5])
    desk.wait_for_end()
    assert document.cursor == 6 and document.walk.note == "Stopped at the breakpoint: backward of layer 2, Tanh."
    assert len(document.history.losses) == document.steps_done == document.tape.step - 1
    assert not desk.notes and not desk.problems
    document.walk.breakpoints.clear()
    document.walk.next_batch()
    desk.assert_as_if_never_interrupted()


def test_the_loop_ends_before_that_step_and_reports_the_losses_up_to_it() -> None:
    step, range_, tape = first_outside(LIMITED)
    data = LIMITED.source().load()
    twin = LIMITED.trainer(data)
    losses = [twin.train_step() for _ in range(step - 1)]
    loop = TrainingLoop(Run(LIMITED, LIMITED.trainer(data).state(), Until(steps=step + 9, norms=(range_,))), data)
    while not loop.is_over:
        loop.advance(1.0)
    assert loop.reason == range_.sentence(step, gradient_norm(tape, WHOLE)) and not loop.is_problem
    frame = loop.frame(final=True)
    assert np.array_equal(frame.losses, losses) and frame.state
    assert_same(frame.state["weights"], twin.network.state_dict())
    assert frame.state["rng"] == twin.rng.bit_generator.state
