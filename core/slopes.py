"""The slopes of the activations as formulas, for all who explain them, with the numbers that were chosen."""

from core.layers.activations import Sigmoid, Tanh
from core.layers.base import Layer
from core.layers.rectifiers import ELU, GELU, LeakyReLU, ReLU, SiLU, Softplus
from core.words import chosen

SLOPES: dict[type[Layer], str] = {
    ReLU: "1 where x > 0, otherwise 0",
    LeakyReLU: "1 where x > 0, otherwise negative_slope",
    ELU: "1 where x > 0, otherwise alpha · exp(x)",
    SiLU: "σ(x) · (1 + x · (1 − σ(x)))",
    GELU: "½ (1 + t) + ½ x (1 − t²) √(2/π) (1 + 3 · 0.044715 x²)",
    Softplus: "σ(x)",
    Sigmoid: "y · (1 − y)",
    Tanh: "1 − y²",
}


def slope_words(layer: Layer) -> str:
    """What "slope" stands for: "slope = 1 where x > 0, otherwise negative_slope, negative_slope = 0.01"."""
    return f"slope = {SLOPES[type(layer)]}{letters(layer)}"


def letters(layer: Layer) -> str:
    """The number that was chosen for the letter in a layer's formula, ", alpha = 1"; empty without one."""
    if isinstance(layer, LeakyReLU):
        return f", negative_slope = {chosen(layer.negative_slope)}"
    return f", alpha = {chosen(layer.alpha)}" if isinstance(layer, ELU) else ""
