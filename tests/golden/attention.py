import numpy as np


def attention_grad(q, k, v):
    """Gradient of attention (programs.py:419) with respect to q, k, v."""
    # forward
    sqrt = np.sqrt(q.shape[1])                      # programs.py:421
    scores = q @ k.T / sqrt
    weights = np.exp(scores - np.max(scores, axis=-1, keepdims=True))  # programs.py:422
    sum_weights = np.sum(weights, axis=-1, keepdims=True)  # programs.py:423
    weights_1 = weights / sum_weights
    # backward
    product_bar = 2 * (weights_1 @ v)               # programs.py:424  return np.sum((weights @ v) ** 2)
    weights_bar = product_bar @ v.T
    v_bar = weights_1.T @ product_bar
    weights_bar_1 = weights_bar / sum_weights       # programs.py:423  weights = weights / np.sum(weights, axis=-1, ...
    weights_bar_1 -= np.sum(weights_bar * (weights_1 / sum_weights), axis=1, keepdims=True)
    weights_bar_1 *= weights                        # programs.py:422  weights = np.exp(scores - np.max(scores, axis ...
    scores_bar = weights_bar_1
    scores_bar /= sqrt                              # programs.py:421  scores = q @ k.T / np.sqrt(q.shape[-1])
    q_bar = scores_bar @ k
    k_bar = (q.T @ scores_bar).T
    return q_bar, k_bar, v_bar
