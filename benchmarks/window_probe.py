"""What is measured inside a process that shows the window: one function a row of the table."""

import gc
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QEventLoop, QObject, QPoint, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QTabBar, QWidget
from threadpoolctl import threadpool_limits

from app.document.document import Document
from app.document.presets import load_preset, preset_names
from app.engine.client import ProcessEngine
from app.engine.protocol import Frame
from app.network_view.card import Card
from app.panels.curves import Curves
from app.settings import default_threads
from app.train_command import load_data, train_with_progress
from app.window.main_window import MainWindow
from app.window.start import make_application, open_window
from benchmarks.tape_probe import tape
from benchmarks.window import own_process
from core.experiment import Experiment
from core.metrics import Evaluation
from core.types import ChainruleError

BEAT = 16
"""Milliseconds between two beats of the timer whose gaps are measured: a screen's frame."""

SIZE = (1600, 1000)
NO_MODIFIER = Qt.KeyboardModifier.NoModifier


def probe(preset: str, *, quick: bool) -> dict[str, Any]:
    """All rows of one preset; or why it was skipped."""
    if preset not in preset_names():
        return {"skipped": "there is no such preset"}
    experiment = load_preset(preset)
    try:
        data = load_data(experiment.source())
    except ChainruleError as error:
        return {"skipped": str(error).rstrip(".")}
    application, threads = make_application("light"), default_threads()
    threadpool_limits(threads)
    engine = ProcessEngine(threads)
    window = MainWindow(Document(experiment, data), engine)
    window.resize(*SIZE)
    window.show()
    window.run_control.load()
    desk = _Desk(application, window)
    try:
        return {"threads": threads, **_rows(desk, preset, quick)}
    finally:
        window.close()


def _rows(desk: "_Desk", preset: str, quick: bool) -> dict[str, Any]:
    seconds = 5.0 if quick else 30.0
    desk.train(2.0)  # to warm up
    rows = _latencies(desk, 7 if quick else 25)
    rows |= _throughput(desk, preset, 3 if quick else 7, seconds / 2)
    busy = time.process_time()
    gaps = desk.gaps(seconds)
    rows |= {
        "window_busy": (time.process_time() - busy) / (seconds + 1),
        "frames": len(gaps) / seconds,
        "gap_p95": float(np.percentile(gaps, 95)),
        "gap_p99": float(np.percentile(gaps, 99)),
        "gap_max": float(gaps.max()),
    }
    with _disturbance(desk.window):
        rows["busy_gap_p95"] = float(np.percentile(desk.gaps(seconds), 95))
    rows |= tape(desk.application, desk.window)
    rows |= _memory_growth(desk, *((15.0, 60.0) if quick else (60.0, 600.0)))
    return rows | {"curves": _curves(desk)}


class _Desk:
    """The window, and what a person does with it."""

    def __init__(self, application: QApplication, window: MainWindow) -> None:
        self.application = application
        self.window = window
        self.document = window.document
        self.steps = 0
        window._engine.frame.connect(self._count)

    def press(self) -> None:
        """Run, or Pause."""
        self.window.command["run"].trigger()

    def wait(self, condition: Callable[[], Any], seconds: float = 60.0) -> None:
        """Let Qt run until the condition holds."""
        deadline = time.perf_counter() + seconds
        while not condition():
            if time.perf_counter() > deadline:
                raise SystemExit("The window did not do in a minute what was waited for.")
            self.application.processEvents()
            if not self.document.running:
                time.sleep(0.0005)

    def run_for(self, seconds: float) -> None:
        """Let Qt run as it does in the program."""
        loop = QEventLoop()
        QTimer.singleShot(round(seconds * 1000), loop.quit)
        loop.exec()

    def train(self, seconds: float) -> tuple[float, float]:
        """Train for so long; returns steps per second, and per second of the worker's processor time."""
        self.press()
        first = self.steps
        self.wait(lambda: self.steps > first)
        self.run_for(1.0)  # the first evaluation comes soon, the next ones keep their distance
        first, started, busy = self.steps, time.perf_counter(), _worker_seconds()
        self.run_for(seconds)
        now = self.steps
        self.wait(lambda: self.steps > now)
        done = self.steps - first
        rates = done / (time.perf_counter() - started), done / (_worker_seconds() - busy)
        self.pause()
        return rates

    def pause(self) -> None:
        """Press Pause and wait for it."""
        self.press()
        self.wait(lambda: not self.document.running)

    def gaps(self, seconds: float) -> Any:
        """Milliseconds between the beats of a timer while the network trains."""
        beats: list[float] = []
        timer = QTimer(interval=BEAT, timerType=Qt.TimerType.PreciseTimer)
        timer.timeout.connect(lambda: beats.append(time.perf_counter()))
        self.press()
        self.run_for(1.0)
        timer.start()
        self.run_for(seconds)
        timer.stop()
        self.pause()
        return np.diff(beats) * 1000

    def _count(self, frame: Frame) -> None:
        self.steps = frame.first_step + len(frame.losses) - 1


class _Painted(QObject):
    """Notes when a card of the network was painted."""

    def __init__(self) -> None:
        super().__init__()
        self.at = 0.0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and isinstance(watched, Card):
            self.at = time.perf_counter()
        return False


def _latencies(desk: _Desk, repeats: int) -> dict[str, float]:
    """From pressing a button to the picture that answers."""
    painted, runs, pauses = _Painted(), [], []
    moved = [0.0]  # when the document last moved on

    def note() -> None:
        moved.append(time.perf_counter())

    for card in desk.window.network_view.cards:
        card.installEventFilter(painted)
    desk.document.position_changed.connect(note)
    for _ in range(repeats):
        moved.clear()
        started = time.perf_counter()
        desk.press()
        desk.wait(lambda: moved and painted.at > moved[0])
        runs.append((painted.at - started) * 1000)
        desk.run_for(0.4)
        started = time.perf_counter()
        desk.press()
        desk.wait(lambda: not desk.document.running and painted.at > moved[-1])
        pauses.append((painted.at - started) * 1000)
        desk.run_for(0.1)
    desk.document.position_changed.disconnect(note)
    for card in desk.window.network_view.cards:
        card.removeEventFilter(painted)
    return {
        "first_frame": statistics.median(runs),
        "first_frame_max": max(runs),
        "pause": statistics.median(pauses),
        "pause_max": max(pauses),
    }


def _throughput(desk: _Desk, preset: str, turns: int, seconds: float) -> dict[str, float]:
    """Steps a second in the window and in `chainrule train`, taking turns."""
    inside, outside = [], []
    with own_process("--train", preset, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as plain:
        assert plain.stdin and plain.stdout
        for _ in range(turns):
            inside.append(desk.train(seconds))
            print(seconds, file=plain.stdin, flush=True)
            outside.append(tuple(float(rate) for rate in plain.stdout.readline().split()))
        plain.stdin.close()
    by_clock, by_processor = (
        statistics.median(one[kind] / other[kind] for one, other in zip(inside, outside, strict=True))
        for kind in (0, 1)
    )
    return {
        "throughput": by_clock,
        "throughput_cpu": by_processor,
        "steps_window": statistics.median(rate for rate, _ in inside),
        "steps_plain": statistics.median(rate for rate, _ in outside),
    }


def serve_training(preset: str) -> None:
    """Train as `chainrule train` does, for as many seconds as each line of standard input says; print steps/s,
    by the clock and by processor time."""
    experiment = load_preset(preset)
    threadpool_limits(default_threads())
    trainer = experiment.trainer(load_data(experiment.source()))
    started = time.perf_counter()
    train_with_progress(trainer, 1)
    epoch = time.perf_counter() - started
    for line in sys.stdin:
        epochs = max(1, round(float(line) / epoch))
        started, busy = time.perf_counter(), time.process_time()
        train_with_progress(trainer, epochs)
        spent, busy = time.perf_counter() - started, time.process_time() - busy
        epoch, steps = spent / epochs, epochs * trainer.batches_per_epoch
        print(steps / spent, steps / busy, flush=True)


@contextmanager
def _disturbance(window: MainWindow) -> Iterator[None]:
    """Somebody who in turn resizes the window, moves the pointer over everything and switches tabs, a second each."""
    hovered = [window.network_view.row, *(dock.view for dock in window.arrangement.docks.values())]
    count = 0

    def disturb() -> None:
        nonlocal count
        count += 1
        second = count * BEAT // 1000
        if second % 3 == 0 and count % 2 == 0:
            window.resize(SIZE[0] - count % 60 * 4, SIZE[1] - count % 40 * 4)
        elif second % 3 == 1:
            _hover(hovered[second // 3 % len(hovered)], count)
        elif second % 3 == 2 and count % 20 == 0:
            for bar in window.findChildren(QTabBar):
                if bar.isVisible() and bar.count() > 1:
                    bar.setCurrentIndex((bar.currentIndex() + 1) % bar.count())

    timer = QTimer(interval=BEAT)
    timer.timeout.connect(disturb)
    timer.start()
    yield
    timer.stop()
    window.resize(*SIZE)


def _hover(widget: QWidget, count: int) -> None:
    """Send the pointer over a widget that can be seen, as the window system does."""
    if not widget.isVisible():
        return
    point = QPoint(count * 7 % widget.width(), count * 5 % widget.height())
    under = widget.childAt(point) or widget
    where, none = under.mapFrom(widget, point), Qt.MouseButton.NoButton
    move = QMouseEvent(
        QEvent.Type.MouseMove, where.toPointF(), under.mapToGlobal(where).toPointF(), none, none, NO_MODIFIER
    )
    QApplication.sendEvent(under, move)


def _worker_seconds() -> float:
    """Processor time the child process that trains has taken so far."""
    (process,) = multiprocessing.active_children()
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_growth(desk: _Desk, start: float, end: float) -> dict[str, float]:
    """Megabytes that the window's process takes at the end of a long run beyond those near its beginning."""
    desk.document.reset()
    desk.press()
    desk.run_for(start)
    gc.collect()
    before, steps = _resident(), desk.steps
    desk.run_for(end - start)
    gc.collect()
    after, steps = _resident(), desk.steps - steps
    desk.pause()
    return {"memory": after - before, "memory_from": start, "memory_to": end, "memory_steps": steps}


def _resident() -> float:
    """Megabytes of this process that are in memory; without those that it shares with the worker."""
    numbers = Path("/proc/self/statm").read_text().split()
    return (int(numbers[1]) - int(numbers[2])) * os.sysconf("SC_PAGE_SIZE") / 2**20


def _curves(desk: _Desk, steps: int = 1_000_000) -> float:
    """Milliseconds for a frame of the curves at the end of a long run, of which some hundred steps are new."""
    desk.document.reset()
    rng, panel, times = np.random.default_rng(0), desk.window.arrangement.panel(Curves), []
    losses = 1 / np.sqrt(np.arange(1, steps + 1)) * rng.uniform(0.5, 1.5, steps)
    desk.document.history.add_losses(1, losses)
    # As often as the engine evaluates at most while so many steps of a middling network are done.
    for step in range(500, steps + 1, 500):
        found = Evaluation(float(losses[step - 1]), 1 - float(losses[step - 1]) / 3, 100)
        desk.document.course.add(step + 1, [], {"train": {step: found}, "test": {step: found}})
    panel.refresh()
    for _ in range(20):
        desk.document.history.add_losses(len(desk.document.history.losses) + 1, losses[-600:])
        started = time.perf_counter()
        panel.refresh()
        for view in panel.plot.findChildren(QAbstractScrollArea):
            view.viewport().repaint()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def start(began: float) -> None:
    """Open the program's window and print the milliseconds since `began` when it is painted and answers."""
    application = make_application("light")

    class Watch(_Painted):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            super().eventFilter(watched, event)
            if self.at:
                application.removeEventFilter(self)
                QTimer.singleShot(0, finish)
            return False

    def finish() -> None:
        print((time.time() - began) * 1000)
        application.closeAllWindows()

    watch = Watch()
    application.installEventFilter(watch)
    experiment: Experiment = load_preset("xor")
    open_window(experiment, SIZE, "light", default_threads(), single_process=False)
