"""The slopes of the activations as formulas, for all who explain them."""

from core.layers.activations import Sigmoid, Tanh
from core.layers.base import Layer
from core.layers.rectifiers import ELU, GELU, LeakyReLU, ReLU, SiLU, Softplus

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
