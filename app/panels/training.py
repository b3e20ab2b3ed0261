"""The Training panel: loss, optimizer, schedule, start weights, penalty and clipping with their options; batch size,
epochs and seed."""

from typing import Any

from PySide6.QtWidgets import QWidget

from app.document.document import Document
from app.forms.option_field import OptionField
from app.forms.spec_form import SpecForm
from app.layouts import fill_scrolling
from app.plots.numbers import format_count
from app.view import View
from core.clipping import CLIPPINGS
from core.experiment import BATCH_SIZE, EPOCHS
from core.initializers import INITIALIZERS
from core.losses import LOSSES
from core.network import SEED
from core.optimizers import OPTIMIZERS
from core.penalties import PENALTIES
from core.schedules import SCHEDULES

USUAL_BATCH = 32


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
            "penalty": SpecForm(PENALTIES, "Penalty"),
            "clipping": SpecForm(CLIPPINGS, "Clipping"),
        }
        self.numbers = {option.name: OptionField(option, "Training") for option in (BATCH_SIZE, EPOCHS, SEED)}
        for entry, form in self.forms.items():
            form.setObjectName(entry)
            form.chosen.connect(self._take_spec)
        for field in self.numbers.values():
            field.chosen.connect(self._take_number)
        items: dict[str, QWidget] = {**self.forms, **self.numbers}
        first = ("loss", "optimizer", "batch_size")
        fill_scrolling(self, *(items.pop(entry) for entry in first), *items.values(), None)
        document.experiment_changed.connect(self.invalidate)

    def refresh(self) -> None:
        experiment = self.document.experiment
        for entry, form in self.forms.items():
            form.show_spec(getattr(experiment, entry))
        self.forms["loss"].show_problem(self._loss_problem())
        self._offer_batches()
        for name, field in self.numbers.items():
            field.show_value(getattr(experiment, name))
        steps = -(-len(self.document.data.x_train) // experiment.batch_size)
        self.note_changed.emit(f"{format_count(steps)} steps an epoch" if steps > 1 else "1 step an epoch")

    def _loss_problem(self) -> str:
        """The document's problem, if it lies where the last layer meets the loss and the targets."""
        document = self.document
        # Without a trainer the network cannot be built; a sentence about one of its layers begins with that layer.
        about_loss = document.trainer is None and document.experiment.layers and document.problem[:6] != "Layer "
        return document.problem if about_loss else ""

    def _offer_batches(self) -> None:
        rows = len(self.document.data.x_train)
        offers = [(f"{format_count(rows)} · full batch", rows)]
        if rows > USUAL_BATCH:
            offers.insert(0, (f"{USUAL_BATCH} · mini-batch", USUAL_BATCH))
        self.numbers["batch_size"].offer([("1 · single sample", 1), *offers])

    def _take_spec(self, spec: dict[str, Any]) -> None:
        entry = self.sender().objectName()
        name = "initialiser" if entry == "initializer" else entry
        self.document.edit(f"change of {name}", **{entry: spec})

    def _take_number(self, name: str, value: int) -> None:
        self.document.edit(f"change of {name.replace('_', ' ')}", **{name: value})
