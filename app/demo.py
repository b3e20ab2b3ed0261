"""What the program does where there is no display: the same experiment, off-screen, with its results as files."""

import os
from pathlib import Path

import numpy as np

from app.document.document import Document
from app.train_command import load_data, result_text, train_with_progress
from core.experiment import Experiment
from core.export.files import check_writable
from core.export.npz import write_npz


def run_demo(experiment: Experiment, folder: Path) -> None:
    """Train, step one batch through all layers, and write a picture of the window and the weights into `folder`."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    # Qt may be loaded only now that it knows that there is no display.
    from app.window.screenshot import open_unseen, save_picture

    picture, weights = folder / "chainrule-demo.png", folder / "chainrule-demo.npz"
    for path in (picture, weights):
        check_writable(path)
    trainer = experiment.trainer(load_data(experiment.source()))
    losses = train_with_progress(trainer, experiment.epochs)
    write_npz(weights, trainer.network.state_dict())
    print(result_text(trainer.evaluate()))
    document = Document(experiment, trainer.data)
    document.begin_run()
    document.show_progress(1, np.array(losses), {})
    document.end_run(trainer.state())
    with open_unseen(document, (1600, 1000), "light") as window:
        _step_through_batch(document)
        save_picture(window, picture)
    print(f"A picture of the window is in {picture}, the trained weights in {weights}.")


def _step_through_batch(document: Document) -> None:
    """Every record of the batch, with its sentence."""
    assert document.tape
    document.batch_start()
    for record in document.tape.records:
        document.next_layer()
        print(f"  {record.account}")
