"""Training: which rows come next, one step on them, and everything needed to continue later exactly as now.

`train_step` and `record_step` are the same step; the second is watched while it happens.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from core.checks import check_choices, check_data, checked_progress
from core.clipping import Clipping, NoClipping
from core.datasets.base import Dataset
from core.evaluation import evaluation, prediction
from core.health import NonFiniteError, first_not_finite, lost_error
from core.metrics import Evaluation
from core.network import SEED, Network
from core.norms import NormWatch
from core.optimizers import Optimizer, optimizer_from_spec
from core.options import Option
from core.penalties import NoPenalty, Penalty, penalised
from core.recording import Recorder
from core.safeguard import Before, Safeguard
from core.schedules import ConstantRate, Schedule
from core.tape import Tape
from core.targets import encoded
from core.types import Array, Arrays, OptionError, StateError, check_is
from core.words import said

_ORDER_STREAM, _LAYER_STREAM = 1, 2  # streams of a seed, apart from those of the start weights, which are [seed, layer]
_BATCH_SIZE = Option("batch_size", int, 1, minimum=1)
_FLAT = "flat"  # the name under which the optimizer sees all parameters at once
_HARMLESS_STEP = 1e6
"""Up to this learning rate × gradient a step cannot carry a finite parameter out of the range of float32."""


class Trainer:
    """A built network, an optimizer and data; advances one batch at a time.

    The objective is the loss on the data plus the penalty; losses that are returned or shown are those on the data
    alone, so that those of training and test can be compared.

    Rows are shuffled anew for every epoch, from the seed and the number of the epoch; the last batch of an epoch may be
    shorter, and a batch size beyond the number of rows means all of them. Errors: ShapeError when the network's output
    does not fit the targets; DataError when a target makes no sense; OptionError when a part is none, or a batch takes
    too much memory
    """

    def __init__(
        self,
        network: Network,
        optimizer: Optimizer,
        data: Dataset,
        batch_size: int,
        seed: int,
        schedule: Schedule | None = None,
        penalty: Penalty | None = None,
        clipping: Clipping | None = None,
    ) -> None:
        batch_size, seed = _BATCH_SIZE.check(batch_size, "Training"), SEED.check(seed, "Training")
        check_is(network, Network, "Training: the network", "a Network of layers and a loss")
        if not network.input_shape:
            raise OptionError("Training: the network has no weights yet: build it for the data first.")
        check_data(network.input_shape, data)
        self.network = network
        self.optimizer = optimizer
        self.data = data
        self.batch_size = min(batch_size, len(data.x_train))
        network.check_batch(self.batch_size)
        network.check_last_batch(len(data.x_train), self.batch_size)
        self.seed = seed
        self.schedule = ConstantRate() if schedule is None else schedule
        self.penalty = NoPenalty() if penalty is None else penalty
        self.clipping = NoClipping() if clipping is None else clipping
        check_choices(optimizer, self.schedule, self.penalty, self.clipping)
        self.learning_rate = optimizer.learning_rate
        self.steps = 0
        self.rng = np.random.default_rng([seed, 0, _LAYER_STREAM])
        self._order_epoch, self._order = -1, np.empty(0, np.int64)
        self._t_train = encoded(network, data, data.t_train)
        self._t_test = encoded(network, data, data.t_test)
        self._pull, self._penalised = self._penalty_arrays()
        self._safeguard = Safeguard(network)

    @property
    def batches_per_epoch(self) -> int:
        """How many batches an epoch has, a short last one included."""
        return -(-len(self.data.x_train) // self.batch_size)

    @property
    def epoch(self) -> int:
        """The number of complete epochs behind us."""
        return self.steps // self.batches_per_epoch

    def next_rows(self) -> Array:
        """The rows of the training data that the next step will use."""
        epoch, batch = divmod(self.steps, self.batches_per_epoch)
        if epoch != self._order_epoch:
            self._order = np.random.default_rng([self.seed, epoch, _ORDER_STREAM]).permutation(len(self.data.x_train))
            self._order_epoch = epoch
        return self._order[batch * self.batch_size : (batch + 1) * self.batch_size]

    def train_step(self, watch: NormWatch | None = None) -> float:
        """Train on the next batch; returns its loss.

        Errors: NonFiniteError, and nothing has changed, when the loss or a gradient is NaN or infinite; NormError, and
        nothing has changed, when a norm that is watched leaves its range
        """
        rows = self.next_rows()
        return self._step(self.data.x_train.take(rows, axis=0), self._t_train.take(rows, axis=0), watch=watch)

    def record_step(self) -> Tape:
        """Train on the next batch exactly as `train_step` does, and keep everything that happened.

        Errors: NonFiniteError, as in `train_step`, with the tape of what was computed until then
        """
        rows, network = self.next_rows(), self.network
        x, target = self.data.x_train.take(rows, axis=0), self._t_train.take(rows, axis=0)
        recorder = Recorder(network, self.penalty, self._penalty_parts())
        before, buffers_before = _copies(network.parameters()), _copies(network.buffers())
        memory_before = self.optimizer_memory()

        def tape(loss: float, after: Arrays, refused: str = "") -> Tape:
            step = self.steps + bool(refused)
            return Tape(
                records=tuple(recorder.records),
                step=step,
                epoch=(step - 1) // self.batches_per_epoch + 1,
                rows=rows,
                x=x,
                target=target,
                loss=loss,
                learning_rate=self.schedule.rate(self.learning_rate, step - 1),
                params_before=before,
                params_after=after,
                buffers_before=buffers_before,
                buffers_after=_copies(network.buffers()),
                refused=refused,
            )

        try:
            loss = self._step(x, target, recorder)
        except NonFiniteError as error:
            error.tape = tape(recorder.value, before, str(error))
            raise
        after, memory_after = _copies(network.parameters()), self.optimizer_memory()
        for name in before:
            tensors = {"before": before[name], "after": after[name], **recorder.gradients(name)}
            for slot, arrays in memory_after.items():
                earlier = memory_before[slot].get(name)
                tensors[f"{slot} before"] = np.zeros_like(arrays[name]) if earlier is None else earlier
                tensors[f"{slot} after"] = arrays[name]
            recorder.update(self.optimizer, name, tensors)
        return tape(loss, after)

    def evaluate(self, part: str = "test", confusion: bool = False) -> Evaluation:
        """Loss and accuracy (R² for a regression) on all of "test" or "train", without learning from it.

        With `confusion` also which classes were taken for which; not for a regression.
        Errors: OptionError for another part
        """
        *_, found = self.evaluation(part, confusion)
        assert found
        return found

    def evaluation(self, part: str = "test", confusion: bool = False) -> Iterator[Evaluation | None]:
        """`evaluate` in pieces: None after every piece of the data, in the end what was found.

        Nothing may train before the end; whoever cannot wait leaves it where it is.
        """
        x, target, labels = self._part(part)
        return evaluation(self.network, x, target, labels, len(self.data.class_names), confusion)

    def predict(self, part: str = "test") -> Array:
        """The network's output for every row of "test" or "train", (N, outputs): what top-k accuracy asks for."""
        return prediction(self.network, self._part(part)[0])

    def optimizer_memory(self) -> dict[str, Arrays]:
        """Copies of what the optimizer remembers, by slot and by the parameters' names."""
        return {
            slot: _copies(self.network.by_name(arrays[_FLAT])) if arrays else {}
            for slot, arrays in self.optimizer.memory.items()
        }

    def state(self) -> dict[str, Any]:
        """Everything that training changes: a copy, with weights and optimizer memory by parameter name."""
        return {
            "weights": self.network.state_dict(),
            "optimizer": {**self.optimizer.state(), "memory": self.optimizer_memory()},
            "steps": self.steps,
            "rng": self.rng.bit_generator.state,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from what `state()` gave, bit for bit. Errors: StateError, and nothing has changed."""
        steps, rng = checked_progress(state)
        self.optimizer.check_state(state["optimizer"])
        optimizer = {**state["optimizer"], "memory": self._flat_memory(state["optimizer"]["memory"])}
        self.optimizer.check_state(optimizer)  # again: what float64 holds may be infinite in float32
        self.network.load_state_dict(state["weights"])
        self.optimizer.restore(optimizer)
        self.steps, self.rng = steps, rng

    def suited(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """A state of another trainer of this network; without its optimizer's memory if that is of another kind."""
        if state["optimizer"]["kind"] == self.optimizer.kind:
            return dict(state)
        return {**state, "optimizer": optimizer_from_spec(self.optimizer.spec()).state()}

    def set_optimizer_options(self, options: Mapping[str, Any]) -> None:
        """Options of the optimizer from the next step on; its memory stays, and a schedule starts from its rate."""
        self.optimizer.set_options({"learning_rate": self.learning_rate, **options})
        self.learning_rate = self.optimizer.learning_rate

    def _step(self, x: Array, target: Array, recorder: Recorder | None = None, watch: NormWatch | None = None) -> float:
        network, optimizer, pull = self.network, self.optimizer, self._pull
        guard = self._safeguard
        before = guard.before(self.rng)
        # What overflows is found by looking at the results, and told in words instead of warnings.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            if pull is not None:
                self.penalty.gradient(network.flat_params, out=pull)
                pull *= self._penalised
            try:
                loss, _ = network.loss_and_gradients(x, target, self.rng, recorder or watch)
            except Exception:  # out of memory, say: the step may be tried again
                guard.rewind(before, self.rng)
                raise
            grads = network.flat_grads
            if pull is not None:
                grads += pull
            # Also finite only if every gradient is, and if no optimizer's sum of squares can overflow.
            norm = math.sqrt(grads.dot(grads))
            if not (math.isfinite(loss) and math.isfinite(norm)):
                guard.refuse(x, target, before, self.rng, self.steps + 1, self._penalty_parts())
            if watch is not None and watch.left:
                guard.rewind(before, self.rng)
                raise watch.error(self.steps + 1)
            if guard.remembering and (bad := first_not_finite(network.buffers())):
                guard.rewind(before, self.rng)
                raise lost_error(network, bad, self.steps + 1)
            raw = grads if recorder is None else grads.copy()
            self.clipping.clip(grads, norm)
            if recorder is not None:
                recorder.clipping(raw, grads)
            optimizer.learning_rate = self.schedule.rate(self.learning_rate, self.steps)
            self._update(grads, norm, before)
        self.steps += 1
        return loss

    def _update(self, grads: Array, norm: float, before: Before) -> None:
        """The optimizer's step; the whole step is taken back when it leaves parameters that are not finite.

        Looking at all of them after every step would be felt, so that is done only where a step is so large, or a decay
        so strong, that it could matter.
        """
        optimizer, network = self.optimizer, self.network
        rate, decay = optimizer.learning_rate, getattr(optimizer, "weight_decay", 0.0)
        if rate * max(norm, 1.0) < _HARMLESS_STEP and rate * decay < 1:
            optimizer.update({_FLAT: network.flat_params}, {_FLAT: grads})
            return
        params, memory = network.flat_params.copy(), optimizer.state()
        optimizer.update({_FLAT: network.flat_params}, {_FLAT: grads})
        if bad := first_not_finite(network.parameters()):
            network.flat_params[...] = params
            optimizer.restore(memory)
            self._safeguard.rewind(before, self.rng)
            raise lost_error(network, bad, self.steps + 1)

    def _penalty_arrays(self) -> tuple[Array | None, Array | None]:
        """Room for what the penalty adds to the flat gradient, and 1 where it acts, 0 elsewhere."""
        if isinstance(self.penalty, NoPenalty):
            return None, None
        mask = np.zeros_like(self.network.flat_params)
        for part in penalised(self.network.by_name(mask)).values():
            part.fill(1)
        return np.zeros_like(mask), mask

    def _penalty_parts(self) -> Arrays:
        """What the penalty adds to the gradient of every parameter it acts on; empty without a penalty."""
        return {} if self._pull is None else penalised(self.network.by_name(self._pull))

    def _flat_memory(self, memory: Mapping[str, Mapping[str, Array]]) -> dict[str, Arrays]:
        """Optimizer memory by parameter name as the flat arrays the optimizer works on."""
        params, flat = self.network.parameters(), {}
        for slot, arrays in memory.items():
            shapes = {name: array.shape for name, array in arrays.items()}
            if arrays and shapes != {name: param.shape for name, param in params.items()}:
                raise StateError(f"The saved optimizer memory, {slot}, does not fit the parameters of this network.")
            with np.errstate(over="ignore"):
                parts = [arrays[name].astype(self.network.flat_params.dtype).ravel() for name in params if arrays]
            flat[slot] = {_FLAT: np.concatenate(parts)} if parts else {}
        return flat

    def _part(self, part: str) -> tuple[Array, Array, Array]:
        if part == "train":
            return self.data.x_train, self._t_train, self.data.t_train
        if part == "test":
            return self.data.x_test, self._t_test, self.data.t_test
        raise OptionError(f'The parts of the data are "train" and "test", not {said(part)}.')


def _copies(arrays: Arrays) -> Arrays:
    return {name: array.copy() for name, array in arrays.items()}
