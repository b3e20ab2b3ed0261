"""A window as narrow as it can be made, or on a small screen, hides no control and cuts no word of one."""

from PySide6.QtWidgets import QApplication

from app.panels.inspector import Inspector
from app.window.main_window import MainWindow


def settle(window: MainWindow, width: int) -> None:
    window.resize(width, 800)
    for _ in range(3):
        QApplication.processEvents()


def test_the_narrowest_window_has_room_for_the_player(window: MainWindow) -> None:
    settle(window, 1)
    assert window.tape_bar.control.isVisible()


def test_the_six_switches_of_a_batch_norm_are_whole_on_a_small_screen(window: MainWindow) -> None:
    window.document.edit("BatchNorm", layers=({"kind": "batch_norm"}, *window.document.experiment.layers))
    window.document.next_batch()
    window.document.select_layer(0)
    settle(window, 1280)
    buttons = window.arrangement.panel(Inspector).weights.bar.buttons
    shown = [button for button in buttons.values() if button.isVisible()]
    assert len(shown) == 6
    assert all(button.width() >= button.sizeHint().width() for button in shown)
