"""The data sets by kind, in the order a person is offered them."""

from core.datasets.base import Dataset, DataSource
from core.datasets.digits import Digits
from core.datasets.mnist import Mnist
from core.datasets.planes import Blobs, Checkerboard, Circles, Gaussians, Moons, Spirals, Xor
from core.datasets.regression import Plane, Sine, TwoBumps
from core.options import from_spec
from core.types import Spec

__all__ = ["DATASETS", "DataSource", "Dataset", "dataset_from_spec"]

DATASETS: dict[str, type[DataSource]] = {
    source.kind: source
    for source in (
        Circles,
        Xor,
        Moons,
        Spirals,
        Gaussians,
        Blobs,
        Checkerboard,
        Plane,
        Sine,
        TwoBumps,
        Digits,
        Mnist,
    )
}


def dataset_from_spec(spec: Spec) -> DataSource:
    """The data source that `spec()` described; raises `OptionError` for anything else."""
    return from_spec(DATASETS, spec, "data set")
