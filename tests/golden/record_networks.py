"""Records what PyTorch computes for whole networks: loss, gradients, running statistics, and five steps of training.

Run from the project's folder with a Python that has PyTorch: `python -m tests.golden.record_networks`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.core.cases import Case
from tests.core.networks import NETS, Net
from tests.golden.record_layers import DTYPES, module
from tests.golden.store import save

PATH = Path(__file__).parent / "networks.npz"
STEPS = 5
RATE = 0.1

LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "cross_entropy": F.cross_entropy,
    "bce_with_logits": F.binary_cross_entropy_with_logits,
    "mse": F.mse_loss,
}


def sequential(net: Net) -> tuple[nn.Sequential, Callable[[Tensor], Tensor]]:
    """The network as PyTorch would have it: its parameters by name, and what it does."""
    network = net.network()
    steps = [
        module(Case("", spec["kind"], {}, shape, net.batch), layer)
        for spec, layer, shape in zip(net.layers, network.layers, (net.in_shape, *network.shapes), strict=False)
    ]

    def forward(x: Tensor) -> Tensor:
        for step in steps:
            x = step(x)
        return x

    return nn.Sequential(*(step if isinstance(step, nn.Module) else nn.Identity() for step in steps)), forward


def record(net: Net, name: str) -> dict[str, Any]:
    """Loss and gradients of one batch, then the losses of a few steps of plain gradient descent on it."""
    dtype, np_dtype = DTYPES[name]
    theirs, forward = sequential(net)
    theirs.to(dtype)
    state = net.network(np.float64).state_dict()
    theirs.load_state_dict({n: torch.from_numpy(a.astype(np_dtype)) for n, a in state.items()}, strict=False)
    x, target = torch.from_numpy(net.x(np_dtype).copy()), torch.from_numpy(net.target(np_dtype).copy())
    losses, found = [], {}
    for step in range(STEPS):
        theirs.zero_grad()
        loss = LOSSES[net.loss["kind"]](forward(x), target)
        loss.backward()
        losses.append(loss.item())
        if step == 0:
            found = {f"d_{n}": p.grad.numpy().copy() for n, p in theirs.named_parameters()}
        with torch.no_grad():
            for parameter in theirs.parameters():
                parameter.sub_(RATE * parameter.grad)
    buffers = {n: b.numpy() for n, b in theirs.named_buffers() if not n.endswith("num_batches_tracked")}
    theirs.eval()
    found |= {"losses": np.array(losses), "prediction": forward(x).detach().numpy(), **buffers}
    return {f"{net.name}/{name}/{n}": array for n, array in found.items()}


def main() -> None:
    """Write networks.npz; the start weights, inputs and targets go with the results."""
    torch.set_num_threads(1)
    arrays: dict[str, Any] = {}
    for net in NETS:
        if any(spec["kind"] == "dropout" for spec in net.layers):
            continue  # its random numbers are its own
        arrays |= {f"{net.name}/x": net.x(), f"{net.name}/target": net.target()}
        arrays |= {f"{net.name}/start {n}": array for n, array in net.network().state_dict().items()}
        for name in DTYPES:
            arrays |= record(net, name)
    save(PATH, arrays)
    print(f"{len(arrays)} arrays, {PATH.stat().st_size} bytes, PyTorch {torch.__version__}")


if __name__ == "__main__":
    main()
