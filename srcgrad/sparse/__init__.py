"""Sparse Jacobians and Hessians: their patterns, colourings of these, and as few sweeps as there are colours."""
