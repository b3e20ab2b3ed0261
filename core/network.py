"""A network: layers one after the other and a loss, with all parameters in one flat array.

There is one way through it, `loss_and_gradients`. A training step runs it bare, a recorded step runs it with an
observer that is shown every tensor as it is made; so what is shown is what trains.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from core.checks import check_parts, checked_state
from core.initializers import Initializer, TorchUniform
from core.layers.base import Layer
from core.layout import keep_freed_memory
from core.losses import Loss
from core.options import Option
from core.types import Array, Arrays, OptionError, Shape, ShapeError, checked_dtype, checked_shape, shape_text
from core.words import count, layer_subject, layer_words, memory_text, plural

MEMORY_LIMIT = 4 * 2**30
"""Largest size in bytes of parameters with their gradients and an optimizer's memory, and of what a batch computes."""

_COPIES = 4  # parameters, gradients, and up to two arrays of optimizer memory
SEED = Option("seed", int, 1, minimum=0, maximum=2**63 - 1, help="Decides the start weights and the order of samples.")


Placed = list[tuple[Layer, Shape]]
"""Layers, each with the shape of the samples it is given."""


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

    Errors: OptionError when a part is none, stands in two places, or when the loss does not suit what the layers give
    """

    def __init__(self, layers: Sequence[Layer], loss: Loss, initializer: Initializer | None = None) -> None:
        initializer = TorchUniform() if initializer is None else initializer
        check_parts(layers, loss, initializer)
        self.layers = tuple(layers)
        self.loss = loss
        self.initializer = initializer
        self.input_shape: Shape = ()
        self.shapes: tuple[Shape, ...] = ()
        self.flat_params: Array = np.empty(0)
        self.flat_grads: Array = np.empty(0)
        self.grads: Arrays = {}
        self.first_trainable = len(self.layers)
        """The first layer with parameters: gradients need not go further back than this. Known after `build`."""
        self._layer_grads: tuple[Arrays, ...] = ()
        self._absorbing: tuple[int, ...] = ()

    def build(self, input_shape: Shape, seed: int, dtype: Any = np.float32) -> None:
        """Allocate and initialise all parameters; each layer draws from its own stream of `seed`.

        Errors: ShapeError naming the layer that does not fit; OptionError for a seed or a dtype that is none, and when
        it would take too much memory
        """
        dtype, seed = checked_dtype(dtype, "A network"), SEED.check(seed, "A network")
        first = layer_subject(0, self.layers[0].title) if self.layers else "A network"
        input_shape = checked_shape(input_shape, first)
        shapes = tuple(output_shapes(self.layers, input_shape))
        placed = list(zip(self.layers, (input_shape, *shapes), strict=False))
        _check_parameters(placed, dtype.itemsize)
        _check_rows(1, placed, dtype.itemsize)
        keep_freed_memory()
        self.input_shape, self.shapes = input_shape, shapes
        for index, (layer, shape) in enumerate(placed):
            layer.build(shape, np.random.default_rng([seed, index]), dtype, self.initializer)
        self._flatten(dtype)

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

    def most_rows(self, memory: int = MEMORY_LIMIT) -> int:
        """How many rows the layers can take at once within so many bytes."""
        return memory // max(1, sum(_sample_sizes(self._placed(), self.flat_params.itemsize)))

    def check_batch(self, rows: int) -> None:
        """Refuse batches of that many rows when what the layers compute for them would take too much memory.

        Errors: OptionError naming the largest layer
        """
        _check_rows(rows, self._placed(), self.flat_params.itemsize)

    def check_last_batch(self, samples: int, batch_size: int) -> None:
        """Refuse training on so many samples in batches of that size when the last one of an epoch would be too short.

        Errors: OptionError naming the layer, and a batch size near the given one that will do
        """

        def rows(size: int) -> int:
            return samples % size or size

        for index, (layer, shape) in enumerate(self._placed()):
            needed = layer.fewest_samples(shape)
            if rows(batch_size) >= needed:
                continue
            fitting = [size for size in range(needed, samples + 1) if rows(size) >= needed]
            nearest = min(fitting, key=lambda size: abs(size - batch_size), default=0)
            advice = f"choose another batch size, such as {nearest}" if fitting else "take more data, or another layer"
            raise OptionError(
                f"{layer_subject(index, layer.title)} needs at least {plural(needed, 'sample')} in every training "
                f"batch, but of {plural(samples, 'sample')} in batches of {count(batch_size)} the last batch has only "
                f"{count(rows(batch_size))}: {advice}."
            )

    def _placed(self) -> Placed:
        return list(zip(self.layers, (self.input_shape, *self.shapes), strict=False)) if self.shapes else []

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

        Errors: StateError naming what is missing, extra, of the wrong shape or type, not finite, or negative
        """
        own = self.parameters() | self.buffers()
        for name, array in checked_state(self.layers, state).items():
            own[name][...] = array


def output_shapes(layers: Sequence[Layer], input_shape: Shape) -> list[Shape]:
    """The shape of a sample after every layer; raises `ShapeError` that names the layer and the one before it."""
    shapes, shape = [], input_shape
    for index, layer in enumerate(layers):
        given = shape
        try:
            shape = layer.out_shape(given)
        except ShapeError as error:
            before = f"{layer_words(index - 1, layers[index - 1].title)}," if index else "the data"
            hint = ": add Flatten before it" if len(given) > 1 and "a vector" in str(error) else ""
            needs = str(error).removeprefix(f"{layer.title} ").split(", not ")[0]
            raise ShapeError(
                f"{layer_subject(index, layer.title)} {needs}, but {before} gives {shape_text(given)}{hint}."
            ) from error
        shapes.append(shape)
    return shapes


def _check_parameters(placed: Placed, itemsize: int) -> None:
    """Raise `OptionError`, naming the largest layer, when the parameters and their like take too much memory."""
    counts = [sum(map(math.prod, layer.param_shapes(shape).values())) for layer, shape in placed]
    size = sum(counts) * itemsize * _COPIES
    if size > MEMORY_LIMIT:
        index = counts.index(max(counts))
        raise OptionError(
            f"{layer_subject(index, placed[index][0].title)} would have {count(counts[index])} parameters; with "
            f"gradients and the optimizer's memory the network takes {memory_text(size)}, more than the "
            f"{memory_text(MEMORY_LIMIT)} allowed: make the layer smaller."
        )


def _check_rows(rows: int, placed: Placed, itemsize: int) -> None:
    """Raise `OptionError`, naming the largest layer, when what layers compute for a batch takes too much memory."""
    sizes = _sample_sizes(placed, itemsize)
    if rows * sum(sizes) > MEMORY_LIMIT:
        index = sizes.index(max(sizes))
        layer, shape = placed[index]
        raise OptionError(
            f"A batch of {count(rows)} takes about {memory_text(rows * sum(sizes))} on its way through the layers, "
            f"more than the {memory_text(MEMORY_LIMIT)} allowed. Most of it is in {layer_words(index, layer.title)}, "
            f"which gives {count(math.prod(layer.out_shape(shape)))} values a sample and keeps "
            f"{count(layer.kept_values(shape))} for the way back: make the batch or that layer smaller."
        )


def _sample_sizes(placed: Placed, itemsize: int) -> list[int]:
    """Bytes that every layer needs for one sample: for what it gives, the gradient of that, and what it keeps."""
    return [itemsize * (2 * math.prod(layer.out_shape(shape)) + layer.kept_values(shape)) for layer, shape in placed]
