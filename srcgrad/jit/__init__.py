"""What the graph becomes so that Numba compiles it: passes on finished gradients, without Numba itself."""
