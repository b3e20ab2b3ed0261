"""A network: layers one after the other and a loss, with all parameters in one flat array.

There is one way through it, `loss_and_gradients`. A training step runs it bare, a recorded step runs it with an
observer that is shown every tensor as it is made; so what is shown is what trains.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from core.initializers import Initializer, TorchUniform
from core.layers.activations import Softmax
from core.layers.base import Layer
from core.layout import keep_freed_memory
from core.losses import Loss
from core.types import Array, Arrays, OptionError, Shape, ShapeError, StateError, shape_text
from core.words import count, memory_text

MEMORY_LIMIT = 4 * 2**30
"""Largest size in bytes of parameters with their gradients and an optimizer's memory, and of what a batch computes."""

_COPIES = 4  # parameters, gradients, and up to two arrays of optimizer memory
_BATCH_COPIES = 3  # what a layer gives, its gradient, and what it keeps for backward


class Observer(Protocol):
    """Is shown the tensors of one batch in the order in which they are computed; must not change them."""

    def forward(self, index: int, x: Array, y: Array, cache: Arrays) -> None:
        """Layer `index` turned `x` into `y`."""

    def loss(self, prediction: Array, target: Array, value: float, gradient: Array) -> None:
        """The loss of the batch and its gradient by the prediction."""

    def backward(self, index: int, dy: Array, dx: Array | None, grads: Arrays, cache: Arrays) -> None:
        """Layer `index` turned `dy` into `dx` and the gradients of its parameters."""


class Network:
    """Layers in order and a loss; `build` gives it parameters.

    Errors: OptionError when the loss does not suit what the last layer gives
    """

    def __init__(self, layers: Sequence[Layer], loss: Loss, initializer: Initializer | None = None) -> None:
        self.layers = tuple(layers)
        self.loss = loss
        self.initializer = initializer or TorchUniform()
        self.input_shape: Shape = ()
        self.shapes: tuple[Shape, ...] = ()
        self.flat_params: Array = np.empty(0)
        self.flat_grads: Array = np.empty(0)
        self.grads: Arrays = {}
        self.first_trainable = len(self.layers)
        """The first layer with parameters: gradients need not go further back than this. Known after `build`."""
        self._layer_grads: tuple[Arrays, ...] = ()
        self._absorbing: tuple[int, ...] = ()
        self._check_loss()

    def build(self, input_shape: Shape, seed: int, dtype: Any = np.float32) -> None:
        """Allocate and initialise all parameters; each layer draws from its own stream of `seed`.

        Errors: ShapeError naming the layer that does not fit; OptionError when it would take too much memory
        """
        shapes = tuple(output_shapes(self.layers, input_shape))
        in_shapes = (input_shape, *shapes[:-1])
        self._check_memory(in_shapes, np.dtype(dtype))
        keep_freed_memory()
        self.input_shape, self.shapes = input_shape, shapes
        for index, (layer, shape) in enumerate(zip(self.layers, in_shapes, strict=False)):
            layer.build(shape, np.random.default_rng([seed, index]), dtype, self.initializer)
        self._flatten(np.dtype(dtype))

    def _flatten(self, dtype: np.dtype[Any]) -> None:
        """Move the parameters of all layers into one array and leave views of it in the layers."""
        self.flat_params = np.concatenate([p.ravel() for p in self.parameters().values()] or [np.empty(0, dtype)])
        self.flat_grads = np.zeros_like(self.flat_params)
        views, self.grads = self.by_name(self.flat_params), self.by_name(self.flat_grads)
        for index, layer in enumerate(self.layers):
            layer.params = {name: views[f"{index}.{name}"] for name in layer.params}
        indices = range(len(self.layers))
        self.first_trainable = next((i for i in indices if self.layers[i].params), len(self.layers))
        self._absorbing = tuple(i for i in indices if self.layers[i].buffers)
        self._layer_grads = tuple(
            {name: self.grads[f"{index}.{name}"] for name in layer.params} for index, layer in enumerate(self.layers)
        )

    def parameters(self) -> Arrays:
        """All parameters (not copies), named as in PyTorch's `nn.Sequential`: "0.weight"."""
        return {f"{i}.{name}": p for i, layer in enumerate(self.layers) for name, p in layer.params.items()}

    def buffers(self) -> Arrays:
        """All buffers (not copies), named like the parameters: "1.running_mean"."""
        return {f"{i}.{name}": b for i, layer in enumerate(self.layers) for name, b in layer.buffers.items()}

    def by_name(self, flat: Array) -> Arrays:
        """Views of a flat array with the parameters' names and shapes (for gradients, or an optimizer's memory)."""
        views, start = {}, 0
        for name, param in self.parameters().items():
            views[name] = flat[start : start + param.size].reshape(param.shape)
            start += param.size
        return views

    def check_batch(self, rows: int) -> None:
        """Refuse batches of that many rows when what the layers compute for them would take too much memory.

        Errors: OptionError naming the largest layer
        """
        sizes = [math.prod(shape) for shape in self.shapes]
        size = rows * sum(sizes) * self.flat_params.itemsize * _BATCH_COPIES
        if size > MEMORY_LIMIT:
            index = sizes.index(max(sizes))
            raise OptionError(
                f"A batch of {count(rows)} takes about {memory_text(size)} on its way through the layers, more than "
                f"the {memory_text(MEMORY_LIMIT)} allowed. Most of it is in layer {index + 1}, "
                f"{self.layers[index].title}, which gives {count(sizes[index])} values a sample: make the batch or "
                f"that layer smaller."
            )

    def forward(self, x: Array, training: bool = False, rng: np.random.Generator | None = None) -> Array:
        """The prediction for a batch: x (N, *input_shape) → (N, *shapes[-1])."""
        for layer in self.layers:
            x, _ = layer.forward(x, training, rng)
        return x

    def loss_and_gradients(
        self, x: Array, target: Array, rng: np.random.Generator | None = None, observer: Observer | None = None
    ) -> tuple[float, Arrays]:
        """The loss of a batch in training mode, and its gradient by every parameter.

        The gradients are views of `flat_grads`: the next call overwrites them.
        """
        layers, caches = self.layers, []
        for index, layer in enumerate(layers):
            y, cache = layer.forward(x, True, rng)
            caches.append(cache)
            if observer is not None:
                observer.forward(index, x, y, cache)
            x = y
        value, dy = self.loss.value_and_gradient(x, target)
        if observer is not None:
            observer.loss(x, target, value, dy)
        first = self.first_trainable
        for index in range(len(layers) - 1, first - 1, -1):
            dx, grads = layers[index].backward(dy, caches[index], index > first, self._layer_grads[index])
            if observer is not None:
                observer.backward(index, dy, dx, grads, caches[index])
            if dx is not None:
                dy = dx
        for index in self._absorbing:
            layers[index].absorb(caches[index])
        return value, self.grads

    def state_dict(self) -> Arrays:
        """Copies of all parameters and buffers by name, layer by layer."""
        return {
            f"{index}.{name}": array.copy()
            for index, layer in enumerate(self.layers)
            for name, array in (layer.params | layer.buffers).items()
        }

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Take over parameters and buffers; nothing changes unless every name, shape and value is right.

        Errors: StateError naming what is missing, extra, of the wrong shape, or not finite
        """
        own = self.parameters() | self.buffers()
        if missing := sorted(own.keys() - state.keys()):
            raise StateError(
                f"The weights lack {missing[0]}, which this network needs: they belong to another network."
            )
        if extra := sorted(state.keys() - own.keys()):
            raise StateError(f"The weights contain {extra[0]}, which this network has no place for.")
        for name, array in own.items():
            given = np.asarray(state[name])
            if given.shape != array.shape:
                raise StateError(
                    f"{name} has shape {shape_text(given.shape)} in the weights and {shape_text(array.shape)} here."
                )
            if not np.issubdtype(given.dtype, np.floating) or not _fits(given, array.dtype):
                raise StateError(f"{name} holds values that are not finite numbers; the weights were not taken over.")
        for name, array in own.items():
            array[...] = state[name]

    def _check_loss(self) -> None:
        if not self.layers:
            return
        last, gives = self.layers[-1].title, self.layers[-1].output
        if self.loss.takes == "logits" and gives == "probabilities":
            own = "softmax" if self.loss.class_targets else "sigmoid"
            raise OptionError(
                f"{self.loss.title} applies its own {own} to logits, but the last layer, {last}, already gives "
                f"probabilities: remove that layer or choose a loss on probabilities."
            )
        if self.loss.takes == "probabilities" and gives != "probabilities":
            raise OptionError(
                f"{self.loss.title} takes probabilities, but the last layer, {last}, gives any number: "
                f"add Sigmoid or Softmax at the end or choose a loss on logits."
            )
        if self.loss.takes == "probabilities" and self.loss.class_targets and not isinstance(self.layers[-1], Softmax):
            raise OptionError(
                f"{self.loss.title} takes probabilities that add up to 1, but {last} gives each class one of its own: "
                f"end with Softmax or choose binary cross-entropy."
            )

    def _check_memory(self, in_shapes: Sequence[Shape], dtype: np.dtype[Any]) -> None:
        counts = [
            sum(math.prod(s) for s in layer.param_shapes(shape).values())
            for layer, shape in zip(self.layers, in_shapes, strict=False)
        ]
        size = sum(counts) * dtype.itemsize * _COPIES
        if size > MEMORY_LIMIT:
            index = counts.index(max(counts))
            raise OptionError(
                f"Layer {index + 1}, {self.layers[index].title}, would have {count(counts[index])} parameters; with "
                f"gradients and the optimizer's memory the network takes {memory_text(size)}, more than the "
                f"{memory_text(MEMORY_LIMIT)} allowed: make the layer smaller."
            )


def output_shapes(layers: Sequence[Layer], input_shape: Shape) -> list[Shape]:
    """The shape of a sample after every layer; raises `ShapeError` that names the layer and the one before it."""
    shapes, shape = [], input_shape
    for index, layer in enumerate(layers):
        given = shape
        try:
            shape = layer.out_shape(given)
        except ShapeError as error:
            before = f"layer {index}, {layers[index - 1].title}," if index else "the data"
            hint = ": add Flatten before it" if len(given) > 1 and "a vector" in str(error) else ""
            needs = str(error).removeprefix(f"{layer.title} ").split(", not ")[0]
            raise ShapeError(
                f"Layer {index + 1}, {layer.title}, {needs}, but {before} gives {shape_text(given)}{hint}."
            ) from error
        shapes.append(shape)
    return shapes


def _fits(values: Array, dtype: np.dtype[Any]) -> bool:
    """Whether all values are finite numbers of that dtype: 1e39 is one of float64, not of float32."""
    with np.errstate(over="ignore"):
        return bool(np.isfinite(values.astype(dtype)).all())
