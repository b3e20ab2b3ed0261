"""The newest moment of a training, put aside while an earlier one is shown, so that travelling loses nothing."""

from __future__ import annotations

import dataclasses
from typing import Any

from app.document.stepper import Stepper
from core.trainer import Trainer


@dataclasses.dataclass(frozen=True)
class Present:
    """Everything the document holds of its newest moment."""

    stepper: Stepper | None
    held: dict[str, Any] | None
    problem: str
    trainer_state: dict[str, Any]  # behind the newest tape
    place: tuple[dict[str, Any] | None, int]  # a state and a cursor that lead to the same moment

    @classmethod
    def of(cls, stepper: Stepper | None, held: dict[str, Any] | None, problem: str, trainer: Trainer) -> Present:
        """Put the newest moment aside; the trainer may then be taken elsewhere."""
        return cls(stepper, held, problem, trainer.state(), stepper.place() if stepper else (held, 0))
