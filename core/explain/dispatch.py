"""The questions that layers, losses, optimizers, penalties and clippings answer, each family in a file of its own.

A new layer registers its answers here; `explain` knows no layer.
"""

from functools import singledispatch

from core.clipping import Clipping
from core.explain.protocol import Answer
from core.explain.scene import Scene
from core.layers.base import Layer
from core.losses import Loss
from core.optimizers import Optimizer
from core.penalties import Penalty


@singledispatch
def output_answer(layer: Layer, scene: Scene) -> Answer:
    """What an entry of y was made from."""
    raise NotImplementedError(f"{layer.title} does not explain its outputs")


@singledispatch
def kept_answer(layer: Layer, scene: Scene) -> Answer | None:
    """What an entry of a tensor was made from that the layer kept for backward; None when it is not for show."""
    return None


@singledispatch
def input_gradient_answer(layer: Layer, scene: Scene) -> Answer:
    """What an entry of dx was made from."""
    raise NotImplementedError(f"{layer.title} does not explain its dx")


@singledispatch
def parameter_gradient_answer(layer: Layer, scene: Scene, name: str) -> Answer:
    """What an entry of the gradient of the parameter `name` was made from."""
    raise NotImplementedError(f"{layer.title} does not explain the gradient of its {name}")


@singledispatch
def sample_loss_answer(loss: Loss, scene: Scene) -> Answer:
    """What the loss of one sample was made from."""
    raise NotImplementedError(f"{loss.title} does not explain the loss of a sample")


@singledispatch
def loss_gradient_answer(loss: Loss, scene: Scene) -> Answer:
    """What an entry of the gradient by the prediction was made from."""
    raise NotImplementedError(f"{loss.title} does not explain its gradient")


@singledispatch
def probability_answer(loss: Loss, scene: Scene) -> Answer:
    """What an entry of the probabilities was made from that a loss on logits makes of them."""
    raise NotImplementedError(f"{loss.title} does not explain its probabilities")


@singledispatch
def update_answer(optimizer: Optimizer, scene: Scene) -> Answer:
    """What an entry of a parameter after the step was made from."""
    raise NotImplementedError(f"{optimizer.title} does not explain its step")


@singledispatch
def memory_answer(optimizer: Optimizer, scene: Scene, slot: str) -> Answer:
    """What an entry of the optimizer's memory after the step was made from."""
    raise NotImplementedError(f"{optimizer.title} does not explain its {slot}")


@singledispatch
def clipping_answer(clipping: Clipping, scene: Scene) -> Answer:
    """What an entry of a gradient became that clipping changed."""
    raise NotImplementedError(f"{clipping.title} does not explain its gradients")


@singledispatch
def penalty_answer(penalty: Penalty, scene: Scene) -> Answer:
    """What the amount of the penalty was made from."""
    raise NotImplementedError(f"{penalty.title} does not explain its amount")


@singledispatch
def penalty_gradient_answer(penalty: Penalty, scene: Scene, name: str) -> Answer:
    """What an entry of the penalty's gradient by the parameter `name` was made from."""
    raise NotImplementedError(f"{penalty.title} does not explain its gradient")
