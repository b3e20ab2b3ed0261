"""Losses in bounded memory, which training a history belongs to, changes in words, the learning rate, and the table."""

import csv
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.document import losses as losses_module
from app.document.changes import change_words, difference_words
from app.document.course import Course
from app.document.curve_file import write_curves
from app.document.history import History
from app.document.losses import CHUNK, MOST_CHUNKS, Losses
from app.document.rates import Rates
from core.metrics import Evaluation
from core.types import Array, DataError
from tests.app.documents import xor

# Losses


def noise(steps: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).uniform(0.1, 2.0, steps)


@pytest.mark.parametrize("steps", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK + 7])
def test_losses_come_back_one_by_one(steps: int) -> None:
    values = noise(steps)
    losses = Losses()
    for part in np.array_split(values, 7):
        losses.extend(part)
    assert len(losses) == steps and list(losses) == values.tolist()
    assert [losses.at(step) for step in range(1, steps + 1)] == values.tolist()
    assert losses.at(0) is None and losses.at(steps + 1) is None
    with pytest.raises(IndexError):
        losses[steps]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3000)), max_size=12))
@settings(max_examples=50, deadline=None)
def test_extending_and_truncating_is_that_of_a_list(moves: list[tuple[bool, int]]) -> None:
    losses, expected = Losses(), np.empty(0)
    for number, (extends, amount) in enumerate(moves):
        if extends:
            losses.extend(noise(amount, number))
            expected = np.concatenate([expected, noise(amount, number)])
        else:
            losses.truncate(amount)
            expected = expected[:amount]
    assert np.array_equal(list(losses), expected)
    assert np.array_equal(losses.ranges()[1], expected)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> int:
    """Let ranges begin after few steps; returns after how many."""
    monkeypatch.setattr(losses_module, "CHUNK", 64)
    monkeypatch.setattr(losses_module, "MOST_CHUNKS", 4)
    return 64 * 4


@pytest.mark.parametrize("steps", [255, 256, 257, 1000, 5000, 20_000])
def test_ranges_hold_the_lowest_and_highest_loss_of_their_steps(small: int, steps: int) -> None:
    values = noise(steps)
    losses = Losses()
    for part in np.array_split(values, 37):
        losses.extend(part)
    assert len(losses) == steps and (losses.span > 1) == (steps >= small)
    ends, low, high = losses.ranges()
    starts = np.arange(0, steps, losses.span)
    assert ends.tolist() == [*range(losses.span, steps, losses.span), steps]
    assert np.array_equal(low, np.minimum.reduceat(values, starts))
    assert np.array_equal(high, np.maximum.reduceat(values, starts))
    # What is known one by one is the loss, what is not known says so; the newest is always known.
    known = [losses.at(step) for step in range(1, steps + 1)]
    assert all(one in (None, values[step]) for step, one in enumerate(known))
    if losses.span > 1:
        assert known[0] is None
        with pytest.raises(LookupError):
            losses[0]
    for step in (1, steps // 2, steps):
        reading = losses.near(step)
        index = (step - 1) // losses.span
        assert reading is not None and reading.step == step
        assert (reading.low, reading.high) in ((low[index], high[index]), (values[step - 1], values[step - 1]))


def test_memory_stays_bounded(small: int) -> None:
    losses, most = Losses(), 0
    for number in range(200):
        losses.extend(noise(500, number))
        most = max(most, losses.bytes)
    # Two bounds a range, those of groups, and one range of every chunk's steps, losses one by one.
    assert most <= 4 * 64 * 2 * 8 * (1 + 1 / 32) + losses.span * 64 * 8
    assert CHUNK * MOST_CHUNKS >= 1_000_000  # so far every loss is exact


def test_truncated_ranges_go_on_with_exact_losses(small: int) -> None:
    values = noise(1000)
    losses = Losses(values)
    cut = 302  # within a range
    losses.truncate(cut)
    assert len(losses) == cut and losses.at(cut) is None
    _, low, high = losses.ranges()
    assert losses.span == 4
    assert (low[75], high[75]) == (values[300:304].min(), values[300:304].max())
    losses.extend([7.0, 8.0])
    assert (losses.at(cut + 1), losses.at(cut + 2)) == (7.0, 8.0)
    losses.truncate(cut - 1)
    losses.extend([9.0])
    assert losses.at(cut) == 9.0, "a second cut makes the steps after it exact again"


def test_a_copy_of_losses_is_independent() -> None:
    losses = Losses(noise(3 * CHUNK))
    copy = losses.copy()
    losses.truncate(5)
    losses.extend([9.0])
    copy.extend([1.0])
    assert np.array_equal(list(copy), [*noise(3 * CHUNK), 1.0]) and list(losses) == [*noise(3 * CHUNK)[:5], 9.0]


@pytest.mark.parametrize("first,last", [(1, 200_000), (-50, 400_000), (1000, 1300), (77_777, 150_001), (199_999, 2e6)])
@pytest.mark.parametrize("columns", [50, 400])
def test_a_drawn_line_reaches_as_far_as_the_losses_do(first: float, last: float, columns: int) -> None:
    values = noise(200_000)
    x, y = Losses(values).polyline(first, last, columns)
    inside = values[max(int(first) - 1, 0) : int(last)]
    assert len(x) == len(y) <= 2 * columns + 8
    assert (np.diff(x) >= 0).all()
    # A column more at either end is drawn, so the line may reach further, never less far.
    assert y.min() <= inside.min() and y.max() >= inside.max()
    assert set(y.tolist()) <= set(values.tolist())


def test_few_losses_are_drawn_one_by_one() -> None:
    x, y = Losses([0.5, 0.4, 0.3]).polyline(0, 10, 100)
    assert (x.tolist(), y.tolist()) == ([1, 2, 3], [0.5, 0.4, 0.3])
    assert [len(part) for part in Losses([0.5]).polyline(5, 9, 100)] == [0, 0]


def test_columns_do_not_move_while_the_training_goes_on() -> None:
    values = noise(100_000)
    before = Losses(values[:99_000]).polyline(1, 120_000, 200)
    after = Losses(values).polyline(1, 120_000, 200)
    settled = before[0] < 98_000
    assert np.array_equal(before[0][settled], after[0][: settled.sum()])
    assert np.array_equal(before[1][settled], after[1][: settled.sum()])


def test_the_first_loss_that_is_not_finite_is_remembered() -> None:
    losses = Losses([1.0, np.inf, 2.0])
    losses.extend([np.nan])
    assert losses.first_bad() == (2, np.inf)
    losses.truncate(1)
    assert losses.first_bad() is None


# Which training


def test_histories_share_what_they_were_one_training_for() -> None:
    course = Course()
    course.add(1, [0.5, 0.4, 0.3, 0.2], {})
    newest = course.history.copy()
    assert course.history.shared_steps(newest) == 4
    course.go_on_from(2, "left")
    course.add(3, [0.3, 0.2], {})
    assert course.history.shared_steps(newest) == newest.shared_steps(course.history) == 2
    later = course.history.copy()
    course.go_on_from(1, "left")
    course.add(2, [0.1], {})
    assert course.history.shared_steps(later) == course.history.shared_steps(newest) == 1
    course.start_anew("another")
    assert course.history.shared_steps(newest) == -1


def bare_state(steps: int) -> dict[str, Any]:
    return {"steps": steps, "weights": {}, "optimizer": {"memory": {}}}


def test_returning_to_a_run_brings_its_states_back_and_leaves_the_other_as_a_past_run() -> None:
    course = Course()
    for step in range(7):
        course.keep(bare_state(step))
    course.add(1, [0.9, 0.8, 0.7, 0.6, 0.5, 0.4], {})
    newest, kept = course.history.copy(), course.snapshots.line()
    course.go_on_from(3, "left at step 3")
    assert course.snapshots.steps == [0, 1, 2, 3]
    course.add(4, [0.1, 0.2], {})
    course.keep(bare_state(5))  # of the other way
    assert [run.name for run in course.past_runs] == ["1 · left at step 3"]
    course.return_to(newest, [], kept, "undone")
    assert list(course.history.losses) == [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]
    assert course.snapshots.steps == [0, 1, 2, 3, 4, 5, 6]
    (run,) = course.past_runs  # what was returned to is no past run any more
    assert (run.name, list(run.history.losses), run.first_step) == ("2 · undone", [0.9, 0.8, 0.7, 0.1, 0.2], 3)
    course.forget(run)
    assert course.past_runs == []


# Options that were in force


def test_changes_are_told_in_words() -> None:
    before = xor(optimizer={"kind": "adam", "learning_rate": 0.01})
    assert change_words(before, before) == ""
    slower = dataclasses.replace(before, optimizer={"kind": "adam", "learning_rate": 0.003}, batch_size=32)
    assert change_words(before, slower).split(", ") == [
        "learning rate 0.01 → 0.003",
        "batch size 8 → 32",
    ]
    other = dataclasses.replace(before, optimizer={"kind": "sgd", "learning_rate": 0.1})
    assert change_words(before, other) == "optimizer adam → sgd"
    assert difference_words(before, other) == "optimizer sgd"


def test_changes_are_told_with_the_names_of_the_form_and_with_what_was_left_out() -> None:
    before = xor(optimizer={"kind": "adam", "learning_rate": 0.01})
    after = dataclasses.replace(before, optimizer={"kind": "adam", "learning_rate": 0.01, "beta1": 0.8})
    assert change_words(before, after) == "β₁ 0.9 → 0.8"


def test_names_of_past_runs_say_what_tells_them_apart() -> None:
    course, first = Course(), xor(optimizer={"kind": "adam", "learning_rate": 0.01})
    slower = dataclasses.replace(first, optimizer={"kind": "adam", "learning_rate": 0.003}, seed=first.seed + 1)
    wider = dataclasses.replace(slower, layers=({"kind": "dense", "units": 9}, *first.layers[1:]))
    for experiment in (first, slower, slower, wider):
        course.history.follow(0, experiment)
        course.add(1, [1.0, 0.5, 0.25], {})
        course.start_anew("xor")
    assert [run.name for run in course.past_runs] == [
        "1 · xor",
        f"2 · xor, learning rate 0.003, seed {slower.seed}",
        "3 · xor",
        "4 · xor, other layers",
    ]


def test_other_data_is_told_by_its_options_or_by_another_name() -> None:
    noisy = xor(data={"kind": "xor", "noise": 0.2, "seed": 4})
    assert difference_words(xor(data={"kind": "xor", "noise": 0.1}), noisy) == "data noise 0.2, data seed 4"
    assert difference_words(noisy, dataclasses.replace(noisy, name="Moons", data={"kind": "moons"})) == ""
    assert difference_words(noisy, dataclasses.replace(noisy, data={"kind": "moons"})) == "data moons"


def test_the_learning_rate_follows_options_and_schedule() -> None:
    history = History()
    first = xor(
        optimizer={"kind": "sgd", "learning_rate": 0.5}, schedule={"kind": "step", "step_size": 10, "gamma": 0.1}
    )
    history.follow(0, first)
    history.add_losses(1, [1.0] * 30)
    history.follow(25, dataclasses.replace(first, optimizer={"kind": "sgd", "learning_rate": 2.0}))
    rates = Rates(history)
    expected = [0.5] * 10 + [0.05] * 10 + [0.005] * 5 + [0.02] * 5
    assert [rates.at(step) for step in range(1, 31)] == pytest.approx(expected)
    x, y = rates.polyline(0, 100, 500)
    assert x.tolist() == list(range(1, 31)) and y.tolist() == pytest.approx(expected)
    x, y = rates.polyline(0, 100, 4)
    assert {25.0, 26.0} <= set(x.tolist())  # the change is not drawn as a slope
    assert history.experiment_of(25) == first and history.experiment_of(26) != first
    history.truncate(20)
    assert history.experiment_of(21) == first


# The table


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_table_has_every_step_and_what_was_measured(tmp_path: Path) -> None:
    history = History()
    history.follow(0, xor(optimizer={"kind": "sgd", "learning_rate": 0.25}))
    history.add_losses(1, [0.1 + 0.2, 0.4, 1e-30])
    history.evaluations["test"] = {0: Evaluation(9.0, 0.5, 10), 2: Evaluation(0.3, None, 10)}
    history.evaluations["train"] = {2: Evaluation(0.2, 0.75, 10)}
    path = tmp_path / "curves.csv"
    write_curves(history, path)
    rows = read(path)
    assert [row["step"] for row in rows] == ["0", "1", "2", "3"]
    assert [row["batch_loss"] for row in rows] == ["", repr(0.1 + 0.2), "0.4", "1e-30"]
    assert [row["test_loss"] for row in rows] == ["9.0", "", "0.3", ""]
    assert [row["test_accuracy"] for row in rows] == ["0.5", "", "", ""]
    assert [row["train_accuracy"] for row in rows] == ["", "", "0.75", ""]
    assert [row["learning_rate"] for row in rows] == ["", "0.25", "0.25", "0.25"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_very_long_history_is_a_table_of_ranges(tmp_path: Path, small: int) -> None:
    history, values = History(), noise(2 * small)
    history.add_losses(1, values)
    history.evaluations["test"] = {3: Evaluation(0.3, 0.5, 10)}
    write_curves(history, tmp_path / "curves.csv")
    rows = read(tmp_path / "curves.csv")
    spans = [row for row in rows if row["batch_loss_lowest"]]
    assert len(spans) == 2 * small / history.losses.span
    assert float(spans[0]["batch_loss_highest"]) == values[: history.losses.span].max()
    assert next(row for row in rows if row["step"] == "3")["test_loss"] == "0.3"


def test_a_table_that_cannot_be_written_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"The curves cannot be written to .*Choose another place\."):
        write_curves(History(), tmp_path / "missing" / "curves.csv")


def test_a_long_table_says_how_far_it_is_and_can_be_left(tmp_path: Path) -> None:
    history, path, shares = History(), tmp_path / "curves.csv", list[float]()
    history.follow(0, xor(optimizer={"kind": "sgd", "learning_rate": 0.03}))
    history.add_losses(1, np.linspace(2, 1, 20_000))
    history.add_evaluations("test", {0: Evaluation(1.5, None, 10), 300: Evaluation(1.25, 0.5, 10)})

    def goes_on(share: float) -> bool:
        shares.append(share)
        return share < 0.6

    assert not write_curves(history, path, goes_on)
    assert not list(tmp_path.iterdir()) and shares == sorted(shares) and 0.6 <= shares[-1] < 1
    assert write_curves(history, path)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 20_002
    assert lines[1] == "0,,,1.5,,," and lines[301] == f"300,{history.losses.at(300)!r},,1.25,,0.5,0.03"
