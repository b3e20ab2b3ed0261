"""Norms that are watched: the very numbers of the tape, steps that are not made, and nothing else changed."""

import math
import pickle
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from core.clipping import ClipNorm
from core.norms import WHOLE, NormError, NormRange, NormWatch, norm, update_ratio
from core.optimizers import optimizer_from_spec
from core.penalties import L2Penalty
from core.tape import Tape
from core.trainer import Trainer
from core.types import Array, Arrays, OptionError
from core.words import parameter_words
from tests.core.networks import DENSE, XOR, Net
from tests.core.training import ADAM, TRAINED, dataset, everything, same_bits, trainer

each_net = pytest.mark.parametrize("net", TRAINED, ids=lambda net: net.name)


def pulled(net: Net) -> Trainer:
    """A trainer whose penalty and clipping make the gradients the optimizer gets others than those of the loss."""
    network = net.network(np.float32)
    return Trainer(
        network, optimizer_from_spec(ADAM), dataset(net), 8, 2, penalty=L2Penalty(0.5), clipping=ClipNorm(1e-3)
    )


def gradients(tape: Tape) -> Arrays:
    """The gradients that stand in the tape's backward records, by the parameters' names."""
    backward = [record for record in tape.records if record.phase == "backward"]
    return {
        f"{record.index}.{name[2:]}": array
        for record in backward
        for name, array in record.tensors.items()
        if name[2:] in ("weight", "bias")
    }


def length(arrays: Sequence[Array]) -> float:
    """The norm, summed exactly."""
    return math.sqrt(math.fsum(float(number) ** 2 for array in arrays for number in array.ravel()))


def watching(one: Trainer, *ranges: NormRange) -> NormWatch:
    return NormWatch(one.network, ranges)


@each_net
@pytest.mark.parametrize("make", [trainer, pulled])
def test_what_is_watched_is_the_gradient_on_the_tape(net: Net, make: Callable[[Net], Trainer]) -> None:
    one, other = make(net), make(net)
    found = gradients(other.record_step())
    for parameter in (WHOLE, *one.network.parameters()):
        norm = length(list(found.values()) if parameter == WHOLE else [found[parameter]])
        below, above = norm * (1 - 1e-9), norm * (1 + 1e-9) + 1e-300
        assert not stops(one, NormRange(parameter, below, above))
        assert stops(one, NormRange(parameter, above, math.inf))
        assert norm == 0 or stops(one, NormRange(parameter, 0, below))


def stops(one: Trainer, range_: NormRange) -> bool:
    """Whether the next step is not made, and then that nothing changed; a step that was made is taken back."""
    before, state = everything(one), one.state()
    try:
        one.train_step(watching(one, range_))
    except NormError as error:
        assert same_bits(everything(one), before)
        assert str(error).startswith(f"Stopped in step {one.steps + 1}: the norm of ")
        return True
    assert one.steps == state["steps"] + 1
    one.restore(state)
    return False


@each_net
def test_watching_changes_nothing(net: Net) -> None:
    one, other = trainer(net), trainer(net)
    watch = watching(one, NormRange(WHOLE, 0, math.inf), NormRange("0.weight", 0, 1e9))
    assert [one.train_step(watch) for _ in range(7)] == [other.train_step() for _ in range(7)]
    assert same_bits(everything(one), everything(other))


@each_net
def test_a_step_that_was_not_made_can_be_made_bit_for_bit(net: Net) -> None:
    one, other = trainer(net), trainer(net)
    one.train_step()
    for _ in range(3):
        with pytest.raises(NormError, match=r"Stopped in step 2: .* outside 1e\+06 to inf"):
            one.train_step(watching(one, NormRange(WHOLE, 1e6, math.inf)))
    losses = [other.train_step() for _ in range(5)]
    assert [one.record_step().loss, *(one.train_step() for _ in range(3))] == losses[1:]
    assert same_bits(everything(one), everything(other))


def test_the_range_that_is_left_first_on_the_way_back_is_named() -> None:
    one = trainer(DENSE)
    last = f"{max(int(name.split('.')[0]) for name in one.network.parameters())}.weight"
    watch = watching(one, NormRange(WHOLE, 1e6, 1e7), NormRange("0.weight", 1e6, 1e7), NormRange(last, 1e6, 1e7))
    with pytest.raises(NormError, match=f"the gradient of {parameter_words(last)} is"):
        one.train_step(watch)
    watch = watching(one, NormRange(WHOLE, 1e6, 1e7), NormRange("99.weight", 1e6, 1e7))
    with pytest.raises(NormError, match="the whole gradient is"):
        one.train_step(watch)


def test_a_watch_goes_on_after_a_step_that_left_the_range() -> None:
    one, other = trainer(XOR), trainer(XOR)
    norms = [length(list(gradients(other.record_step()).values())) for _ in range(2)]
    middle = sum(norms) / 2
    watch = watching(one, NormRange(WHOLE, 0, middle) if norms[0] > middle else NormRange(WHOLE, middle, math.inf))
    with pytest.raises(NormError):
        one.train_step(watch)
    one.train_step()
    one.train_step(watch)
    assert same_bits(everything(one), everything(other))


def test_values_that_are_not_finite_are_told_as_such() -> None:
    one = trainer(XOR)
    one.network.parameters()["0.weight"][...] = np.nan
    with pytest.raises(ValueError, match="not finite") as caught:
        one.train_step(watching(one, NormRange(WHOLE, 0, 1)))
    assert not isinstance(caught.value, NormError)


@pytest.mark.parametrize(
    ("low", "high", "norm", "words"),
    [
        (0, 1, 3.14159, "is 3.14, outside 0 to 1."),
        (0, 1, 1.0004, "is 1.0004, outside 0 to 1."),
        (0.5, 1, 0.4999999, "is 0.4999999, outside 0.5 to 1."),
        (1, math.inf, 0.00012345, "is 0.000123, outside 1 to inf."),
        (0, 0.1, math.nextafter(0.1, 1), "is 0.10000000000000002, outside 0 to 0.1."),
    ],
)
def test_a_sentence_has_the_digits_that_show_the_norm_is_outside(
    low: float, high: float, norm: float, words: str
) -> None:
    sentence = NormRange("2.bias", low, high).sentence(7, norm)
    assert sentence == f"Stopped in step 7: the norm of the gradient of the bias of layer 3 {words}"


def test_errors_and_ranges_cross_from_one_process_to_another() -> None:
    range_ = NormRange("0.weight", 0, 2)
    assert pickle.loads(pickle.dumps(range_)) == range_
    assert str(pickle.loads(pickle.dumps(NormError("Stopped.")))) == "Stopped."


@pytest.mark.parametrize(("low", "high"), [(2.0, 1.0), (-1.0, 1.0), (math.nan, 1.0), (0.0, math.nan)])
def test_a_range_that_makes_no_sense_is_refused(low: float, high: float) -> None:
    with pytest.raises(OptionError, match="range"):
        NormRange(WHOLE, low, high)


def test_the_update_is_measured_by_the_parameters_own_size() -> None:
    assert norm(np.array([[3.0, 0.0], [0.0, 4.0]], dtype=np.float32)) == 5
    assert update_ratio(np.array([3.0, 4.0]), np.array([3.0, 5.0])) == pytest.approx(0.2)
    zeros = np.zeros(3, dtype=np.float32)
    assert update_ratio(zeros, zeros) == 0
    assert update_ratio(zeros, zeros + 1) == math.inf
    assert math.isnan(update_ratio(np.array([math.inf]), np.array([math.inf])))
