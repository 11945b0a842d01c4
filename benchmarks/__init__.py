"""Measurements of srcgrad beside hand-written code and other tools; each module is a command."""
