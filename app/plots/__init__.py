"""Reusable pictures of numbers: arrays go in, painted widgets come out. Nothing here knows a document or a network."""
