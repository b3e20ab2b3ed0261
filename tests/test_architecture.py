"""The walls of the house, checked on every run: who may import whom, where Qt may load, and whether Qt is safe."""

import subprocess
import sys
from pathlib import Path

import grimp
import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).resolve().parent.parent
QT_FREE = ["core", "app", "app.__main__", "app.cli", "app.document", "app.engine.protocol", "app.engine.worker"]


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("core", "app", include_external_packages=True, cache_dir=None)


def test_contracts(capsys: pytest.CaptureFixture[str]) -> None:
    assert lint_imports(str(ROOT / "pyproject.toml"), no_cache=True) == 0, capsys.readouterr().out


def test_core_imports_only_numpy_and_the_standard_library(graph: grimp.ImportGraph) -> None:
    allowed = {"core", "numpy", *sys.stdlib_module_names}
    core = {"core"} | graph.find_descendants("core")
    imported = {(module, name) for module in core for name in graph.find_modules_directly_imported_by(module)}
    assert {(module, name) for module, name in imported if name.split(".")[0] not in allowed} == set()


@pytest.mark.parametrize("module", QT_FREE)
def test_qt_is_not_loaded_by_importing(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"PySide6", "shiboken6", "pyqtgraph"} & set(result.stdout.split())


def test_void_qt_calls_do_not_use_up_none(qapp: object) -> None:
    # PySide6 6.12.0 on Python 3.10 and 3.11 loses one reference per call, and the interpreter dies when none is left.
    from PySide6.QtCore import QObject

    thing = QObject()
    before = sys.getrefcount(None)
    for _ in range(1000):
        thing.setObjectName("name")
    assert abs(sys.getrefcount(None) - before) < 100
