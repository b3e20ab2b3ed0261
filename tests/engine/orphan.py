"""A program that trains in a child process, which hangs if it is told a sign to give, until somebody kills it."""

import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication

from app.document.presets import load_preset
from app.engine.client import ProcessEngine
from app.engine.protocol import Run
from tests.engine.desk import child, note_blocks
from tests.engine.faulty import faulty_xor


def main() -> None:
    application = QCoreApplication([])
    sign = sys.argv[1]
    experiment = faulty_xor("hang", after=3000, sign=Path(sign)) if sign else load_preset("xor")
    data = experiment.source().load()
    engine = ProcessEngine(1)
    engine.load(data)
    blocks, said = note_blocks(pytest.MonkeyPatch()), False

    def say() -> None:
        nonlocal said
        if not said:
            said = True
            print(child().pid, *blocks, sep="\n", flush=True)

    engine.frame.connect(say)
    engine.start(Run(experiment, experiment.trainer(data).state()))
    application.exec()


if __name__ == "__main__":
    main()
