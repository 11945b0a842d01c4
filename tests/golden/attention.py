import numpy as np


def attention_grad(q, k, v):
    """Gradient of attention (programs.py:417) with respect to q, k, v."""
    # forward
    t = np.transpose(k)                             # programs.py:419
    t_1 = np.sqrt(q.shape[1])
    scores = q @ t / t_1
    weights = np.exp(scores - np.max(scores, axis=-1, keepdims=True))  # programs.py:420
    t_2 = np.sum(weights, axis=-1, keepdims=True)   # programs.py:421
    weights_1 = weights / t_2
    # backward
    t_3 = 2 * (weights_1 @ v)                       # programs.py:422  return np.sum((weights @ v) ** 2)
    weights_bar = t_3 @ np.transpose(v)
    v_bar = np.transpose(weights_1) @ t_3
    weights_bar_1 = weights_bar / t_2               # programs.py:421  weights = weights / np.sum(weights, axis=-1, ...
    weights_bar_1 += np.sum(weights_bar * (-weights_1 / t_2), axis=1, keepdims=True)
    weights_bar_1 *= weights                        # programs.py:420  weights = np.exp(scores - np.max(scores, axis ...
    scores_bar = weights_bar_1
    scores_bar /= t_1                               # programs.py:419  scores = q @ k.T / np.sqrt(q.shape[-1])
    q_bar = scores_bar @ np.transpose(t)
    k_bar = np.transpose(np.transpose(q) @ scores_bar)
    return q_bar, k_bar, v_bar
