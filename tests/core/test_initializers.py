"""Start weights against the formulas and against what PyTorch's initialisers draw."""

import math
from pathlib import Path

import numpy as np
import pytest

from core.initializers import (
    INITIALIZERS,
    Constant,
    HeNormal,
    Initializer,
    Normal,
    Uniform,
    Zeros,
    initializer_from_spec,
)
from core.layers import layer_from_spec
from core.layers.base import fans
from core.types import OptionError

with np.load(Path(__file__).parents[1] / "golden" / "initializers.npz") as saved:
    GOLDEN = dict(saved)

SHAPES = ("dense", "conv")
SCHEMES = ("torch", "he_normal", "he_uniform", "xavier_normal", "xavier_uniform", "lecun_normal")

each_shape = pytest.mark.parametrize("name", SHAPES)


@each_shape
def test_fans(name: str):
    assert fans(tuple(GOLDEN[f"{name}/shape"])) == tuple(GOLDEN[f"{name}/fans"])


@each_shape
@pytest.mark.parametrize("kind", SCHEMES)
def test_moments_and_bounds_are_those_of_pytorch(kind: str, name: str):
    shape = tuple(GOLDEN[f"{name}/shape"])
    scheme = initializer_from_spec({"kind": kind})
    values = np.stack([scheme.weight(np.random.default_rng(seed), shape, *fans(shape)) for seed in range(20)])
    mean, std, smallest, largest = GOLDEN[f"{kind}/{name}"]
    assert values.shape[1:] == shape
    # 20 × 60 000 values know their standard deviation to 0.1 %, PyTorch's 38 400 to 0.4 %.
    assert values.std() == pytest.approx(std, rel=0.012)
    assert abs(values.mean() - mean) < 5 * std / math.sqrt(38_400)
    if "normal" in kind:
        assert values.max() > 4 * std and values.min() < -4 * std
    else:
        assert values.max() == pytest.approx(largest, rel=1e-3)
        assert values.min() == pytest.approx(smallest, rel=1e-3)


STD = {
    "he_normal": lambda fan_in, fan_out: math.sqrt(2 / fan_in),
    "xavier_normal": lambda fan_in, fan_out: math.sqrt(2 / (fan_in + fan_out)),
    "lecun_normal": lambda fan_in, fan_out: math.sqrt(1 / fan_in),
}
LIMIT = {
    "torch": lambda fan_in, fan_out: 1 / math.sqrt(fan_in),
    "he_uniform": lambda fan_in, fan_out: math.sqrt(6 / fan_in),
    "xavier_uniform": lambda fan_in, fan_out: math.sqrt(6 / (fan_in + fan_out)),
}


@pytest.mark.parametrize("kind", STD)
def test_normal_schemes_have_the_formula_s_deviation(kind: str):
    values = initializer_from_spec({"kind": kind}).weight(np.random.default_rng(0), (500, 800), 800, 500)
    assert values.std() == pytest.approx(STD[kind](800, 500), rel=0.005)


@pytest.mark.parametrize("kind", LIMIT)
def test_uniform_schemes_fill_their_range_and_stay_in_it(kind: str):
    values = initializer_from_spec({"kind": kind}).weight(np.random.default_rng(0), (500, 800), 800, 500)
    limit = LIMIT[kind](800, 500)
    assert abs(values).max() <= limit
    assert values.max() > 0.9999 * limit and values.min() < -0.9999 * limit
    assert values.std() == pytest.approx(limit / math.sqrt(3), rel=0.005)


def test_options_of_one_s_own():
    rng = np.random.default_rng(0)
    shape = (300, 400)
    assert Normal(std=0.7).weight(rng, shape, 400, 300).std() == pytest.approx(0.7, rel=0.01)
    values = Uniform(limit=0.3).weight(rng, shape, 400, 300)
    assert 0.2999 < abs(values).max() <= 0.3
    assert (Constant(value=-2).weight(rng, (2, 3), 3, 2) == -2).all()
    assert not Zeros().weight(rng, (2, 3), 3, 2).any()


@pytest.mark.parametrize("kind", INITIALIZERS)
def test_only_pytorch_s_default_draws_the_bias(kind: str):
    bias = initializer_from_spec({"kind": kind}).bias(np.random.default_rng(0), (6000,), 200)
    assert bias.shape == (6000,)
    if kind == "torch":
        _, std, smallest, largest = GOLDEN["torch/dense/bias"]
        assert bias.max() == pytest.approx(largest, rel=3e-3) and bias.min() == pytest.approx(smallest, rel=3e-3)
        assert bias.std() == pytest.approx(std, rel=0.04)
    else:
        assert not bias.any()


@pytest.mark.parametrize("kind", INITIALIZERS)
def test_the_same_generator_gives_the_same_values(kind: str):
    scheme = initializer_from_spec(initializer_from_spec({"kind": kind}).spec())
    first, second = (scheme.weight(np.random.default_rng(4), (3, 5), 5, 3) for _ in range(2))
    assert first.shape == (3, 5) and np.array_equal(first, second)


def layer_fans(kind: str, **options: object) -> list[int]:
    """What a layer of 2 channels of 9×9 tells an initialiser."""
    told: list[int] = []

    class Listener(Initializer):
        def weight(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
            told.extend((fan_in, fan_out))
            return np.zeros(shape)

        def bias(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int) -> np.ndarray:
            told.append(fan_in)
            return np.zeros(shape)

    layer = layer_from_spec({"kind": kind, **options})
    layer.build((2, 9, 9) if kind == "conv2d" else (18,), np.random.default_rng(0), np.float32, Listener())
    return told


def test_layers_tell_the_initializer_their_fans():
    assert layer_fans("dense", units=5) == [18, 5, 18]
    assert layer_fans("conv2d", filters=4, kernel_size=3) == [2 * 9, 4 * 9, 2 * 9]


def test_normalising_layers_start_as_the_identity():
    for kind in ("batch_norm", "layer_norm"):
        layer = layer_from_spec({"kind": kind})
        layer.build((3,), np.random.default_rng(0), np.float32, HeNormal())
        assert (layer.params["weight"] == 1).all() and (layer.params["bias"] == 0).all()
        if kind == "batch_norm":
            assert (layer.buffers["running_mean"] == 0).all() and (layer.buffers["running_var"] == 1).all()


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ({"kind": "normal", "std": -1}, "Normal: std must be a number of at least 0 and at most 100, not -1."),
        ({"kind": "uniform", "limit": float("nan")}, "Uniform: limit must be a number of at least 0"),
        ({"kind": "constant", "value": "big"}, "not 'big'."),
        ({"kind": "he"}, "There is no initialiser of kind 'he'; known are torch, he_normal"),
    ],
)
def test_bad_options_are_refused(spec: dict[str, object], sentence: str):
    with pytest.raises(OptionError) as error:
        initializer_from_spec(spec)
    assert sentence in str(error.value)
