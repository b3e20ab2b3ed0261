"""Every command of the window in one table: its words, icon, shortcut and where it stands in the menus."""

import dataclasses

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence

from app.icons import icon


@dataclasses.dataclass(frozen=True)
class Command:
    """One entry of the table; `slot` names the method of the main window that carries it out."""

    name: str
    text: str
    slot: str
    menu: str
    icon: str = ""
    shortcut: str = ""
    tip: str = ""
    separator_before: bool = False


COMMANDS = (
    Command("open", "Open experiment…", "ask_experiment", "File", "folder-open", "Ctrl+O"),
    Command("export", "Export weights…", "ask_export", "File", "download", "Ctrl+Shift+E"),
    Command("quit", "Quit", "close", "File", "", "Ctrl+Q", separator_before=True),
    Command("undo", "Undo", "undo", "Edit", "undo-2", "Ctrl+Z"),
    Command("redo", "Redo", "redo", "Edit", "redo-2", "Ctrl+Shift+Z"),
    Command(
        "reset", "Reset", "reset", "Network", "rotate-ccw", "Ctrl+R", "Back to step 0 with the same start weights."
    ),
    Command("new_weights", "New weights", "new_weights", "Network", "dices", "Ctrl+W", "Start anew with a new seed."),
    Command("run", "Run", "run_or_pause", "Run", "play", "Space", "Train until paused."),
    Command(
        "batch_start",
        "Batch start",
        "batch_start",
        "Run",
        "skip-back",
        "Home",
        "To the start of this batch.",
        separator_before=True,
    ),
    Command("back", "Back", "back", "Run", "step-back", "Left", "One record of the tape back."),
    Command("next_layer", "Next layer", "next_layer", "Run", "step-forward", "Right", "One layer further."),
    Command("next_batch", "Next batch", "next_batch", "Run", "skip-forward", "N", "To the end of a batch."),
    Command("next_epoch", "Next epoch", "next_epoch", "Run", "fast-forward", "E", "Once through all training data."),
    Command("about", "About Chainrule", "show_about", "Help", "info"),
)

MENUS = ("File", "Edit", "Network", "Run", "View", "Help")


def make_actions(window: QObject) -> dict[str, QAction]:
    """The actions of the table, connected to the window's methods."""
    actions = {}
    for command in COMMANDS:
        action = QAction(command.text, window)
        action.setObjectName(command.name)
        if command.shortcut:
            action.setShortcut(QKeySequence(command.shortcut))
        tip = command.tip or command.text
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{tip} ({keys})" if keys else tip)
        action.triggered.connect(getattr(window, command.slot))
        actions[command.name] = action
    return actions


def tint_actions(actions: dict[str, QAction]) -> None:
    """Draw the icons in the colours of the current theme."""
    for command in COMMANDS:
        if command.icon:
            actions[command.name].setIcon(icon(command.icon))
