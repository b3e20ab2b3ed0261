"""A program that trains in a child process and says which, until somebody kills it; the child may come to hang."""

import sys

from PySide6.QtCore import QCoreApplication

from app.document.presets import load_preset
from app.engine.client import ProcessEngine
from app.engine.protocol import Run
from tests.engine.desk import child
from tests.engine.faulty import faulty_xor


def main() -> None:
    application = QCoreApplication([])
    experiment = faulty_xor("hang", after=3000) if "hang" in sys.argv else load_preset("xor")
    data = experiment.source().load()
    engine = ProcessEngine(1)
    engine.load(data)
    said: list[int] = []

    def say() -> None:
        if not said:
            said.append(child().pid or 0)
            print(said[0], flush=True)

    engine.frame.connect(say)
    engine.start(Run(experiment, experiment.trainer(data).state()))
    application.exec()


if __name__ == "__main__":
    main()
