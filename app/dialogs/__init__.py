"""Dialogs: questions the window asks before it goes on."""
