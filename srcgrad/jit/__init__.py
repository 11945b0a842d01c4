"""What generated code becomes before Numba compiles it: IR -> IR, to code that runs as plain Python too."""
