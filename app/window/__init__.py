"""The main window: puts the panels, the network view and the engine together."""
