"""Measurements, kept apart from the tests: how fast the core and the window are, and against what."""
