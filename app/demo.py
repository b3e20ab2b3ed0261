"""What the program does where there is no display: the same experiment, off-screen, with its results as files."""

import os
from pathlib import Path

from app.train_command import load_data, result_text, train_with_progress
from core.experiment import Experiment
from core.export.npz import write_npz


def run_demo(experiment: Experiment, folder: Path) -> None:
    """Train, step one batch through all layers, and write a picture of the window and the weights into `folder`."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    # Qt may be loaded only now that it knows that there is no display.
    from app.document.document import Document
    from app.engine.in_process import InProcessEngine
    from app.window.main_window import MainWindow
    from app.window.screenshot import save_picture
    from app.window.start import make_application

    trainer = experiment.trainer(load_data(experiment.source()))
    train_with_progress(trainer, experiment.epochs)
    print(result_text(trainer.evaluate()))
    make_application("light")
    window = MainWindow(Document(experiment, trainer.data), InProcessEngine())
    document = window.document
    window.resize(1600, 1000)
    window.show()
    document.show_state(trainer.state())
    assert document.tape
    document.batch_start()
    for _ in document.tape.records:
        document.next_layer()
        assert document.record
        print(f"  {document.record.account}")
    picture, weights = folder / "chainrule-demo.png", folder / "chainrule-demo.npz"
    save_picture(window, picture)
    write_npz(weights, document.weights())
    window.close()
    print(f"A picture of the window is in {picture}, the trained weights in {weights}.")
