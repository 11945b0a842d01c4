"""What functions of SciPy do, like `definitions`: a module for each of its packages, imported once that is there."""
