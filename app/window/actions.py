"""Every command of the window in one table: its words, icon, shortcut and where it stands in the menus."""

import dataclasses
from operator import attrgetter

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence

from app.icons import icon


@dataclasses.dataclass(frozen=True)
class Command:
    """One entry of the table; `slot` names what carries it out: a method of the main window or of a part of it."""

    name: str
    text: str
    slot: str
    menu: str
    icon: str = ""
    shortcut: str = ""  # several ones with " or " between them
    tip: str = ""
    separator_before: bool = False


COMMANDS = (
    Command("open", "Open experiment…", "opener.ask_file", "File", "folder-open", "Ctrl+O"),
    Command("export", "Export weights…", "ask_export", "File", "download", "Ctrl+Shift+E"),
    Command("export_curves", "Export curves…", "export_curves", "File", tip="As a table, picture or drawing."),
    Command("quit", "Quit", "closing.ask", "File", "", "Ctrl+Q", separator_before=True),
    Command("undo", "Undo", "document.undo", "Edit", "undo-2", "Ctrl+Z"),
    Command("redo", "Redo", "document.redo", "Edit", "redo-2", "Ctrl+Shift+Z"),
    Command(
        "settings",
        "Settings…",
        "dialogs.ask_settings",
        "Edit",
        "settings",
        "Ctrl+,",
        "Time for evaluations, memory for history, threads.",
        separator_before=True,
    ),
    Command(
        "reset", "Reset", "reset", "Network", "rotate-ccw", "Ctrl+R", "Back to step 0 with the same start weights."
    ),
    Command("new_weights", "New weights", "new_weights", "Network", "dices", "Ctrl+W", "Start anew with a new seed."),
    Command("run", "Run", "run_control.toggle", "Run", "play", "Space", "Train until paused."),
    Command(
        "batch_start",
        "Batch start",
        "document.batch_start",
        "Run",
        "skip-back",
        "Home",
        "To the start of this batch.",
        separator_before=True,
    ),
    Command("back", "Back", "document.walk.back", "Run", "step-back", "Left", "One record of the tape back."),
    Command("next_layer", "Next layer", "document.walk.next", "Run", "step-forward", "Right", "One layer further."),
    Command(
        "next_batch", "Next batch", "document.walk.next_batch", "Run", "skip-forward", "N", "To the end of a batch."
    ),
    Command(
        "next_epoch",
        "Next epoch",
        "run_control.next_epoch",
        "Run",
        "fast-forward",
        "E",
        "Once through all training data.",
    ),
    Command(
        "run_until",
        "Run until…",
        "dialogs.run_until",
        "Run",
        "",
        "Ctrl+U",
        "Train up to an epoch, a step, a loss or an accuracy.",
        separator_before=True,
    ),
    Command("batch_end", "Batch end", "document.walk.batch_end", "Tape", "", "End", "To the end of this batch."),
    Command(
        "to_backward",
        "To its backward",
        "document.walk.to_backward",
        "Tape",
        "",
        "Shift+Right",
        "From a layer's forward to the other side of the loss, its backward.",
    ),
    Command(
        "to_forward",
        "To its forward",
        "document.walk.to_forward",
        "Tape",
        "",
        "Shift+Left",
        "From a layer's backward to the other side of the loss, its forward.",
    ),
    Command(
        "run_to_loss",
        "Run to loss",
        "document.walk.run_to_loss",
        "Tape",
        "",
        "L",
        "To the next loss.",
        separator_before=True,
    ),
    Command(
        "run_to_layer",
        "Run to selected layer",
        "document.walk.run_to_layer",
        "Tape",
        "",
        "T",
        "To the next record of the selected layer.",
    ),
    Command(
        "step_into",
        "Step into",
        "document.walk.step_into",
        "Tape",
        "arrow-down",
        "I or Down",
        "Show the sub-steps of the record that was done last.",
        separator_before=True,
    ),
    Command("step_out", "Step out", "document.walk.step_out", "Tape", "arrow-up", "O or Up", "Leave the sub-steps."),
    Command(
        "play_forward",
        "Play forward",
        "tape_bar.player.forward",
        "Tape",
        "",
        "P",
        "Play the tape, or stop playing.",
        separator_before=True,
    ),
    Command(
        "play_backward",
        "Play backward",
        "tape_bar.player.backward",
        "Tape",
        "",
        "Shift+P",
        "Play the tape backward, or stop playing.",
    ),
    Command("stop_playing", "Stop playing", "tape_bar.player.stop", "Tape"),
    Command(
        "toggle_breakpoint",
        "Stop at this record",
        "document.walk.toggle_breakpoint",
        "Tape",
        "",
        "B",
        "Set or remove a breakpoint at the record that was done last.",
        separator_before=True,
    ),
    Command(
        "watch_gradient",
        "Watch the norm of a gradient…",
        "tape_bar.control.menu.ask_for_range",
        "Tape",
        tip="Stop when the norm of a gradient leaves a range.",
    ),
    Command("clear_breakpoints", "Remove all breakpoints", "document.walk.breakpoints.clear", "Tape"),
    Command(
        "previous_sample",
        "Previous sample",
        "network_view.samples.previous",
        "Tape",
        "",
        ",",
        "Show the sample before in the pictures.",
        separator_before=True,
    ),
    Command("next_sample", "Next sample", "network_view.samples.next", "Tape", "", ".", "Show the next sample."),
    Command(
        "whole_batch",
        "Mean over the batch",
        "network_view.samples.toggle_batch",
        "Tape",
        "",
        "M",
        "Show the mean over the batch in the pictures, or the sample again.",
    ),
    Command("about", "About Chainrule", "show_about", "Help", "info"),
)

MENUS = ("File", "Edit", "Network", "Run", "Tape", "View", "Help")

NEED_A_TAPE = (
    "batch_start",
    *(command.name for command in COMMANDS if command.menu == "Tape"),
)
"""The commands that make sense only while there are records to go to."""

STEPS = ("next_layer", "next_batch", "next_epoch", "run_until")
"""The commands that make sense only while a step can be made."""


def make_actions(window: QObject) -> dict[str, QAction]:
    """The actions of the table, connected to the window's methods."""
    actions = {}
    for command in COMMANDS:
        action = QAction(command.text, window)
        action.setObjectName(command.name)
        if command.shortcut:
            action.setShortcuts([QKeySequence(keys) for keys in command.shortcut.split(" or ")])
        tip = command.tip or command.text
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{tip} ({keys})" if keys else tip)
        action.triggered.connect(attrgetter(command.slot)(window))
        actions[command.name] = action
    return actions


def tint_actions(actions: dict[str, QAction]) -> None:
    """Draw the icons in the colours of the current theme."""
    for command in COMMANDS:
        if command.icon:
            actions[command.name].setIcon(icon(command.icon))
