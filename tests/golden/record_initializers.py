"""Records fans, moments and bounds of what PyTorch's initialisers draw.

Run from the project's folder with a Python that has PyTorch: `python -m tests.golden.record_initializers`.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

PATH = Path(__file__).parent / "initializers.npz"

SHAPES = {"dense": (300, 200), "conv": (64, 40, 3, 5)}  # (out, in), (out, in, kh, kw)


def draw(kind: str, weight: Tensor) -> None:
    """Fill `weight` by the scheme."""
    match kind:
        case "he_normal":
            nn.init.kaiming_normal_(weight, nonlinearity="relu")
        case "he_uniform":
            nn.init.kaiming_uniform_(weight, nonlinearity="relu")
        case "xavier_normal":
            nn.init.xavier_normal_(weight)
        case "xavier_uniform":
            nn.init.xavier_uniform_(weight)
        case "lecun_normal":
            nn.init.kaiming_normal_(weight, nonlinearity="linear")


def layer(shape: tuple[int, ...]) -> nn.Linear | nn.Conv2d:
    """PyTorch's layer with a weight of that shape, initialised by its default."""
    if len(shape) == 2:
        return nn.Linear(shape[1], shape[0])
    return nn.Conv2d(shape[1], shape[0], (shape[2], shape[3]))


def moments(values: Tensor) -> Any:
    """Mean, standard deviation, smallest and largest value."""
    return torch.stack([values.mean(), values.std(), values.min(), values.max()]).detach().numpy()


def main() -> None:
    """Write initializers.npz: scheme/shape → moments; shape/fans."""
    torch.manual_seed(0)
    arrays: dict[str, Any] = {}
    for name, shape in SHAPES.items():
        arrays[f"{name}/shape"] = np.array(shape)
        weight = torch.empty(shape, dtype=torch.float64)
        arrays[f"{name}/fans"] = np.array(nn.init._calculate_fan_in_and_fan_out(weight))
        for kind in ("he_normal", "he_uniform", "xavier_normal", "xavier_uniform", "lecun_normal"):
            draw(kind, weight)
            arrays[f"{kind}/{name}"] = moments(weight)
        theirs = [layer(shape) for _ in range(20)]
        arrays[f"torch/{name}"] = moments(torch.cat([t.weight.double().ravel() for t in theirs]))
        arrays[f"torch/{name}/bias"] = moments(torch.cat([t.bias.double() for t in theirs]))
    np.savez_compressed(PATH, **arrays)
    print(f"{len(arrays)} arrays, {PATH.stat().st_size} bytes, PyTorch {torch.__version__}")


if __name__ == "__main__":
    main()
