"""The introduction to the core: its examples run, and what it says about the negative controls is true."""

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.core import test_golden, test_layer_gradients, test_losses, test_objective, test_optimizers, test_schedules

PAGE = Path(__file__).resolve().parent.parent / "docs" / "core.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


def controls(test: Callable[..., Any]) -> int:
    """How many mistakes a test is run with."""
    tables = [mark.args[1] for mark in test.pytestmark if mark.name == "parametrize"]  # type: ignore[attr-defined]
    return math.prod(map(len, tables))


def test_the_examples_run_in_order(capsys: pytest.CaptureFixture[str]):
    page: dict[str, Any] = {"__name__": "core_md"}
    for block in BLOCKS:
        line = TEXT[: TEXT.index(block)].count("\n")
        # Empty lines in front, so that an error names the line of the page.
        exec(compile("\n" * line + block, str(PAGE), "exec", dont_inherit=True), page)
    shown = capsys.readouterr().out
    assert len(BLOCKS) >= 6
    assert shown.count(": pass, relative error") == 4
    assert "{'dy': (10, 8), 'd_weight': (8, 2), 'd_bias': (8,)}" in shown


def test_the_number_of_negative_controls_is_right():
    rejecting = (
        test_layer_gradients.test_a_broken_backward_is_rejected,
        test_layer_gradients.test_a_backward_broken_in_evaluation_is_rejected,
        test_golden.test_mistakes_in_the_running_statistics_are_rejected,
        test_losses.test_mistakes_are_rejected,
        test_optimizers.test_mistakes_are_rejected,
        test_schedules.test_mistakes_are_rejected,
        test_objective.test_mistakes_are_rejected,
    )
    found = re.search(r"(\d+) negative controls", TEXT)
    assert found and int(found[1]) == sum(controls(test) for test in rejecting)


def test_what_the_page_names_is_there():
    """Files and folders; names in code are covered by the examples."""
    for name in re.findall(r"`((?:core|tests|resources)/[\w/.]*)`", TEXT):
        assert (PAGE.parent.parent / name).exists(), name
