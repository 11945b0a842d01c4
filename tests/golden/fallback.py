import numpy as np


def fallback_grad(a, b):
    """Gradient of fallback (programs.py:486) with respect to a, b."""
    # forward
    try:                                            # programs.py:488
        x = np.linalg.solve(a, b)                   # programs.py:489
        completed = True
    except np.linalg.LinAlgError:
        trace_a = np.trace(a)                       # programs.py:491
        x = b / trace_a
        completed = False
    # backward
    x_bar = 2 * x                                   # programs.py:492  return np.sum(x**2)
    if completed:                                   # programs.py:488  try:
        b_bar = np.linalg.solve(a.T, np.expand_dims(x_bar, -1))[..., 0]  # programs.py:489  x = np.linalg.solve(a, b)
        a_bar = -np.expand_dims(b_bar, -1) * np.expand_dims(x, -2)
    else:
        b_bar = x_bar / trace_a                     # programs.py:491  x = b / np.trace(a)
        a_bar = np.sum(x_bar * (-x / trace_a)) * np.eye(a.shape[0], a.shape[1], 0)
    return a_bar, b_bar
