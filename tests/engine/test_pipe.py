"""What window and worker say to each other: through the pipe, and through the memory they share."""

import multiprocessing
import os
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.document.presets import load_preset
from app.engine.channel import ENDED, Channel
from app.engine.protocol import Begun, Failed, Frame, Grant, Load, Quit, Ready, Run, Stopped, Until
from app.engine.state_block import StateBlock
from app.engine.worker import work
from tests.engine.desk import SECONDS, assert_same, still_there

Pipe = tuple["Connection[Any, Any]", "Connection[Any, Any]"]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    ours, theirs = multiprocessing.Pipe()
    yield ours, theirs
    ours.close()
    theirs.close()


def test_orders_and_reports_pass(pipe: Pipe) -> None:
    ours, theirs = pipe
    channel = Channel(ours)
    assert channel.receive() is None
    channel.send(Grant())
    assert theirs.recv() == Grant()
    theirs.send(Begun())
    assert channel.receive(SECONDS) == Begun()
    theirs.close()
    assert channel.receive(SECONDS) == Failed(ENDED)
    channel.close()


def test_a_report_has_come_when_it_came_however_late_it_is_taken(pipe: Pipe) -> None:
    channel = Channel(pipe[0])
    pipe[1].send(Begun())
    pipe[1].close()
    channel.close()  # which waits until everything has been read
    late = time.monotonic()
    assert channel.receive() == Begun() and channel.arrived < late


def test_a_message_that_cannot_be_unpacked_is_the_last(pipe: Pipe) -> None:
    channel = Channel(pipe[0])
    pipe[1].send_bytes(b"\x80\x05garbage")
    failed = channel.receive(SECONDS)
    assert isinstance(failed, Failed) and "cannot be read (UnpicklingError)" in failed.what
    pipe[1].close()
    channel.close()


@pytest.mark.skipif(os.name == "nt", reason="a pipe on Windows knows where its messages end")
def test_half_a_message_is_no_message_until_the_child_is_gone(pipe: Pipe) -> None:
    channel = Channel(pipe[0])
    os.write(pipe[1].fileno(), b"\x00\x00\x03\xe8some")
    assert channel.receive() is None
    pipe[1].close()
    assert channel.receive(SECONDS) == Failed(ENDED)
    channel.close()


def test_an_order_that_cannot_be_packed_is_reported(pipe: Pipe) -> None:
    channel = Channel(pipe[0])
    channel.send(lambda: None)
    failed = channel.receive(SECONDS)
    assert isinstance(failed, Failed) and "could not be told what to do" in failed.what
    pipe[1].close()
    channel.close()


def test_a_worker_sends_no_frame_that_was_not_granted_and_loses_no_loss() -> None:
    experiment = load_preset("xor")
    data = experiment.source().load()
    twin = experiment.trainer(data)
    block = StateBlock.for_state(twin.state())
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs, 1), daemon=True)
    process.start()
    ours.send(Load(data))
    run = Run(experiment, block.write(twin.state(), handover=True), Until(steps=4000), block=block.name)
    ours.send(run)
    ready, begun, frame, stopped = (ours.recv() for _ in range(4))
    assert isinstance(ready, Ready) and isinstance(begun, Begun)
    assert isinstance(frame, Frame) and isinstance(stopped, Stopped)
    losses = np.concatenate([frame.losses, stopped.frame.losses])
    assert losses.tolist() == [twin.train_step() for _ in range(4000)]
    # Both states are still there to be read: the last one did not overwrite the first.
    assert frame.state and stopped.frame.state
    early = experiment.trainer(data)
    for _ in range(frame.state["steps"]):
        early.train_step()
    assert_same(block.read(frame.state)["weights"], early.network.state_dict())
    assert_same(block.read(stopped.frame.state)["weights"], twin.network.state_dict())
    ours.send(Quit())
    process.join(SECONDS)
    assert process.exitcode == 0
    process.close()
    ours.close()
    block.remove()


# The block


def state(size: int) -> dict[str, Any]:
    rng = np.random.default_rng(size)
    weights = {"0.weight": rng.normal(size=(size, 3)).astype(np.float32), "0.bias": rng.normal(size=size)}
    return {"weights": weights, "optimizer": {"steps": 3, "memory": {"m": dict(weights), "v": {}}}, "steps": 7}


def test_a_state_passes_through_the_block() -> None:
    sent = state(50)
    ours = StateBlock.for_state(sent)
    theirs = StateBlock.attached(ours.name)
    placed = theirs.write(sent)
    assert "array(" not in str(placed)  # nothing of it goes through the pipe
    got = ours.read(placed)
    theirs.write(state(40))
    assert_same(got["weights"], sent["weights"])
    assert_same(got["optimizer"]["memory"]["m"], sent["weights"])
    assert (got["steps"], got["optimizer"]["steps"], got["optimizer"]["memory"]["v"]) == (7, 3, {})
    theirs.close()
    ours.remove()


def test_what_is_handed_over_and_the_frames_have_places_of_their_own() -> None:
    first, second = state(50), {**state(51), "steps": 8}
    block = StateBlock.for_state(second)
    placed_first, placed_second = block.write(first), block.write(second, handover=True)
    assert_same(block.read(placed_first)["weights"], first["weights"])
    assert_same(block.read(placed_second)["weights"], second["weights"])
    block.remove()


def test_what_has_no_room_travels_with_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 2**20})()
    monkeypatch.setattr("app.engine.state_block.shutil.disk_usage", lambda _: usage)
    large = state(40_000)
    block = StateBlock.for_state(large)
    placed = block.write(large)
    assert placed["weights"]["0.weight"] is large["weights"]["0.weight"]
    assert_same(block.read(placed)["weights"], large["weights"])
    small = block.write(state(50), handover=True)
    assert not isinstance(small["weights"]["0.weight"], np.ndarray)
    block.remove()


def test_a_block_that_was_removed_is_gone(blocks: list[Path]) -> None:
    block = StateBlock.for_state(state(50))
    assert len(blocks) == 1 and still_there(blocks)
    block.remove()
    assert not still_there(blocks)
    with pytest.raises(FileNotFoundError):
        StateBlock.attached(block.name)
