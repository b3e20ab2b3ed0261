"""Where the answers get their numbers from: a recorded step with what made it, and one entry of it to be explained."""

import copy
import dataclasses
from functools import cached_property
from typing import Self

import numpy as np

from core.clipping import Clipping
from core.explain.protocol import Factor, Part, Place, PlaceError, Places, Region
from core.layers import layer_from_spec
from core.layers.base import Layer
from core.losses import Loss
from core.network import Network
from core.optimizers import Optimizer, optimizer_from_spec
from core.penalties import Penalty
from core.tape import Phase, Record, Tape
from core.trainer import Trainer
from core.types import Array, shape_text

PENALTY = "Penalty"  # the name of the penalty's record, which follows that of the loss

KEPT = ("x_hat", "mean", "variance", "inv_std", "mask", "gate", "t")
"""What layers keep for the way back and can be asked about; all else in a cache is x, y, or laid out for speed."""

_OF_SAMPLES = frozenset(
    {*("x", "y", "dx", "dy"), *("x_hat", "mask", "gate", "t"), *("prediction", "p"), *("target", "per_sample")}
)
"""The tensors whose first index is a sample of the batch."""


@dataclasses.dataclass(frozen=True, eq=False)
class Step:
    """A tape and the layers, loss, optimizer, penalty and clipping that made it, with the options they had then.

    It stays right whatever becomes of the trainer: what can change is a copy here, or a number of the tape.
    """

    tape: Tape
    layers: tuple[Layer, ...]  # only their options and shapes; parameters and buffers are in the tape
    loss: Loss
    optimizer: Optimizer  # only its options; its memory is in the tape
    updates: int  # how many updates the optimizer has made, this one included
    penalty: Penalty
    clipping: Clipping

    @classmethod
    def of(cls, tape: Tape, trainer: Trainer) -> Self:
        """The step of a tape, to be asked for while the trainer still has the options with which it recorded it."""
        return cls(
            tape,
            tuple(_without_arrays(layer) for layer in trainer.network.layers),
            trainer.network.loss,
            optimizer_from_spec(trainer.optimizer.spec()),
            trainer.optimizer.steps - (trainer.steps - tape.step),
            trainer.penalty,
            trainer.clipping,
        )

    def network(self) -> Network:
        """A new network with the same layers and loss, not built."""
        return Network([layer_from_spec(layer.spec()) for layer in self.layers], self.loss)

    def position(self, phase: Phase, index: int) -> int:
        """Where the record of that phase and layer stands."""
        return self.tape.position(phase, index)

    @cached_property
    def penalty_position(self) -> int | None:
        """Where the record of the penalty stands, if there is one."""
        records = enumerate(self.tape.records)
        return next((at for at, record in records if record.phase == "loss" and record.name == PENALTY), None)

    @cached_property
    def update_positions(self) -> dict[str, int]:
        """Where the updates stand, by the names of the parameters."""
        return {record.name: at for at, record in enumerate(self.tape.records) if record.phase == "update"}

    def tensor(self, record: int | None, name: str) -> Array:
        """The tensor a place speaks of.

        Besides the tensors of a record these are what its layer keeps for the way back ("x_hat", "mask"), what a step
        makes of its buffers ("running_mean after", of the forward record, whose batch moves them), and of the loss what
        `of_loss` names. Errors: PlaceError when there is none of that name
        """
        if record is None:
            outside = {"x": self.tape.x, "target": self.tape.target, **self.tape.params_before}
            found = (outside | self.tape.buffers_before).get(name)
        elif 0 <= record < len(self.tape.records):
            found = self._recorded(self.tape.records[record], name)
        else:
            raise PlaceError(f"The tape has {len(self.tape.records)} records; there is none with the number {record}.")
        if found is None:
            owner = "the batch and the parameters" if record is None else self.tape.records[record].name
            raise PlaceError(f"There is no tensor “{name}” of {owner} in this step.")
        return found

    def _recorded(self, record: Record, name: str) -> Array | None:
        if name in record.tensors:
            return record.tensors[name]
        if record.phase == "forward" and name.endswith(" after") and not self.tape.refused:
            return self.tape.buffers_after.get(f"{record.index}.{name.removesuffix(' after')}")
        if record.phase in ("forward", "backward"):
            return record.cache.get(name)
        if record.phase == "loss" and record.name != PENALTY:
            if name == "value":
                return np.asarray(self.tape.loss)
            if name == "per_sample":
                return self.loss.per_sample(record.tensors["prediction"], record.tensors["target"])
            if name == "p" and self.loss.takes == "logits":
                return self.loss.probabilities(record.tensors["prediction"])
        return None

    @property
    def of_loss(self) -> tuple[str, ...]:
        """What belongs to the loss's record beside its tensors: "value" (), "per_sample" (N,), and of logits "p"."""
        return ("value", "per_sample", "p") if self.loss.takes == "logits" else ("value", "per_sample")

    def tensors_of(self, position: int) -> tuple[str, ...]:
        """Everything of a record that can be asked about: its tensors, and what `tensor` has beside them.

        What a backward was handed from its forward counts as the forward's.
        """
        record = self.tape.records[position]
        more: tuple[str, ...] = ()
        if record.phase == "forward":
            afterwards = (f"{name.partition('.')[2]} after" for name in self._buffers_of(record.index))
            more = (*(name for name in KEPT if name in record.cache), *afterwards)
        elif record.phase == "loss" and position != self.penalty_position:
            more = self.of_loss
        return (*record.tensors, *more)

    def _buffers_of(self, layer: int) -> list[str]:
        """The buffers of a layer that this step moved, by their names in a state dict."""
        after = {} if self.tape.refused else self.tape.buffers_after
        return [name for name in after if name.startswith(f"{layer}.")]

    def layer_of(self, place: Place) -> int:
        """The number of the layer a place belongs to; −1 is the data, the number of layers is the loss."""
        if place.record is not None:
            return self.tape.records[place.record].index
        layer, _, own = place.tensor.partition(".")
        return int(layer) if own else -1 if place.tensor == "x" else len(self.layers)

    def sample_of(self, place: Place) -> int | None:
        """The sample of the batch that a place belongs to; None where it belongs to all of them."""
        return place.index[0] if place.tensor in _OF_SAMPLES and place.index else None

    def value(self, place: Place) -> float:
        """The number at a place. Errors: PlaceError when there is no such entry."""
        shape = (array := self.tensor(place.record, place.tensor)).shape
        inside = len(place.index) == len(shape) and all(0 <= i < n for i, n in zip(place.index, shape, strict=True))
        if not inside:
            raise PlaceError(
                f"“{place.tensor}” has the shape {shape_text(shape) or 'of a single number'}, counted from 0: "
                f"it has no entry {list(place.index)}."
            )
        return float(array[place.index])


@dataclasses.dataclass(frozen=True, eq=False)
class Scene:
    """One entry of one record that is to be explained, and short ways to name what it was made from.

    Indices of factors are numbers or arrays that broadcast against one another: together they are the terms.
    """

    step: Step
    position: int
    tensor: str
    index: tuple[int, ...]

    @property
    def record(self) -> Record:
        return self.step.tape.records[self.position]

    @property
    def layer_index(self) -> int:
        return self.record.index

    def array(self, tensor: str) -> Array:
        """A tensor of this record."""
        return self.step.tensor(self.position, tensor)

    def own(self, tensor: str, *index: int | Array, depends: tuple[Places | Region, ...] = ()) -> Factor:
        """Entries of this record's tensor."""
        return self.at(self.position, tensor, *index, depends=depends)

    def kept(self, tensor: str, *index: int | Array) -> Factor:
        """Entries of what forward took in, gave out or kept."""
        return self.at(self.step.position("forward", self.layer_index), tensor, *index)

    def parameter(self, name: str, *index: int | Array) -> Factor:
        """Entries of a parameter of this layer, before the step."""
        return self.at(None, f"{self.layer_index}.{name}", *index, label=name)

    def at(
        self,
        record: int | None,
        tensor: str,
        *index: int | Array,
        label: str = "",
        depends: tuple[Places | Region, ...] = (),
    ) -> Factor:
        """Entries of any tensor."""
        places = self.places(record, tensor, *index)
        values = self.step.tensor(record, tensor)[places.index] if index else self.step.tensor(record, tensor)[None]
        return Factor(label or tensor, values, places, depends)

    def places(self, record: int | None, tensor: str, *index: int | Array) -> Places:
        """The entries alone, for what a derived factor depends on."""
        return Places(record, tensor, tuple(axis.reshape(-1) for axis in np.broadcast_arrays(*index)))

    def region(self, tensor: str, *index: int | slice | Array) -> Region:
        """A part of this record's tensor."""
        return Region(self.position, tensor, index)

    def kept_region(self, tensor: str, *index: int | slice | Array) -> Region:
        """A part of what forward took in, gave out or kept."""
        return Region(self.step.position("forward", self.layer_index), tensor, index)


def _without_arrays(layer: Layer) -> Layer:
    """A copy of a layer with its options and shapes alone: its parameters go on changing, those of the tape do not."""
    bare = copy.copy(layer)
    bare.params, bare.buffers = {}, {}
    return bare


def derived(label: str, values: float | Array, *depends: Places | Region) -> Factor:
    """Numbers that stand nowhere, and what they were made from."""
    return Factor(label, np.asarray(values).reshape(-1), None, depends)


def constant(label: str, value: float) -> Factor:
    """A number of the formula."""
    return Factor(label, np.asarray([value]))


def part(label: str, *factors: Factor) -> Part:
    """Terms that are products of these factors; a factor with a single number goes into every term."""
    sizes = {len(factor.values) for factor in factors}
    size = 0 if 0 in sizes else max(sizes)
    return Part(label, tuple(_stretched(factor, size) for factor in factors))


def _stretched(factor: Factor, size: int) -> Factor:
    places = None if factor.places is None else _repeated(factor.places, size)
    depends = (_repeated(given, size) if isinstance(given, Places) else given for given in factor.depends)
    return Factor(factor.label, np.broadcast_to(factor.values, size), places, tuple(depends), factor.labels)


def _repeated(places: Places, size: int) -> Places:
    return Places(places.record, places.tensor, tuple(np.broadcast_to(axis, size) for axis in places.index))
