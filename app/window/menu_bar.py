"""The menus: the commands of the table, the presets, the docks and the colours."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QApplication, QMenu, QMenuBar, QWidget

from app.document.presets import preset_names
from app.theme import apply_theme
from app.window.actions import COMMANDS, MENUS
from app.window.arrangement import Arrangement


class MainMenuBar(QMenuBar):
    """`preset_chosen` carries the name of a ready-made experiment."""

    preset_chosen = Signal(str)

    def __init__(self, commands: dict[str, QAction], arrangement: Arrangement, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        for name in MENUS:
            menu = self.addMenu(name)
            if name == "File":
                self._add_presets(menu)
            for command in COMMANDS:
                if command.menu == name:
                    if command.separator_before:
                        menu.addSeparator()
                    menu.addAction(commands[command.name])
            if name == "View":
                menu.addActions(arrangement.toggle_actions())
                menu.addAction("Arrange as at first").triggered.connect(arrangement.reset)
                menu.addSeparator()
                self._add_themes(menu)

    def _add_presets(self, menu: QMenu) -> None:
        presets = menu.addMenu("Open preset")
        for name in preset_names():
            presets.addAction(name)
        presets.triggered.connect(self._choose_preset)

    def _add_themes(self, menu: QMenu) -> None:
        group = QActionGroup(menu)
        for theme in ("system", "light", "dark"):
            action = menu.addAction(f"{theme.capitalize()} colours")
            action.setData(theme)
            action.setCheckable(True)
            group.addAction(action)
        group.triggered.connect(self._choose_theme)

    def _choose_preset(self, action: QAction) -> None:
        self.preset_chosen.emit(action.text())

    def _choose_theme(self, action: QAction) -> None:
        application, name = QApplication.instance(), action.data()
        assert isinstance(application, QApplication)
        apply_theme(application, name)
