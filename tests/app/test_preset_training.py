"""Every preset does what it is there for: those that are small are trained to the end, the others are begun."""

import json
from pathlib import Path

import numpy as np
import pytest

from app.document.presets import load_preset, preset_names
from core.experiment import Experiment
from core.trainer import Trainer
from resources import resource

FIGURES = {
    "xor": 1.0,
    "circles": 1.0,
    "moons": 1.0,
    "spirals": 1.0,
    "blobs": 1.0,
    "vanishing-relu": 1.0,
    "sine": 0.95,
    "digits-dense": 0.96,
    "digits-conv": 0.98,
}
"""What the presets that train in a second reach on test data at least: accuracy, of the regression R²."""

BEGUN = 40
"""Steps in which a preset has to show that its loss falls."""

PICTURES = {"digits-conv", "digits-dense", "lenet-5", "mnist-conv", "mnist-conv-batchnorm", "mnist-dense"}
PLANES = {"blobs", "circles", "moons", "sine", "spirals", "vanishing", "vanishing-relu", "xor"}


def trainer_of(name: str, request: pytest.FixtureRequest) -> Trainer:
    """The preset at step 0."""
    experiment = load_preset(name)
    source = experiment.source()
    folder: Path | None = request.getfixturevalue("mnist_folder") if source.needs_folder else None
    return experiment.trainer(source.load(folder))


def train(trainer: Trainer, epochs: int) -> Trainer:
    for _ in range(epochs * trainer.batches_per_epoch):
        trainer.train_step()
    return trainer


def loss_on_start(trainer: Trainer) -> float:
    """The loss on the first training rows, in evaluation mode."""
    data, loss = trainer.data, trainer.network.loss
    x, t = data.x_train[:500], data.t_train[:500]
    if not data.is_regression:
        t = loss.encode(t, trainer.network.shapes[-1][0], len(data.class_names))
    return float(loss.per_sample(trainer.network.forward(x), t).mean())


def test_there_are_presets_for_everything():
    assert set(preset_names()) == PICTURES | PLANES


@pytest.mark.parametrize("name", sorted(PICTURES | PLANES))
def test_a_preset_is_named_after_its_file_and_is_saved_as_it_is_read(name: str):
    experiment = load_preset(name)
    assert experiment.name == name
    saved = json.loads(resource("presets", f"{name}.json").read_text(encoding="utf-8"))
    assert {entry: value for entry, value in experiment.to_dict().items() if entry in saved} == saved


@pytest.mark.parametrize("name", sorted(PICTURES | PLANES))
def test_the_first_batches_lower_the_loss(name: str, request: pytest.FixtureRequest):
    trainer = trainer_of(name, request)
    before = loss_on_start(trainer)
    for _ in range(BEGUN):
        trainer.train_step()
    assert loss_on_start(trainer) < before * (0.98 if name in PICTURES else 1.0)


@pytest.mark.parametrize("name", FIGURES)
def test_a_small_preset_learns_what_it_is_about(name: str, request: pytest.FixtureRequest):
    trainer = trainer_of(name, request)
    found = train(trainer, load_preset(name).epochs).evaluate()
    assert (found.r_squared if found.accuracy is None else found.accuracy) >= FIGURES[name]  # type: ignore[operator]


@pytest.mark.parametrize("name", ["mnist-conv", "mnist-conv-batchnorm", "sine"])
def test_a_schedule_is_as_long_as_the_training(name: str, request: pytest.FixtureRequest):
    experiment, trainer = load_preset(name), trainer_of(name, request)
    assert experiment.schedule["total_steps"] == experiment.epochs * trainer.batches_per_epoch


def weight_gradients(trainer: Trainer) -> list[float]:
    """The norm of every weight's gradient on the first training rows, first layer to last."""
    data = trainer.data
    target = trainer.network.loss.encode(data.t_train[:100], 1, len(data.class_names))
    _, grads = trainer.network.loss_and_gradients(data.x_train[:100], target)
    return [float(np.linalg.norm(grad)) for name, grad in grads.items() if name.endswith("weight")]


def test_gradients_vanish_through_eight_sigmoid_layers(request: pytest.FixtureRequest):
    trainer = trainer_of("vanishing", request)
    norms = weight_gradients(trainer)
    assert len(norms) == 9 and norms == sorted(norms)
    assert norms[-1] / norms[0] > 1e5
    found = train(trainer, 5).evaluate().accuracy
    assert found is not None and found <= 0.6


def test_they_do_not_through_eight_relu_layers(request: pytest.FixtureRequest):
    trainer = trainer_of("vanishing-relu", request)
    norms = weight_gradients(trainer)
    assert max(norms) / min(norms) < 100
    found = train(trainer, 5).evaluate().accuracy
    assert found is not None and found >= 0.95


def test_the_pair_differs_in_activation_and_start_weights_alone():
    sigmoid, relu = load_preset("vanishing"), load_preset("vanishing-relu")
    assert [layer["kind"] for layer in sigmoid.layers].count("sigmoid") == 8
    swapped = tuple({"kind": "relu"} if layer["kind"] == "sigmoid" else layer for layer in sigmoid.layers)
    assert changed(sigmoid, relu) == {"name", "layers", "initializer"} and swapped == relu.layers


def changed(first: Experiment, second: Experiment) -> set[str]:
    one, other = first.to_dict(), second.to_dict()
    return {entry for entry in one if one[entry] != other[entry]}
