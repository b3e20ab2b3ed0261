"""What a person sets once for all experiments, as a plain value without Qt."""

import dataclasses
import os
from typing import ClassVar

from core.options import Configurable, option


def default_threads() -> int:
    """BLAS threads of the window where nothing else is said: one processor is left to drawing."""
    return max(1, min(4, (os.cpu_count() or 1) - 1))


@dataclasses.dataclass(frozen=True)
class Settings(Configurable):
    """The settings, each with its range. Errors: OptionError for a value out of range."""

    kind: ClassVar[str] = "settings"
    title: ClassVar[str] = "Settings"

    evaluation_time: float = option(
        2.0,
        minimum=1,
        maximum=20,
        label="Time for evaluations, %",
        help="Largest share of the training time, in percent, that evaluations may take.",
    )
    history_memory: int = option(
        256,
        minimum=16,
        maximum=65536,
        label="Memory for history, MB",
        help="Memory, in MB, for the moments that the slider under the curves goes to.",
    )
    blas_threads: int | None = option(
        None,
        minimum=1,
        maximum=64,
        label="BLAS threads",
        help="Threads for matrix products, from the next start on. Empty: chosen by the number of processors.",
    )

    digits: int = option(
        4,
        minimum=2,
        maximum=9,
        label="Digits of numbers",
        help="Significant digits of the numbers in cells, tips and terms.",
    )

    @property
    def evaluation_share(self) -> float:
        """The share of the time that evaluations may take, 0 … 1."""
        return self.evaluation_time / 100

    @property
    def history_bytes(self) -> int:
        """The memory for kept moments in bytes."""
        return self.history_memory * 10**6
