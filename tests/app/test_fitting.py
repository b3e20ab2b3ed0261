"""Another data set for a network that is open: as little as possible changes, and what changed is said."""

import dataclasses

import numpy as np
import pytest

from app.document.fitting import fit_to_data, start_options
from app.document.presets import load_preset
from core.datasets import DATASETS, dataset_from_spec
from core.datasets.base import Dataset, DataSource
from core.datasets.mnist import Mnist
from core.layers import LAYERS
from core.types import Shape, Spec

XOR = load_preset("xor")


def load(kind: str, **options: object) -> tuple[DataSource, Dataset]:
    source = dataset_from_spec({"kind": kind, **options})
    return source, source.load()


def pictures(classes: int = 10) -> Dataset:
    """A few pictures of noise in the shape of MNIST."""
    x = np.random.default_rng(2).normal(size=(30, 1, 28, 28)).astype(np.float32)
    t = np.arange(30, dtype=np.int64) % classes
    return Dataset("MNIST", x[:20], t[:20], x[20:], t[20:], tuple(map(str, range(classes))))


def test_what_fits_stays_as_it_is() -> None:
    source, data = load("circles", points=50)
    fitted, note = fit_to_data(XOR, source, data)
    assert note == ""
    assert fitted == dataclasses.replace(XOR, name="Circles", data=source.spec())


@pytest.mark.parametrize(
    ("kind", "options", "end", "loss"),
    [
        ("blobs", {"classes": 4}, {"kind": "dense", "units": 4}, {"kind": "cross_entropy"}),
        ("plane", {}, {"kind": "dense", "units": 1}, {"kind": "mse"}),
    ],
)
def test_other_targets_change_the_last_layer_and_the_loss_only(
    kind: str, options: dict[str, int], end: Spec, loss: Spec
) -> None:
    source, data = load(kind, points=50, **options)
    fitted, note = fit_to_data(XOR, source, data)
    layers = (*XOR.layers[:-1], end)
    assert fitted == dataclasses.replace(XOR, name=source.title, data=source.spec(), layers=layers, loss=loss)
    assert note == f"The last layer and the loss were fitted to {data.title}. Undo brings the old ones back."
    fitted.trainer(data).train_step()


def test_pictures_replace_the_layers_of_a_plane_and_back() -> None:
    data = pictures()
    there, note = fit_to_data(XOR, Mnist(), data)
    assert note == "The layers did not fit MNIST and were replaced. Undo brings the old ones back."
    assert there.layers[0] == {"kind": "flatten"} and there.layers[-1] == {"kind": "dense", "units": 10}
    assert there.batch_size == 64
    assert (there.optimizer, there.seed, there.name) == (XOR.optimizer, XOR.seed, "MNIST")
    there.trainer(data).train_step()
    source, points = load("xor", points=50)
    deep = dataclasses.replace(there, layers=({"kind": "conv2d", "filters": 2, "kernel_size": 3}, *there.layers))
    back, note = fit_to_data(deep, source, points)
    assert note.startswith("The layers did not fit XOR")
    back.trainer(points).train_step()


def test_other_options_of_the_same_kind_of_data_keep_the_name() -> None:
    source, data = load("xor", points=50)
    assert fit_to_data(XOR, source, data)[0].name == XOR.name


def test_layers_that_never_fitted_are_replaced() -> None:
    source, data = load("circles", points=50)
    for layers in (
        (),
        ({"kind": "flatten"}, {"kind": "conv2d", "filters": 2, "kernel_size": 3}),
        ({"kind": "dense", "units": 10**9}, XOR.layers[-1]),
    ):
        fitted, note = fit_to_data(dataclasses.replace(XOR, layers=layers), source, data)
        assert note.startswith("The layers did not fit") and fitted.batch_size == 10
        fitted.trainer(data).train_step()


@pytest.mark.parametrize("kind", [kind for kind, source in DATASETS.items() if not source.needs_folder])
@pytest.mark.parametrize("name", ["xor", "mnist-dense"])
def test_every_data_set_can_be_trained_on_whatever_was_open(kind: str, name: str) -> None:
    options = {"points": 100} if "points" in {option.name for option in DATASETS[kind].options()} else {}
    source, data = load(kind, **options)
    fitted, _ = fit_to_data(load_preset(name), source, data)
    assert fitted.data == source.spec()
    fitted.trainer(data).train_step()


@pytest.mark.parametrize(
    ("shape", "image"),
    [((64,), (1, 8, 8)), ((12,), (1, 3, 4)), ((7,), (1, 1, 7)), ((3, 5, 4), (3, 5, 4)), ((1,), (1, 1, 1))],
)
def test_a_new_reshape_fits_what_it_is_given(shape: Shape, image: Shape) -> None:
    layer = LAYERS["reshape"].from_options(start_options("reshape", shape))
    assert layer.out_shape(shape) == image


@pytest.mark.parametrize("kind", LAYERS)
def test_every_kind_of_layer_has_options_to_start_with(kind: str) -> None:
    shape = (12,) if kind in {"dense", "softmax"} else (3, 8, 8)
    assert LAYERS[kind].from_options(start_options(kind, shape)).out_shape(shape)
