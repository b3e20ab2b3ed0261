"""Where settings are kept between two starts: the place the system has for them (QSettings)."""

from typing import Any

from PySide6.QtCore import QSettings

from app.forms.option_field import parse, value_text
from app.settings import Settings
from core.types import OptionError

_GROUP = "settings"


def load_settings() -> Settings:
    """What was saved; a value that makes no sense counts as not saved."""
    store, values = _store(), {}
    for choice in Settings.options():
        text = store.value(f"{_GROUP}/{choice.name}")
        if not isinstance(text, str):
            continue
        value: Any = parse(text, choice)
        try:
            choice.check(value, Settings.title)
        except OptionError:
            continue
        values[choice.name] = value
    return Settings.from_options(values)


def save_settings(settings: Settings) -> str:
    """Keep settings for the next start; returns the name of the file if it cannot be written, otherwise nothing."""
    store = _store()
    for choice in Settings.options():
        store.setValue(f"{_GROUP}/{choice.name}", value_text(getattr(settings, choice.name)))
    store.sync()
    return "" if store.status() == QSettings.Status.NoError else store.fileName()


def _store() -> QSettings:
    # A file of its own form on every system: a registry entry cannot be looked at or carried along.
    return QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "Chainrule", "Chainrule")
