"""Losses that measure how far values are from where they should be."""

import dataclasses
from typing import ClassVar

import numpy as np

from core.losses.base import Loss, mean_of_others, total
from core.options import option
from core.types import Array


@dataclasses.dataclass(frozen=True)
class MSE(Loss):
    """Mean squared error: the mean over all elements of the squared difference.

    Shapes:   prediction y and target t (N, outputs)
    Formula:  L = mean((y − t)²)
    Gradient: dy = 2 (y − t) / (N · outputs)
    Source:   `torch.nn.MSELoss`
    """

    kind: ClassVar[str] = "mse"
    title: ClassVar[str] = "Mean squared error"

    def per_sample(self, prediction: Array, target: Array) -> Array:
        self.check(prediction, target)
        return mean_of_others((prediction - target) ** 2)

    def value_and_gradient(self, prediction: Array, target: Array) -> tuple[float, Array]:
        self.check(prediction, target)
        difference = prediction - target
        value = total(difference * difference) / difference.size
        difference *= 2 / difference.size
        return value, difference


@dataclasses.dataclass(frozen=True)
class MAE(Loss):
    """Mean absolute error: the mean over all elements of the distance; an outlier pulls no harder than any other.

    Shapes:   prediction y and target t (N, outputs)
    Formula:  L = mean(|y − t|)
    Gradient: dy = sign(y − t) / (N · outputs), 0 where y = t
    Source:   `torch.nn.L1Loss`
    """

    kind: ClassVar[str] = "mae"
    title: ClassVar[str] = "Mean absolute error"

    def per_sample(self, prediction: Array, target: Array) -> Array:
        self.check(prediction, target)
        return mean_of_others(np.abs(prediction - target))

    def value_and_gradient(self, prediction: Array, target: Array) -> tuple[float, Array]:
        self.check(prediction, target)
        difference = prediction - target
        value = total(np.abs(difference)) / difference.size
        return value, np.sign(difference) / difference.size


@dataclasses.dataclass(frozen=True)
class Huber(Loss):
    """Huber loss: squared for differences up to delta, beyond it a straight line, so that outliers do not dominate.

    Shapes:   prediction y and target t (N, outputs)
    Formula:  L = mean(½ (y − t)² where |y − t| ≤ delta, otherwise delta · (|y − t| − ½ delta))
    Gradient: dy = (y − t limited to −delta … delta) / (N · outputs)
    Source:   Huber 1964; `torch.nn.HuberLoss`
    """

    kind: ClassVar[str] = "huber"
    title: ClassVar[str] = "Huber"

    delta: float = option(1.0, above=0, maximum=1e6, help="The difference at which the square becomes a straight line.")

    def per_sample(self, prediction: Array, target: Array) -> Array:
        self.check(prediction, target)
        return mean_of_others(self._elementwise(prediction - target))

    def value_and_gradient(self, prediction: Array, target: Array) -> tuple[float, Array]:
        self.check(prediction, target)
        difference = prediction - target
        value = total(self._elementwise(difference)) / difference.size
        gradient = np.minimum(np.maximum(difference, -self.delta), self.delta)
        gradient /= difference.size
        return value, gradient

    def _elementwise(self, difference: Array) -> Array:
        # With c = min(|d|, delta) both branches are c (|d| − ½c): ½d² inside, delta (|d| − ½delta) outside.
        distance = np.abs(difference)
        limited = np.minimum(distance, self.delta)
        return limited * (distance - 0.5 * limited)
