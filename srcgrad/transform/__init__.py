"""Passes from graph to graph, one a file."""
