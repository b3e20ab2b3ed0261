"""An experiment: everything that defines a run, as plain data that can be saved, compared, undone and sent.

It holds no arrays and nothing built. The same experiment with the same data gives the same training, bit for bit.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Self

from core.clipping import clipping_from_spec
from core.datasets import dataset_from_spec
from core.datasets.base import Dataset, DataSource
from core.initializers import initializer_from_spec
from core.layers import layer_from_spec
from core.losses import loss_from_spec
from core.network import SEED, Network
from core.optimizers import optimizer_from_spec
from core.options import Option
from core.penalties import penalty_from_spec
from core.schedules import schedule_from_spec
from core.trainer import Trainer
from core.types import OptionError, Spec
from core.words import said

SCHEMA = 1
"""Version of the saved form; raised when an older program could misread a file."""

BATCH_SIZE = Option("batch_size", int, 32, minimum=1, maximum=100_000, help="How many samples one training step uses.")
EPOCHS = Option(
    "epochs", int, 10, minimum=1, maximum=1_000_000, help="How often training without a window goes through the data."
)


@dataclasses.dataclass(frozen=True)
class Experiment:
    """The choices behind a run; the specs are those of the data source, layers, loss and so on.

    Errors: OptionError when a spec or a number makes no sense. Whether the shapes fit is found out by `trainer`.
    """

    name: str
    data: Spec
    layers: tuple[Spec, ...]
    loss: Spec
    optimizer: Spec
    initializer: Spec = dataclasses.field(default_factory=lambda: {"kind": "torch"})
    schedule: Spec = dataclasses.field(default_factory=lambda: {"kind": "constant"})
    penalty: Spec = dataclasses.field(default_factory=lambda: {"kind": "none"})
    clipping: Spec = dataclasses.field(default_factory=lambda: {"kind": "none"})
    batch_size: int = 32
    epochs: int = 10  # how long a training without a window goes on
    seed: int = 1

    def __post_init__(self) -> None:
        for option in (BATCH_SIZE, EPOCHS, SEED):
            object.__setattr__(self, option.name, option.check(getattr(self, option.name), "Training"))
        self.source()
        optimizer_from_spec(self.optimizer)
        schedule_from_spec(self.schedule)
        penalty_from_spec(self.penalty)
        clipping_from_spec(self.clipping)
        initializer_from_spec(self.initializer)
        loss_from_spec(self.loss)
        for index, spec in enumerate(self.layers):
            try:
                layer_from_spec(spec)
            except OptionError as error:
                raise OptionError(f"Layer {index + 1}, {error}") from error

    def source(self) -> DataSource:
        """The chosen data set, not loaded."""
        return dataset_from_spec(self.data)

    def network(self) -> Network:
        """The network, not built."""
        layers = [layer_from_spec(spec) for spec in self.layers]
        return Network(layers, loss_from_spec(self.loss), initializer_from_spec(self.initializer))

    def trainer(self, data: Dataset) -> Trainer:
        """A trainer at step 0. Errors: ShapeError or OptionError when the layers do not fit the data or each other."""
        if not self.layers:
            raise OptionError("The network has no layers: add Dense.")
        network = self.network()
        network.build(data.input_shape, self.seed)
        return Trainer(
            network,
            optimizer_from_spec(self.optimizer),
            data,
            self.batch_size,
            self.seed,
            schedule_from_spec(self.schedule),
            penalty_from_spec(self.penalty),
            clipping_from_spec(self.clipping),
        )

    def same_weights_as(self, other: "Experiment") -> bool:
        """Whether a trained state of one can go on in the other: same layers, start weights and data set."""
        return (self.layers, self.initializer, self.seed, self.data) == (
            other.layers,
            other.initializer,
            other.seed,
            other.data,
        )

    def only_live_options_differ(self, other: "Experiment") -> bool:
        """Whether a running training can pass from one to the other: only options of the same optimizer differ."""
        same_but_optimizer = dataclasses.replace(self, optimizer=other.optimizer) == other
        return same_but_optimizer and self.optimizer["kind"] == other.optimizer["kind"]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data, with the schema version."""
        return {"schema": SCHEMA, **{f.name: _plain(getattr(self, f.name)) for f in dataclasses.fields(self)}}

    @classmethod
    def from_dict(cls, saved: Any) -> Self:
        """Rebuild from `to_dict`; raises OptionError on anything that is not an experiment this version can read."""
        if not isinstance(saved, Mapping) or not _is_schema(saved.get("schema")):
            raise OptionError('This is not an experiment: it has no "schema" number.')
        if saved["schema"] > SCHEMA:
            raise OptionError(
                f"This experiment was saved by a newer Chainrule (schema {said(saved['schema'])}; this one reads up to "
                f"{SCHEMA}): update Chainrule to open it."
            )
        fields = {field.name for field in dataclasses.fields(cls)}
        given = {name: value for name, value in saved.items() if name != "schema"}
        if unknown := sorted(given.keys() - fields):
            raise OptionError(f"This experiment has an entry {said(unknown[0])} that Chainrule does not know.")
        if missing := sorted({"name", "data", "layers", "loss", "optimizer"} - given.keys()):
            raise OptionError(f"This experiment has no entry {missing[0]!r}.")
        if not isinstance(given["layers"], Sequence) or isinstance(given["layers"], str):
            raise OptionError(f"The layers of an experiment are a list, not {said(given['layers'])}.")
        if not isinstance(given["name"], str):
            raise OptionError(f"The name of an experiment is a text, not {said(given['name'])}.")
        return cls(**{**given, "layers": tuple(given["layers"])})


def _is_schema(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return dict(value) if isinstance(value, Mapping) else value
