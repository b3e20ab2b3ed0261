"""PyTorch's side of the comparison: the same network, data, batch and optimizer in the loop its tutorials teach."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from benchmarks.networks import Case
from benchmarks.ours import dataset
from core.layers import layer_from_spec
from core.network import output_shapes

_PLAIN: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "flatten": nn.Flatten,
}


def step(case: Case, fused: bool = False) -> Callable[[], Any]:
    """One training step on the next batch, with Adam as it comes or fused."""
    data, model = dataset(case.data), _model(case)
    x = torch.tensor(data.x_train)
    if case.data == "xor":
        target, loss_function = torch.tensor(data.t_train, dtype=torch.float32)[:, None], nn.BCEWithLogitsLoss()
    else:
        target, loss_function = torch.tensor(data.t_train), nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), fused=True) if fused else torch.optim.Adam(model.parameters())
    order, start = torch.randperm(len(x)), 0

    def train_step() -> float:
        nonlocal order, start
        rows = order[start : start + case.batch]
        optimizer.zero_grad()
        loss = loss_function(model(x[rows]), target[rows])
        loss.backward()
        optimizer.step()
        start += case.batch
        if start >= len(x):
            order, start = torch.randperm(len(x)), 0
        return float(loss.item())

    return train_step


def evaluation(case: Case) -> Callable[[], Any]:
    """Loss and accuracy on the whole test set, 250 images at a time, its fastest size here."""
    data, model = dataset(case.data), _model(case)
    x, target = torch.tensor(data.x_test), torch.tensor(data.t_test)
    model.eval()

    @torch.inference_mode()
    def evaluate() -> tuple[float, float]:
        loss, right = 0.0, 0
        for start in range(0, len(x), 250):
            rows = slice(start, start + 250)
            logits = model(x[rows])
            loss += nn.functional.cross_entropy(logits, target[rows], reduction="sum").item()
            right += int((logits.argmax(1) == target[rows]).sum())
        return loss / len(x), right / len(x)

    return evaluate


def _model(case: Case) -> nn.Sequential:
    layers = [layer_from_spec(spec) for spec in case.layers]
    shape = dataset(case.data).input_shape
    shapes = (shape, *output_shapes(layers, shape))
    return nn.Sequential(*(_module(spec, before) for spec, before in zip(case.layers, shapes, strict=False)))


def _module(spec: dict[str, Any], in_shape: tuple[int, ...]) -> nn.Module:
    match spec["kind"]:
        case "dense":
            return nn.Linear(in_shape[0], spec["units"])
        case "conv2d":
            return nn.Conv2d(in_shape[0], spec["filters"], spec["kernel_size"], padding=spec.get("padding", 0))
        case "max_pool2d":
            return nn.MaxPool2d(spec["kernel_size"])
        case "batch_norm":
            return nn.BatchNorm2d(in_shape[0])
        case "dropout":
            return nn.Dropout(spec["p"])
        case kind:
            return _PLAIN[kind]()
