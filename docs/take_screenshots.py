"""Takes the pictures of the readme and of docs/views.md anew: `python docs/take_screenshots.py` (needs MNIST).

Off-screen, with the real window; so they show what the program shows, and never grow old unnoticed.
"""

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from app.document.document import Document
from app.document.presets import load_preset
from app.engine.in_process import InProcessEngine
from app.panels.inspector import Inspector
from app.theme import ThemeName
from app.train_command import load_data
from app.window.main_window import MainWindow
from app.window.screenshot import save_picture
from app.window.start import make_application
from core.explain import Place
from core.tape import Phase

FOLDER = Path(__file__).parent / "screenshots"
LARGE, SMALL = (1600, 1000), (1280, 800)

WINDOWS: tuple[tuple[str, str, ThemeName, tuple[int, int], int], ...] = (
    ("mnist-light-1600", "mnist-conv", "light", LARGE, 18),
    ("mnist-dark-1600", "mnist-conv", "dark", LARGE, 18),
    ("mnist-light-1280", "mnist-dense", "light", SMALL, 10),
    ("mnist-dark-1280", "mnist-dense", "dark", SMALL, 10),
    ("xor-light-1600", "xor", "light", LARGE, 6),
    ("xor-dark-1600", "xor", "dark", LARGE, 6),
    ("xor-light-1280", "xor", "light", SMALL, 6),
    ("xor-dark-1280", "xor", "dark", SMALL, 6),
)

SOFTMAX = "mnist-dense with a softmax layer"

VIEWS: tuple[tuple[str, str, Phase, int, str, tuple[int, ...]], ...] = (
    ("conv-forward", "mnist-conv", "forward", 3, "y", (3, 2, 3, 3)),
    ("conv-weight-gradient", "mnist-conv", "backward", 3, "d_weight", (3, 2, 1, 1)),
    ("conv-input-gradient", "mnist-conv", "backward", 3, "dx", (3, 2, 5, 5)),
    ("max-pool", "mnist-conv", "forward", 2, "y", (3, 2, 5, 5)),
    ("max-pool-gradient", "mnist-conv", "backward", 2, "dx", (3, 2, 10, 11)),
    ("activation", "xor", "backward", 1, "dx", (3, 2)),
    ("dense", "mnist-dense", "backward", 1, "d_weight", (3, 407)),
    ("probability", "mnist-dense", "loss", 6, "p", (3, 2)),
    ("cross-entropy", "mnist-dense", "loss", 6, "dy", (3, 2)),
    ("softmax", SOFTMAX, "forward", 6, "y", (3, 2)),
    ("softmax-gradient", SOFTMAX, "backward", 6, "dx", (3, 2)),
    ("losses", "mnist-dense", "loss", 6, "value", ()),
    ("batch-norm", "mnist-conv-batchnorm", "forward", 1, "y", (3, 2, 5, 5)),
    ("running-statistic", "mnist-conv-batchnorm", "forward", 1, "running_var after", (2,)),
    ("batch-norm-gradient", "mnist-conv-batchnorm", "backward", 1, "dx", (3, 2, 10, 11)),
    ("dropout", "mnist-conv-batchnorm", "forward", -1, "y", (3, 7)),
    ("update", "mnist-conv", "update", 3, "after", (3, 2, 1, 1)),
    ("memory", "mnist-conv", "update", 3, "m after", (3, 2, 1, 1)),
)

INSIDE: tuple[tuple[str, str, Phase, int, str, tuple[int, ...], int, str], ...] = (
    ("inside-batch-norm", "mnist-conv-batchnorm", "forward", 1, "y", (3, 2, 5, 5), 3, "Explain"),
    ("inside-conv", "mnist-conv", "forward", 3, "y", (3, 2, 3, 3), 7, "Explain"),
    ("inside-histogram", "mnist-conv-batchnorm", "backward", 1, "dx", (3, 2, 5, 5), 4, "Activations"),
    ("inside-update", "xor", "update", 0, "after", (2, 1), 4, "Weights"),
)
"""Views of a sub-step: as the views, then which sub-step and which tab of the Inspector."""


TRAINING: tuple[tuple[str, int, float], ...] = (("xor", 400, 1), ("mnist-dense", 300, 10), ("mnist-conv", 300, 1))
"""Presets that are shown while they train: the preset, the step to reach, and the epochs that are waited for then."""


def main() -> None:
    """All pictures."""
    FOLDER.mkdir(exist_ok=True)
    for name, preset, theme, size, steps in WINDOWS:
        window = open_window(preset, theme, size)
        for _ in range(steps):
            window.document.next_layer()
        save_picture(window, FOLDER / f"{name}.png")
        put_away(window)
    for theme in ("light", "dark"):
        take_cursor(theme)
        for view in VIEWS:
            take_view(*view, theme)
        for inside in INSIDE:
            take_inside(*inside, theme)
        for training in TRAINING:
            take_training(*training, theme)
        take_refused(theme)


def take_training(preset: str, step: int, epochs: float, theme: ThemeName) -> None:
    """The window while a training runs; after ten epochs also its curves, and a moment that was travelled back to."""
    window = open_window(preset, theme, LARGE)
    document, run_control = window.document, window.run_control
    run_control.load()
    run_control.run()
    wait_until(lambda: document.steps_done >= step)
    save_picture(window, FOLDER / f"training-{preset}-{theme}.png")
    if epochs >= 10:
        assert document.trainer
        wait_until(lambda: document.steps_done >= epochs * document.trainer.batches_per_epoch)
        run_control.pause()
        wait_until(lambda: not document.running)
        save_picture(window, FOLDER / f"training-ten-epochs-{theme}.png")
        document.travel(document.steps_done // 4)
        save_picture(window, FOLDER / f"training-travelled-{theme}.png")
        document.edit("learning rate", optimizer={**document.experiment.optimizer, "learning_rate": 0.01})
        run_control.run()
        wait_until(lambda: document.steps_done >= epochs / 2 * document.trainer.batches_per_epoch)
        run_control.pause()
        wait_until(lambda: not document.running)
        save_picture(window, FOLDER / f"training-resumed-{theme}.png")
    put_away(window)


def take_refused(theme: ThemeName) -> None:
    """A run that stopped in front of a step whose loss is infinite."""
    window = open_window("sine", theme, SMALL)
    document, run_control = window.document, window.run_control
    document.edit("far too fast", optimizer={"kind": "sgd", "learning_rate": 30.0})
    run_control.load()
    run_control.run()
    wait_until(lambda: not document.running)
    save_picture(window, FOLDER / f"training-refused-{theme}.png")
    put_away(window)


def wait_until(reached: Callable[[], bool]) -> None:
    """Let the window work until something is so."""
    while not reached():
        QApplication.processEvents()


def take_cursor(theme: ThemeName) -> None:
    """The Explain tab while nothing is asked."""
    window = open_window("mnist-dense", theme, LARGE)
    document, inspector = window.document, window.arrangement.panel(Inspector)
    document.next_layer()
    assert document.tape
    document.go_to(document.tape.position("backward", 3) + 1)
    inspector.tabs.setCurrentWidget(inspector.explain)
    QApplication.processEvents()
    inspector.grab().save(str(FOLDER / f"view-at-cursor-{theme}.png"))
    put_away(window)


def take_view(
    name: str, preset: str, phase: Phase, layer: int, tensor: str, index: tuple[int, ...], theme: ThemeName
) -> None:
    """The Explain tab for one number, by itself; the readme's example with the whole window around it."""
    window = open_window(preset, theme, LARGE)
    document = window.document
    # Before the first step an optimizer has nothing to remember.
    for _ in range(3 if phase == "update" else 0):
        document.next_batch()
    document.next_layer()
    assert document.tape
    if layer < 0:
        layer = next(i for i, spec in enumerate(document.experiment.layers) if spec["kind"] == "dropout")
    position = document.tape.position(phase, layer)
    document.go_to(position + 1)
    document.questions.ask(Place(position, tensor, index))
    inspector = window.arrangement.panel(Inspector)
    if inspector.explain.check.button.isVisible():
        inspector.explain.check.check()
    QApplication.processEvents()
    inspector.grab().save(str(FOLDER / f"view-{name}-{theme}.png"))
    if name == "conv-weight-gradient" and theme == "light":
        save_picture(window, FOLDER / "explain-light-1600.png")
    put_away(window)


def take_inside(
    name: str,
    preset: str,
    phase: Phase,
    layer: int,
    tensor: str,
    index: tuple[int, ...],
    substep: int,
    tab: str,
    theme: ThemeName,
) -> None:
    """A tab of the Inspector inside of a record."""
    window = open_window(preset, theme, LARGE)
    document = window.document
    assert document.tape
    position = document.tape.position(phase, layer)
    document.go_to(position + 1)
    document.questions.ask(Place(position, tensor, index))
    document.walk.step_into()
    document.walk.go_to_substep(substep)
    inspector = window.arrangement.panel(Inspector)
    inspector.tabs.setCurrentIndex([page.title for page in inspector.pages].index(tab))
    QApplication.processEvents()
    inspector.grab().save(str(FOLDER / f"view-{name}-{theme}.png"))
    put_away(window)


def open_window(preset: str, theme: ThemeName, size: tuple[int, int]) -> MainWindow:
    """A window on a preset, at the start of its first batch."""
    make_application(theme)
    experiment = load_preset("mnist-dense" if preset == SOFTMAX else preset)
    if preset == SOFTMAX:
        layers, loss = (*experiment.layers, {"kind": "softmax"}), {"kind": "negative_log_likelihood"}
        experiment = dataclasses.replace(experiment, layers=layers, loss=loss)
    window = MainWindow(Document(experiment, load_data(experiment.source())), InProcessEngine())
    window.resize(*size)
    window.show()
    return window


def put_away(window: MainWindow) -> None:
    """Close and delete a window: one that is left to the garbage collector still hears of the next theme."""
    window.close()
    window.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


if __name__ == "__main__":
    main()
