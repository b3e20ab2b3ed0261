"""Everything a person can choose, by registry, for the tests that hold for all of it."""

from collections.abc import Callable
from typing import Any

from core.clipping import CLIPPINGS, clipping_from_spec
from core.datasets import DATASETS, dataset_from_spec
from core.initializers import INITIALIZERS, initializer_from_spec
from core.layers import LAYERS, layer_from_spec
from core.losses import LOSSES, loss_from_spec
from core.optimizers import OPTIMIZERS, optimizer_from_spec
from core.options import Configurable, Option
from core.penalties import PENALTIES, penalty_from_spec
from core.schedules import SCHEDULES, schedule_from_spec

REGISTRIES: dict[str, tuple[dict[str, Any], Callable[[Any], Configurable]]] = {
    "layer": (LAYERS, layer_from_spec),
    "loss": (LOSSES, loss_from_spec),
    "optimizer": (OPTIMIZERS, optimizer_from_spec),
    "initialiser": (INITIALIZERS, initializer_from_spec),
    "schedule": (SCHEDULES, schedule_from_spec),
    "penalty": (PENALTIES, penalty_from_spec),
    "clipping": (CLIPPINGS, clipping_from_spec),
    "data set": (DATASETS, dataset_from_spec),
}

CHOICES = [(what, kind, thing) for what, (registry, _) in REGISTRIES.items() for kind, thing in registry.items()]
"""(sort of thing, kind, class) of everything."""

OPTIONS: list[tuple[type[Configurable], Option]] = [(c, o) for _, _, c in CHOICES for o in c.options()]


def smallest_spec(kind: str, thing: type[Configurable]) -> dict[str, Any]:
    """A spec with only what has no default, each such option at its smallest value."""
    required = {o.name: o.minimum for o in thing.options() if not isinstance(o.default, bool | int | float | str)}
    return {"kind": kind, **required}
