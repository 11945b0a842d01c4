"""Derivative rules of SciPy, a module for each of its packages: see `srcgrad.rules.late`."""
