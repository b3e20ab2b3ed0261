"""The Training panel: loss, optimizer with its options, schedule, start weights, batch size and seed."""

from typing import Any

from PySide6.QtWidgets import QWidget

from app.document.document import Document
from app.forms.option_field import OptionField
from app.forms.spec_form import SpecForm
from app.layouts import fill_scrolling
from app.view import View
from core.experiment import BATCH_SIZE, SEED
from core.initializers import INITIALIZERS
from core.losses import LOSSES
from core.optimizers import OPTIMIZERS
from core.schedules import SCHEDULES


class TrainingPanel(View):
    """Edits how the network is trained."""

    title = "Training"

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self.forms = {
            "loss": SpecForm(LOSSES, "Loss"),
            "optimizer": SpecForm(OPTIMIZERS, "Optimizer"),
            "schedule": SpecForm(SCHEDULES, "Schedule"),
            "initializer": SpecForm(INITIALIZERS, "Initialiser"),
        }
        self.numbers = {option.name: OptionField(option, "Training") for option in (BATCH_SIZE, SEED)}
        for entry, form in self.forms.items():
            form.setObjectName(entry)
            form.chosen.connect(self._take_spec)
        for field in self.numbers.values():
            field.chosen.connect(self._take_number)
        fill_scrolling(self, *self.forms.values(), *self.numbers.values(), None)
        document.experiment_changed.connect(self.invalidate)

    def refresh(self) -> None:
        for entry, form in self.forms.items():
            form.show_spec(getattr(self.document.experiment, entry))
        for name, field in self.numbers.items():
            field.show_value(getattr(self.document.experiment, name))

    def _take_spec(self, spec: dict[str, Any]) -> None:
        entry = self.sender().objectName()
        self.document.edit(f"change of {entry}", **{entry: spec})

    def _take_number(self, name: str, value: int) -> None:
        self.document.edit(f"change of {name.replace('_', ' ')}", **{name: value})
