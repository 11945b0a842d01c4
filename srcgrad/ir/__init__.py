"""The graph: values, operations and regions, their types, a printer and a verifier."""
