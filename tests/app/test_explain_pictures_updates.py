"""The picture of an update: its bars are the parts of the step, and a click leads to what is behind one."""

from functools import partial
from typing import Any

import pytest
from PySide6.QtCore import Qt

from core.explain import Place
from tests.app.explain_tabs import click, numbers_document, open_inspector, step_of

OPTIMIZERS: tuple[dict[str, Any], ...] = (
    {"kind": "sgd", "learning_rate": 0.1},
    {"kind": "sgd", "learning_rate": 0.1, "weight_decay": 0.05},
    {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.9},
    {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.05},
    {"kind": "adagrad"},
    {"kind": "rmsprop"},
    {"kind": "adam", "learning_rate": 0.01},
    {"kind": "adam", "learning_rate": 0.01, "weight_decay": 0.05},
    {"kind": "adamw", "learning_rate": 0.01, "weight_decay": 0.05},
)
PLAIN: dict[str, Any] = {}
ALL_OF_IT: dict[str, Any] = {
    "penalty": {"kind": "l2", "strength": 0.05},
    "clipping": {"kind": "norm", "max_norm": 0.05},
}


@pytest.mark.parametrize("more", [PLAIN, ALL_OF_IT], ids=["plain", "penalty and clipping"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda spec: "-".join(str(value) for value in spec.values()))
def test_the_parts_of_an_update_add_up_to_its_step(qtbot, optimizer: dict[str, Any], more: dict[str, Any]):
    document = numbers_document(optimizer, **more)
    inspector = open_inspector(qtbot, document, batches=2)
    pictures = inspector.explain.pictures
    step = step_of(document)
    for name, position in step.update_positions.items():
        record = step.tape.records[position]
        for index in (
            tuple(0 for _ in record.tensors["before"].shape),
            tuple(s - 1 for s in record.tensors["before"].shape),
        ):
            document.questions.ask(Place(position, "after", index))
            assert pictures.stack.isVisible() and not pictures.equation.isVisible()
            stack = pictures.stack.stack()
            before, after = (float(record.tensors[tensor][index]) for tensor in ("before", "after"))
            assert sum(bar.value for bar in stack.bars) == pytest.approx(after - before, abs=3e-7 * abs(before) + 1e-9)
            assert stack.ends()[-1] == pytest.approx(stack.total)
            labels = [bar.label for bar in stack.bars]
            assert ("penalty" in labels) == ("penalty" in more and name.endswith("weight"))
            assert ("clipping" in labels) == ("raw gradient" in record.tensors) == ("clipping" in more)
            assert ("weight decay" in labels) == ("weight_decay" in optimizer)


def test_the_parts_of_the_gradient_in_an_update_are_those_of_the_tape(qtbot):
    document = numbers_document(OPTIMIZERS[0], **ALL_OF_IT)
    inspector = open_inspector(qtbot, document, batches=1)
    pictures = inspector.explain.pictures
    step, index = step_of(document), (3, 1)
    position, rate = step.update_positions["0.weight"], step.tape.learning_rate
    assert step.penalty_position is not None
    record = step.tape.records[position].tensors
    document.questions.ask(Place(position, "after", index))
    parts = {bar.label: bar.value for bar in pictures.stack.stack().bars}
    of_loss = step.tape.records[step.position("backward", 0)].tensors["d_weight"][index]
    of_penalty = step.tape.records[step.penalty_position].tensors["d_0.weight"][index]
    assert parts["gradient"] == pytest.approx(-rate * of_loss, rel=1e-6)
    assert parts["penalty"] == pytest.approx(-rate * of_penalty, rel=1e-6)
    assert parts["clipping"] == pytest.approx(
        -rate * (record["gradient"][index] - record["raw gradient"][index]), rel=1e-5
    )


@pytest.mark.parametrize(
    ("label", "wanted"),
    [
        ("gradient", lambda step, at: Place(step.position("backward", 0), "d_weight", (3, 1))),
        ("penalty", lambda step, at: Place(step.penalty_position, "d_0.weight", (3, 1))),
        ("clipping", lambda step, at: Place(at, "gradient", (3, 1))),
        ("weight decay", lambda step, at: Place(at, "before", (3, 1))),
        ("momentum", lambda step, at: Place(at, "velocity before", (3, 1))),
    ],
)
def test_a_click_on_a_part_asks_for_what_is_behind_it(qtbot, label: str, wanted: Any):
    document = numbers_document(OPTIMIZERS[3], **ALL_OF_IT)
    inspector = open_inspector(qtbot, document, batches=2)
    pictures = inspector.explain.pictures
    step = step_of(document)
    position = step.update_positions["0.weight"]
    start = Place(position, "after", (3, 1))
    document.questions.ask(start)
    number = [bar.label for bar in pictures.stack.stack().bars].index(label)
    click(pictures.stack, partial(pictures.stack.bar_rect, number))
    assert document.questions.trail == (start, wanted(step, position))


def test_parts_are_reached_by_the_keyboard(qtbot):
    document = numbers_document(OPTIMIZERS[6])
    inspector = open_inspector(qtbot, document, batches=2)
    pictures = inspector.explain.pictures
    position = step_of(document).update_positions["0.weight"]
    document.questions.ask(Place(position, "after", (3, 1)))
    assert [bar.label for bar in pictures.stack.stack().bars] == ["gradient", "memory"]
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down):
        qtbot.keyClick(pictures.stack, key)
    assert pictures.stack.hover_text().startswith("memory")
    qtbot.keyClick(pictures.stack, Qt.Key.Key_Return)
    assert document.questions.current == Place(position, "m before", (3, 1))


def test_an_update_says_how_much_is_memory_and_that_it_is_empty_at_first(qtbot):
    document = numbers_document(OPTIMIZERS[6])
    inspector = open_inspector(qtbot, document)
    pictures = inspector.explain.pictures
    position = step_of(document).update_positions["0.weight"]
    document.questions.ask(Place(position, "after", (3, 1)))
    assert "memory was still empty" in pictures.words.text() and "Of all that pushes" not in pictures.words.text()
    document.next_batch()
    document.go_to(position + 1)
    document.questions.ask(Place(position, "after", (3, 1)))
    gradient, memory = (abs(bar.value) for bar in pictures.stack.stack().bars)
    assert f"memory {100 * memory / (gradient + memory):.0f} %" in pictures.words.text()
    assert "still empty" not in pictures.words.text()


def test_the_words_tell_before_and_after_apart(qtbot):
    """A step of 1e-5 is not seen in four digits of the weight."""
    document = numbers_document({"kind": "sgd", "learning_rate": 1e-4})
    inspector = open_inspector(qtbot, document)
    pictures = inspector.explain.pictures
    step = step_of(document)
    position = step.update_positions["0.weight"]
    document.questions.ask(Place(position, "after", (3, 1)))
    tensors = step.tape.records[position].tensors
    words = pictures.caption.text().split(":")[0].split()
    before, after = words[1], words[4]
    assert before != after
    assert [float(w.replace("−", "-")) for w in (before, after)] == pytest.approx(
        [float(tensors[name][3, 1]) for name in ("before", "after")], rel=1e-5
    )


def test_the_memory_of_an_optimizer_is_stacked_too(qtbot):
    document = numbers_document(OPTIMIZERS[6])
    inspector = open_inspector(qtbot, document, batches=1)
    pictures = inspector.explain.pictures
    step = step_of(document)
    position = step.update_positions["0.weight"]
    for slot, labels in (("m", {"gradient", "memory"}), ("v", {"gradient²", "memory"})):
        document.questions.ask(Place(position, f"{slot} after", (3, 1)))
        stack = pictures.stack.stack()
        assert {bar.label for bar in stack.bars} == labels
        assert stack.total == pytest.approx(step.tape.records[position].tensors[f"{slot} after"][3, 1], rel=1e-5)
