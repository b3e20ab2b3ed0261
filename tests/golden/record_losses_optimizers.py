"""Records what PyTorch computes for losses, optimizers, schedules and whole objectives, as golden numbers.

Run from the project's folder with a Python that has PyTorch: `python -m tests.golden.record_losses_optimizers`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim import lr_scheduler

from tests.golden.store import save

HERE = Path(__file__).parent
DTYPES = {"float32": torch.float32, "float64": torch.float64}
STEPS = 10

Arrays = dict[str, np.ndarray]


def main() -> None:
    save(HERE / "losses.npz", losses())
    save(HERE / "optimizers.npz", optimizers() | schedules() | objectives())


# Losses: the inputs, and for every case and dtype the value, the values by sample and the gradient.

SMOOTHED = {"label_smoothing": 0.1}
LOSSES: dict[str, tuple[str, str, Callable[..., torch.Tensor]]] = {
    # case: (prediction, target, function)
    "mse": ("values", "value_targets", nn.functional.mse_loss),
    "mae": ("values", "value_targets", nn.functional.l1_loss),
    "huber": ("values", "value_targets", nn.functional.huber_loss),
    "huber_delta": ("values", "value_targets", lambda *a, **k: nn.functional.huber_loss(*a, delta=0.3, **k)),
    "binary_cross_entropy": ("probabilities", "binary_targets", nn.functional.binary_cross_entropy),
    "binary_cross_entropy_ends": ("ends", "binary_targets", nn.functional.binary_cross_entropy),
    "bce_with_logits": ("logits", "binary_targets", nn.functional.binary_cross_entropy_with_logits),
    "cross_entropy": ("logits", "labels", nn.functional.cross_entropy),
    "cross_entropy_smoothed": ("logits", "labels", lambda *a, **k: nn.functional.cross_entropy(*a, **SMOOTHED, **k)),
    "negative_log_likelihood": ("distributions", "labels", lambda p, t, **k: nn.functional.nll_loss(p.log(), t, **k)),
    "hinge": ("logits", "labels", nn.functional.multi_margin_loss),
    "hinge_margin": ("logits", "labels", lambda *a, **k: nn.functional.multi_margin_loss(*a, margin=2.5, **k)),
}


def losses() -> Arrays:
    rng = np.random.default_rng(1)
    samples, outputs = 7, 5
    logits = 3 * rng.normal(size=(samples, outputs))
    logits[0] = [900.0, -900.0, 0.0, 300.0, -1.0]  # both ends, where a careless formula overflows
    probabilities = rng.uniform(0.01, 0.99, size=(samples, outputs))
    ends = probabilities.copy()
    ends[1, :4] = [0.0, 1.0, 1e-30, 1.0]  # where the logarithm and the gradient are limited
    binary = (rng.random((samples, outputs)) < 0.5).astype(float)
    binary[1, :4] = [1.0, 0.0, 1.0, 1.0]
    binary[2] = rng.random(outputs)  # targets need not be 0 or 1
    values = 2 * rng.normal(size=(samples, outputs))
    inputs = {
        "logits": logits,
        "probabilities": probabilities,
        "ends": ends,
        "distributions": rng.dirichlet(np.ones(outputs), size=samples),
        "values": values,
        "value_targets": values + rng.normal(size=(samples, outputs)),
        "binary_targets": binary,
        "labels": np.array([1, 0, 4, 2, 2, 3, 0]),
    }
    result = dict(inputs)
    for case, (prediction, target, function) in LOSSES.items():
        for word, dtype in DTYPES.items():
            x = torch.tensor(inputs[prediction], dtype=dtype, requires_grad=True)
            t = torch.tensor(inputs[target], dtype=None if target == "labels" else dtype)
            value = function(x, t)
            value.backward()
            assert x.grad is not None
            elementwise = function(x, t, reduction="none").detach()
            result |= {
                f"{case}.{word}.value": value.detach().numpy(),
                f"{case}.{word}.gradient": x.grad.numpy(),
                f"{case}.{word}.per_sample": elementwise.reshape(samples, -1).mean(dim=1).numpy(),
            }
    return result


# Optimizers: ten steps along given gradients, with a learning rate that moves, and the parameter after every step.

OPTIMIZERS: dict[str, Callable[[list[torch.Tensor]], torch.optim.Optimizer]] = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "sgd_decay": lambda p: torch.optim.SGD(p, lr=0.1, weight_decay=0.2),
    "sgd_momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
    "sgd_nesterov": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.8, nesterov=True, weight_decay=0.1),
    "adagrad": lambda p: torch.optim.Adagrad(p, lr=0.05),
    "adagrad_eps": lambda p: torch.optim.Adagrad(p, lr=0.05, eps=1e-3),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.02),
    "rmsprop_options": lambda p: torch.optim.RMSprop(p, lr=0.02, alpha=0.7, eps=1e-3),
    "adam": lambda p: torch.optim.Adam(p, lr=0.03),
    "adam_options": lambda p: torch.optim.Adam(p, lr=0.03, betas=(0.7, 0.9), eps=1e-3, weight_decay=0.3),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.03),
    "adamw_options": lambda p: torch.optim.AdamW(p, lr=0.03, betas=(0.7, 0.9), eps=1e-3, weight_decay=0.3),
}


def optimizers() -> Arrays:
    rng = np.random.default_rng(2)
    shapes = {"0.weight": (3, 4), "0.bias": (3,)}
    start = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    grads = {name: rng.normal(size=(STEPS, *shape)) for name, shape in shapes.items()}
    grads["0.weight"][:, 0, 0] *= 1e-6  # so small that the place of eps decides
    grads["0.bias"][:, 0] = 0.0
    rates = np.cos(np.arange(STEPS) / 5) + 0.2  # times the learning rate: the schedule that moves
    result = {f"start.{name}": array for name, array in start.items()}
    result |= {f"grads.{name}": array for name, array in grads.items()} | {"rates": rates}
    for case, make in OPTIMIZERS.items():
        for word, dtype in DTYPES.items():
            params = {name: torch.tensor(array, dtype=dtype, requires_grad=True) for name, array in start.items()}
            optimizer = make(list(params.values()))
            base = optimizer.param_groups[0]["lr"]
            path: dict[str, list[np.ndarray]] = {name: [] for name in params}
            for step in range(STEPS):
                optimizer.param_groups[0]["lr"] = base * rates[step]
                for name, param in params.items():
                    param.grad = torch.tensor(grads[name][step], dtype=dtype)
                optimizer.step()
                for name, param in params.items():
                    path[name].append(param.detach().numpy().copy())
            result |= {f"{case}.{word}.{name}": np.array(arrays) for name, arrays in path.items()}
    return result


# Schedules: the learning rate of every step.

SCHEDULES: dict[str, tuple[int, Callable[[torch.optim.Optimizer], Any]]] = {
    # case: (number of steps, scheduler)
    "constant": (5, lambda o: lr_scheduler.ConstantLR(o, factor=1.0)),
    "step": (25, lambda o: lr_scheduler.StepLR(o, step_size=7, gamma=0.3)),
    "exponential": (25, lambda o: lr_scheduler.ExponentialLR(o, gamma=0.9)),
    "cosine": (21, lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=20, eta_min=0.01)),
    "warmup": (25, lambda o: lr_scheduler.LinearLR(o, start_factor=0.2, end_factor=1.0, total_iters=9)),
    "one_cycle": (40, lambda o: lr_scheduler.OneCycleLR(o, max_lr=0.4, total_steps=40, cycle_momentum=False)),
    "one_cycle_options": (
        33,
        lambda o: lr_scheduler.OneCycleLR(
            o, max_lr=0.4, total_steps=33, pct_start=0.45, div_factor=7, final_div_factor=30, cycle_momentum=False
        ),
    ),
}


def schedules() -> Arrays:
    result = {}
    for case, (steps, make) in SCHEDULES.items():
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.4)
        schedule = make(optimizer)
        rates = []
        for step in range(steps):
            rates.append(float(optimizer.param_groups[0]["lr"]))
            optimizer.step()
            if step < steps - 1:
                schedule.step()
        result[f"schedule.{case}"] = np.array(rates)
    return result


# Objectives: ten full-batch steps of a small network with penalties, clipping and a schedule, put together.


def objectives() -> Arrays:
    rng = np.random.default_rng(3)
    x, labels = rng.normal(size=(11, 3)), rng.integers(0, 4, size=11)
    weights = {
        "0.weight": rng.normal(size=(5, 3)),
        "0.bias": rng.normal(size=5),
        "2.weight": rng.normal(size=(4, 5)),
        "2.bias": rng.normal(size=4),
    }
    result = {"objective.x": x, "objective.labels": labels}
    result |= {f"objective.start.{name}": array for name, array in weights.items()}
    for case in ("plain", "l1", "l2", "norm", "value", "l2_norm"):
        network = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 4)).double()
        network.load_state_dict({name: torch.tensor(array) for name, array in weights.items()})
        optimizer = torch.optim.SGD(network.parameters(), lr=0.5, momentum=0.9)
        schedule = lr_scheduler.CosineAnnealingLR(optimizer, T_max=12, eta_min=0.05)
        values = []
        for _ in range(STEPS):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(network(torch.tensor(x)), torch.tensor(labels))
            values.append(loss.item())
            matrices = [p for p in network.parameters() if p.ndim > 1]
            if "l1" in case:
                loss = loss + 0.02 * sum(p.abs().sum() for p in matrices)
            if "l2" in case:
                loss = loss + 0.03 / 2 * sum((p**2).sum() for p in matrices)
            loss.backward()
            if "norm" in case:
                nn.utils.clip_grad_norm_(network.parameters(), 0.4)
            if "value" in case:
                nn.utils.clip_grad_value_(network.parameters(), 0.05)
            optimizer.step()
            schedule.step()
        result[f"objective.{case}.losses"] = np.array(values)
        result |= {f"objective.{case}.{n}": p.detach().numpy() for n, p in network.named_parameters()}
    return result


if __name__ == "__main__":
    main()
