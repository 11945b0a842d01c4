import numpy as np


def attention_jvp(q, k, v, q_dot, k_dot, v_dot):
    """Value and tangent of attention (programs.py:419) with respect to q, k, v."""
    k_T = k.T                                       # programs.py:421
    sqrt = np.sqrt(q.shape[1])
    scores = q @ k_T / sqrt
    scores_dot = (q_dot @ k_T + q @ k_dot.T) / sqrt
    weights = np.exp(scores - np.max(scores, axis=-1, keepdims=True))  # programs.py:422
    scores_dot *= weights
    weights_dot = scores_dot
    sum_weights = np.sum(weights, axis=-1, keepdims=True)  # programs.py:423
    weights = weights / sum_weights
    weights_dot = (weights_dot - weights * np.sum(weights_dot, axis=-1, keepdims=True)) / sum_weights
    product = weights @ v                           # programs.py:424
    return np.sum(product ** 2), np.sum(2 * product * (weights_dot @ v + weights @ v_dot))
