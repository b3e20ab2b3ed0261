"""All layers by kind, and how to rebuild one from its saved description."""

from core.layers.activations import Sigmoid, Softmax, Tanh
from core.layers.base import Layer
from core.layers.conv import Conv2D
from core.layers.dense import Dense
from core.layers.dropout import Dropout
from core.layers.normalization import BatchNorm, LayerNorm
from core.layers.pooling import AvgPool2D, GlobalAvgPool2D, MaxPool2D
from core.layers.rectifiers import ELU, GELU, LeakyReLU, ReLU, SiLU, Softplus
from core.layers.shape import Flatten, Reshape
from core.options import from_spec
from core.types import Spec

__all__ = [
    "ELU",
    "GELU",
    "LAYERS",
    "AvgPool2D",
    "BatchNorm",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalAvgPool2D",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "MaxPool2D",
    "ReLU",
    "Reshape",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "layer_from_spec",
]

_DENSE = (Dense, ReLU, Tanh, Sigmoid, Softmax)
_IMAGES = (Conv2D, MaxPool2D, AvgPool2D, GlobalAvgPool2D, Flatten, Reshape)
_HELPERS = (BatchNorm, LayerNorm, Dropout)
_MORE_ACTIVATIONS = (LeakyReLU, ELU, SiLU, GELU, Softplus)

LAYERS: dict[str, type[Layer]] = {layer.kind: layer for layer in (*_DENSE, *_IMAGES, *_HELPERS, *_MORE_ACTIVATIONS)}
"""In the order in which a person meets them in the window."""


def layer_from_spec(spec: Spec) -> Layer:
    """Rebuild an unbuilt layer from its `spec()`."""
    return from_spec(LAYERS, spec, "layer")
