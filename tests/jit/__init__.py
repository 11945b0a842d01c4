"""Tests of compiled gradients, and the run of the whole corpus: `python -m tests.jit`."""
