"""Settings: their ranges, the place where they are kept, and the dialog that asks for them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.dialogs.settings import NOTES, SettingsDialog
from app.settings import Settings
from app.settings_store import _store, load_settings, save_settings
from core.types import OptionError


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    _store().clear()
    yield
    _store().clear()


def test_shares_and_bytes() -> None:
    settings = Settings(evaluation_time=20.0, history_memory=512)
    assert settings.evaluation_share == pytest.approx(0.2) and settings.history_bytes == 512 * 10**6
    assert Settings().history_bytes == 256 * 10**6


@pytest.mark.parametrize(
    "values", [{"evaluation_time": 0.5}, {"evaluation_time": 20.5}, {"history_memory": 1}, {"blas_threads": 0}]
)
def test_values_out_of_range_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(OptionError, match="Settings: "):
        Settings(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize("settings", [Settings(), Settings(12.5, 64, 3), Settings(1.0, 65536, None)])
def test_settings_come_back_as_they_were_saved(settings: Settings) -> None:
    save_settings(Settings(7.0, 100, 8))
    save_settings(settings)
    assert load_settings() == settings


def test_settings_that_cannot_be_kept_are_told() -> None:
    file = Path(_store().fileName())
    file.unlink(missing_ok=True)
    file.mkdir(parents=True)
    try:
        assert save_settings(Settings(digits=6)) == str(file)
    finally:
        file.rmdir()
    assert save_settings(Settings(digits=6)) == "" and load_settings().digits == 6


@pytest.mark.parametrize("text", ["nonsense", "-4", "", "999999999", "nan"])
def test_what_makes_no_sense_counts_as_not_saved(text: str) -> None:
    save_settings(Settings(evaluation_time=9.0, history_memory=100))
    store = QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "Chainrule", "Chainrule")
    store.setValue("settings/history_memory", text)
    store.sync()
    assert load_settings() == Settings(evaluation_time=9.0)


def test_every_setting_has_a_label_and_a_sentence() -> None:
    assert {option.name for option in Settings.options()} == set(NOTES)
    assert all(option.label for option in Settings.options())
    assert "next start" in NOTES["blas_threads"]


@pytest.fixture
def dialog(qtbot: QtBot) -> SettingsDialog:
    dialog = SettingsDialog(Settings(evaluation_time=5.0))
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def fill_in(dialog: SettingsDialog, name: str, text: str) -> None:
    field = dialog.fields[name].field
    QTest.mouseClick(field, Qt.MouseButton.LeftButton)
    QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(field, Qt.Key.Key_Delete)
    QTest.keyClicks(field, text)


def test_the_dialog_gives_what_was_typed_last_too(dialog: SettingsDialog) -> None:
    chosen: list[Settings] = []
    dialog.chosen.connect(chosen.append)
    fill_in(dialog, "evaluation_time", "10")
    fill_in(dialog, "blas_threads", "2")
    QTest.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
    assert chosen == [Settings(10.0, 256, 2)] and not dialog.isVisible()


def test_a_wrong_value_keeps_the_dialog_open_with_a_sentence(dialog: SettingsDialog) -> None:
    chosen: list[Settings] = []
    dialog.chosen.connect(chosen.append)
    fill_in(dialog, "evaluation_time", "80")
    QTest.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
    error = dialog.fields["evaluation_time"].error
    assert chosen == [] and dialog.isVisible() and error.isVisible() and "at most 20" in error.text()
    fill_in(dialog, "evaluation_time", "20")
    QTest.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
    assert chosen == [Settings(evaluation_time=20.0)]
