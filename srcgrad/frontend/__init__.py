"""From a Python function to the graph: its source (`source`), its names (`scope`), its meaning (`lower`)."""
