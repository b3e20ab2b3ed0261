"""Tapes that were recorded before an option was changed: explained, and stepped into, with the options of then."""

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.document.document import Document
from app.panels.inspector import Inspector
from core.explain import Place, Step, explain
from core.tape import Tape
from tests.app.documents import batches, tape_of, with_memory, xor_document
from tests.core.explaining import everything, faults, some_places

CHANGES: dict[str, dict[str, Any]] = {
    "loss": {"loss": {"kind": "mse"}},
    "learning rate": {"optimizer": {"kind": "adam", "learning_rate": 0.5}},
    "moments": {"optimizer": {"kind": "adam", "learning_rate": 0.03, "beta1": 0.1, "beta2": 0.2, "weight_decay": 0.4}},
    "optimizer": {"optimizer": {"kind": "sgd", "learning_rate": 0.5, "momentum": 0.9}},
    "penalty": {"penalty": {"kind": "l1", "strength": 0.7}},
    "no penalty": {"penalty": {"kind": "none"}},
    "clipping": {"clipping": {"kind": "value", "limit": 1e-4}},
    "no clipping": {"clipping": {"kind": "none"}},
}


def document() -> Document:
    """Two batches with Adam, an L2 penalty, and clipping that clips."""
    made = with_memory(
        penalty={"kind": "l2", "strength": 0.3},
        clipping={"kind": "norm", "max_norm": 0.01},
    )
    batches(made, 2)
    return made


def back_to(changed: Document, tape: Tape) -> None:
    """To the end of a tape that was recorded before."""
    while tape_of(changed) is not tape:
        changed.back()
    changed.walk.batch_end()


def assert_true(step: Step | None) -> None:
    """Every tensor of the step is the sum of its explanation's terms, or the end of a trail."""
    assert step is not None
    rng = np.random.default_rng(2)
    for record, tensor in everything(step):
        for place in some_places(step, record, tensor, rng, 2):
            assert faults(step, explain(step, place)) == [], place


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("further", [0, 2])
def test_a_tape_is_explained_with_the_options_it_was_recorded_with(change: str, further: int) -> None:
    changed = document()
    tape = tape_of(changed)
    changed.edit(change, **CHANGES[change])
    batches(changed, further)
    assert_true(changed.step)
    back_to(changed, tape)
    assert_true(changed.step)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("further", [0, 2])
def test_its_sub_steps_lead_to_what_was_recorded(change: str, further: int) -> None:
    changed = document()
    tape, met = tape_of(changed), 0
    changed.edit(change, **CHANGES[change])
    batches(changed, further)
    back_to(changed, tape)
    while changed.cursor:
        assert tape_of(changed) is tape and changed.step
        changed.walk.step_into()
        for line in changed.walk.substeps:
            if line.result:
                held = changed.step.tensor(changed.cursor - 1, line.result)
                np.testing.assert_allclose(line.tensor, held, rtol=1e-4, atol=1e-7)
                met += 1
        changed.back()
    assert met > 20


def test_what_is_kept_of_a_layer_cannot_be_ahead_of_the_tape() -> None:
    step = document().step
    assert step is not None and all(layer.params == layer.buffers == {} for layer in step.layers)


@pytest.mark.parametrize("record,tensor,index", [(3, "dy", (2, 0)), (4, "d_weight", (0, 3)), (6, "d_weight", (3, 1))])
def test_a_gradient_is_checked_with_the_loss_it_comes_from(
    qtbot: QtBot, record: int, tensor: str, index: tuple[int, ...]
) -> None:
    changed = xor_document()
    inspector = Inspector(changed)
    qtbot.addWidget(inspector)
    inspector.resize(360, 900)
    inspector.show()
    batches(changed, 1)
    shown = tape_of(changed).records[record].tensors[tensor][index]
    changed.edit("loss", loss={"kind": "mse"})
    changed.questions.ask(Place(record, tensor, index))
    QTest.mouseClick(inspector.explain.check.button, Qt.MouseButton.LeftButton)
    text = inspector.explain.check.result.text()
    assert text.startswith("✓ agrees")
    slope = text.partition("slope is ")[2].partition(",")[0].replace("−", "-")
    assert float(slope) == pytest.approx(shown, rel=1e-3)
