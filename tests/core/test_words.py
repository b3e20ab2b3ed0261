"""Numbers in the core's sentences look as they do in the window: no "1e-05", no hyphen for a minus, no `inf`."""

import re

import numpy as np
import pytest

from core.words import (
    chosen,
    count,
    layer_subject,
    layer_words,
    memory_text,
    number,
    numbered_title,
    parameter_words,
    said,
    trimmed,
)
from tests.core.networks import DENSE
from tests.core.training import trainer


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.03, "0.03"),
        (1e-5, "1e−5"),
        (0.00024, "2.4e−4"),
        (0.015, "0.015"),
        (123456.7, "1.23457e5"),
        (2.5e-7, "2.5e−7"),
        (-0.5, "−0.5"),
        (1.0, "1"),
        (1e6, "1\u202f000\u202f000"),
        (0.0, "0"),
        (-1e12, "−1e12"),
        (float("inf"), "∞"),
    ],
)
def test_a_number_that_was_chosen_is_told_as_short_as_it_can_be(value: float, text: str) -> None:
    assert chosen(value) == text


def test_a_measured_number_keeps_the_digits_that_are_known() -> None:
    assert [number(value, 2) for value in (0.01, 3.14e-5, -2.5e7, 1234567)] == ["0.010", "3.1e−5", "−2.5e7", "1.2e6"]
    assert [number(value) for value in (float("nan"), float("-inf"), 0.7)] == ["NaN", "−∞", "0.7000"]
    assert [number(value) for value in (0.00137, 9.99e-4, 8.9e-4)] == ["0.001370", "9.990e−4", "8.900e−4"]
    assert count(-12544) == "−12\u202f544"


def test_zeros_at_the_end_can_be_left_out() -> None:
    texts = ("0.03000", "1.500e−5", "2.000", "100", "1e7", "NaN", "∞")
    assert [trimmed(text) for text in texts] == ["0.03", "1.5e−5", "2", "100", "1e7", "NaN", "∞"]


def test_what_is_too_large_for_any_computer_is_told_in_powers_of_ten() -> None:
    assert [count(10**14), count(-(10**27))] == ["100\u202f000\u202f000\u202f000\u202f000", "−1e27"]
    sizes = [memory_text(size) for size in (999 * 10**12, 1600 * 10**12, 16 * 10**27)]
    assert sizes == ["999.0 TB", "1\u202f600 TB", "1.6e16 TB"]


def test_what_was_given_is_repeated_as_python_writes_it_and_short() -> None:
    assert [said(value) for value in (None, "a", 2.5, [1, 2], (3,))] == ["None", "'a'", "2.5", "[1, 2]", "(3,)"]
    assert said(10**19) == "1" + "0" * 19
    assert said((2, 10**30)) == "(2, a number of about 31 digits)"
    assert said(np.eye(2)) == "array([[1., 0.], [0., 1.]])", "on one line"
    assert len(said("x" * 1000)) <= 60 and len(said(np.zeros((99, 99)))) <= 60 and len(said({"a": "x" * 1000})) < 80


def test_layers_are_counted_from_one() -> None:
    assert [layer_words(0), layer_words(1, "Dense")] == ["layer 1", "layer 2, Dense"]
    assert [layer_subject(1, "Dense"), numbered_title(1, "Dense")] == ["Layer 2, Dense,", "2 · Dense"]
    assert parameter_words("2.running_mean") == "the running_mean of layer 3"


@pytest.mark.parametrize("rate", [1e-5, 1e-7, 0.5])
def test_no_account_writes_a_number_as_a_program_does(rate: float) -> None:
    one = trainer(DENSE, {"kind": "sgd", "learning_rate": rate})
    for record in one.record_step().records:
        assert not re.search(r"e-\d|e\+\d|\d-\d|\binf\b|_", record.account), record.account
    update = one.record_step().records[-1].account
    assert update.endswith(f"(learning rate {chosen(rate)}).")
