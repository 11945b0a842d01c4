"""Programs, and beside them the code that is generated for their gradients."""
