"""Facts about the graph; nothing here changes it."""
