"""Measurements of srcgrad beside hand-written code and other tools: `python -m benchmarks`."""

from benchmarks import machine

# Libraries read the number of their threads once, when they are first imported: this is before all of them.
machine.use_one_thread()
