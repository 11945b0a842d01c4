"""IR -> text -> function."""
