"""Dropout: noise in training against units that rely on one another."""

import dataclasses
from typing import ClassVar

import numpy as np

from core.layers.base import Layer
from core.layout import draw_like
from core.options import option
from core.types import Array, Arrays, OptionError
from core.words import said


@dataclasses.dataclass(eq=False)
class Dropout(Layer):
    """Sets a random share of the values to 0 while training and enlarges the others to make up for it.

    Shapes:   x, y, mask (N, ...)
    Formula:  training: y = x · mask, each mask entry 0 with probability p, otherwise 1/(1−p);  evaluation: y = x
    Gradient: dx = dy · mask, the same mask;  evaluation: dx = dy
    Range:    p = 0 drops nothing, p = 1 everything (all zeros)
    Errors:   OptionError in training without a random generator
    Source:   `torch.nn.Dropout`; Srivastava et al. 2014
    """

    kind: ClassVar[str] = "dropout"
    title: ClassVar[str] = "Dropout"
    output: ClassVar[str] = "as given"

    p: float = option(
        0.5,
        minimum=0,
        maximum=1,
        label="Drop probability",
        help="Probability with which a value is dropped in a training step.",
    )

    def forward(self, x: Array, training: bool, rng: np.random.Generator | None) -> tuple[Array, Arrays]:
        self._check_input(x)
        if not training:
            return x, {}
        if not isinstance(rng, np.random.Generator):
            raise OptionError(f"Dropout draws its mask in training from a random generator of NumPy, not {said(rng)}.")
        mask = (draw_like(x, rng) >= self.p).astype(x.dtype)
        mask *= 1 / (1 - self.p) if self.p < 1 else 0.0
        return x * mask, {"mask": mask}

    def backward(
        self, dy: Array, cache: Arrays, need_dx: bool = True, out: Arrays | None = None
    ) -> tuple[Array | None, Arrays]:
        if not need_dx:
            return None, {}
        if not cache:
            self._check_gradients(dy)
            return dy, {}
        self._check_gradient(dy, cache["mask"].shape)
        return dy * cache["mask"], {}
