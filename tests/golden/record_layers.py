"""Records what PyTorch computes for every layer of the table of cases, so that the tests need NumPy only.

Run from the project's folder with a Python that has PyTorch: `python -m tests.golden.record_layers`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.layers.base import Layer
from tests.core.cases import CASES, Case
from tests.golden.store import save

PATHS = CONV, OTHERS = tuple(Path(__file__).parent / name for name in ("layers_conv.npz", "layers.npz"))
DTYPES = {"float64": (torch.float64, np.float64), "float32": (torch.float32, np.float32)}

ELEMENTWISE: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "silu": F.silu,
    "gelu": lambda x: F.gelu(x, approximate="tanh"),
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softplus": F.softplus,
    "softmax": lambda x: torch.softmax(x, dim=1),
}


def path_of(kind: str) -> Path:
    """The file that holds a layer's numbers."""
    return CONV if kind == "conv2d" else OTHERS


def module(case: Case, layer: Layer) -> nn.Module | Callable[[Tensor], Tensor]:
    """PyTorch's own layer for a case, with fresh parameters where it has any."""
    o = layer.spec()
    match case.kind:
        case "dense":
            return nn.Linear(case.in_shape[0], o["units"])
        case "conv2d":
            return nn.Conv2d(case.in_shape[0], o["filters"], o["kernel_size"], o["stride"], o["padding"])
        case "max_pool2d":
            return nn.MaxPool2d(o["kernel_size"], o["stride"], o["padding"])
        case "avg_pool2d":
            return nn.AvgPool2d(o["kernel_size"], o["stride"], o["padding"])
        case "global_avg_pool2d":
            return lambda x: nn.AdaptiveAvgPool2d(1)(x).flatten(1)
        case "flatten":
            return nn.Flatten()
        case "reshape":
            return lambda x: x.reshape(len(x), *layer.out_shape(case.in_shape))
        case "batch_norm":
            kind = nn.BatchNorm1d if len(case.in_shape) == 1 else nn.BatchNorm2d
            return kind(case.in_shape[0], eps=o["eps"], momentum=o["momentum"])
        case "layer_norm":
            return nn.LayerNorm(case.in_shape, eps=o["eps"])
        case "leaky_relu":
            return lambda x: F.leaky_relu(x, o["negative_slope"])
        case "elu":
            return lambda x: F.elu(x, o["alpha"])
        case _:
            return ELEMENTWISE[case.kind]


def record(case: Case, name: str) -> dict[str, Any]:
    """y, dx, gradients of the parameters; for batch norm also the running statistics and the evaluation."""
    dtype, np_dtype = DTYPES[name]
    layer = case.layer(np_dtype)
    theirs = module(case, layer)
    parameters: dict[str, Tensor] = {}
    if isinstance(theirs, nn.Module):
        theirs.to(dtype)
        state = {n: torch.from_numpy(a.copy()) for n, a in (layer.params | layer.buffers).items()}
        theirs.load_state_dict(state, strict=False)
        parameters = dict(theirs.named_parameters())
        assert parameters.keys() == layer.params.keys()
    dy = torch.from_numpy(case.dy(np_dtype).copy())

    def run() -> dict[str, Any]:
        x = torch.from_numpy(case.x(np_dtype).copy()).requires_grad_()
        for parameter in parameters.values():
            parameter.grad = None
        y = theirs(x)
        y.backward(dy)
        assert x.grad is not None
        return {"y": y, "dx": x.grad, **{f"d_{n}": p.grad for n, p in parameters.items()}}

    found = run()
    if isinstance(theirs, nn.BatchNorm1d | nn.BatchNorm2d):
        found |= {n: b.clone() for n, b in theirs.named_buffers() if n != "num_batches_tracked"}
        theirs.eval()
        found |= {f"evaluation {n}": t for n, t in run().items()}
    return {f"{case.name}/{name}/{n}": t.detach().numpy() for n, t in found.items()}


def main() -> None:
    """Write the files: for every case and dtype what PyTorch gives; the inputs of the cases go with them."""
    torch.set_num_threads(1)
    for path in PATHS:
        # Dropout's random numbers are its own; the tests derive what has to come out.
        arrays = record_all([c for c in CASES if path_of(c.kind) == path and c.kind != "dropout"])
        save(path, arrays)
        print(f"{path.name}: {len(arrays)} arrays, {path.stat().st_size} bytes, PyTorch {torch.__version__}")


def record_all(cases: list[Case]) -> dict[str, Any]:
    """Inputs, parameters and results of several cases."""
    arrays: dict[str, Any] = {}
    for case in cases:
        layer = case.layer()
        arrays |= {f"{case.name}/x": case.x(), f"{case.name}/dy": case.dy()}
        arrays |= {f"{case.name}/{name}": array for name, array in (layer.params | layer.buffers).items()}
        for name in DTYPES:
            arrays |= record(case, name)
    return arrays


if __name__ == "__main__":
    main()
