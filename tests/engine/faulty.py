"""Experiments in which something goes wrong while a child process trains, and nowhere else."""

import dataclasses
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_info

from app.document.presets import load_preset
from app.engine.state_block import StateBlock
from core.datasets.base import Dataset
from core.experiment import Experiment
from core.trainer import Trainer
from core.types import Array, Arrays

Forward = Callable[..., tuple[Array, Arrays]]


@dataclasses.dataclass(frozen=True)
class Faulty(Experiment):
    """An experiment with a trouble that befalls its first layer once so many steps are done."""

    trouble: str = ""
    after: int = 0
    in_evaluation: bool = False  # or else in a training step
    sign: str = ""  # a file that appears when it happens

    def trainer(self, data: Dataset) -> Trainer:
        trainer = super().trainer(data)
        if multiprocessing.parent_process() is not None:
            self._spoil(trainer)
        return trainer

    def _spoil(self, trainer: Trainer) -> None:
        layer = trainer.network.layers[0]
        forward: Forward = layer.forward

        def spoiled(x: Array, training: bool, rng: Any) -> tuple[Array, Arrays]:
            if trainer.steps >= self.after and training is not self.in_evaluation:
                if self.sign:
                    Path(self.sign).touch()
                TROUBLES[self.trouble]()
            return forward(x, training, rng)

        setattr(layer, "forward", spoiled)  # noqa: B010  to replace a method is what a fault is


def _raise() -> None:
    raise ZeroDivisionError("nothing can be shared among no one")


def _run_out_of_memory() -> None:
    raise MemoryError


def _hang() -> None:
    threading.Event().wait()


def _take_long() -> None:
    threading.Event().wait(0.4)


def _end() -> None:
    raise SystemExit


def blas_threads() -> set[int]:
    """With how many threads matrices are multiplied in this process."""
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def _die_handing_back() -> None:
    write = StateBlock.write
    if write.__name__ != "write":
        return  # done in the step before

    def write_and_die(block: StateBlock, state: Mapping[str, Any], *, handover: bool = False) -> dict[str, Any]:
        if handover:
            write(block, state, handover=True)
            os.kill(os.getpid(), signal.SIGKILL)
        return write(block, state)

    setattr(StateBlock, "write", write_and_die)  # noqa: B010


def _tell_threads() -> None:
    raise RuntimeError(f"matrices are multiplied with {blas_threads()} threads")


def _pipe() -> Any:
    """The child's own end of its pipe."""
    return vars(multiprocessing.current_process())["_args"][0]


def _send_garbage() -> None:
    _pipe().send_bytes(b"\x80\x05garbage")
    _hang()


def _send_half_a_message() -> None:
    # The length of a message of 1000 bytes, and then only a few of them.
    os.write(_pipe().fileno(), b"\x00\x00\x03\xe8some")
    _hang()


def _send_unknown() -> None:
    _pipe().send({"what": "is this"})
    _hang()


TROUBLES: dict[str, Callable[[], None]] = {
    "raise": _raise,
    "memory": _run_out_of_memory,
    "hang": _hang,
    "slow": _take_long,
    "end": _end,
    "die handing back": _die_handing_back,
    "threads": _tell_threads,
    "garbage": _send_garbage,
    "half a message": _send_half_a_message,
    "unknown": _send_unknown,
}


def faulty_xor(trouble: str, *, after: int = 40, in_evaluation: bool = False, sign: Path | None = None) -> Faulty:
    """The XOR preset with that trouble."""
    preset = load_preset("xor")
    choices = {field.name: getattr(preset, field.name) for field in dataclasses.fields(preset)}
    return Faulty(**choices, trouble=trouble, after=after, in_evaluation=in_evaluation, sign=str(sign or ""))
