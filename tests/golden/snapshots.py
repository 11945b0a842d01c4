import numpy as np
from srcgrad.schedule import next_snapshot, number_of_slots


def snapshots_loop(start, stop, u, kappa):
    u = u.copy()                                    # programs.py:502
    for _ in range(start, stop):                    # programs.py:503
        u[1:-1] += kappa * (u[2:] - 2.0 * u[1:-1] + u[:-2])  # programs.py:504
    return u


def mismatch_rev(u, target, out_bar):
    """Reverse sweep of mismatch, which is run again first."""
    # backward
    u_bar = out_bar / max(u.size, 1) * np.sinh(u - target)  # programs.py:497  return np.mean(np.cosh(u - target))
    return u_bar


def snapshots_loop_rev(stop, u, kappa, u_bar):
    """Reverse sweep of snapshots_loop, whose turns are run again from snapshots."""
    max_stop = max(stop, 0)                         # programs.py:503
    slots = number_of_slots(2, max_stop)
    kept_at = [0]
    u_kept = [u]
    kappa_bar = 0.0
    for turn in reversed(range(max_stop)):
        while kept_at[-1] < turn:
            begin = kept_at[-1]
            end = next_snapshot(begin, turn, slots - len(kept_at))
            u = u_kept[-1]
            u = snapshots_loop(begin, end, u, kappa)
            u_kept.append(u)
            kept_at.append(end)
        u = u_kept.pop()
        kept_at.pop()
        u_bar, kappa_bar_1 = snapshots_turn_rev(u, kappa, u_bar)
        kappa_bar += kappa_bar_1
    return u_bar, kappa_bar


def snapshots_turn_rev(u, kappa, u_bar):
    """Reverse sweep of snapshots_turn, which is run again first."""
    # forward
    u = u.copy()                                    # programs.py:502
    total = u[2:] - 2.0 * u[1:-1] + u[:-2]          # programs.py:504
    u[1:-1] += kappa * total
    # backward
    u_bar = u_bar.copy()                            # programs.py:504  u[1:-1] += kappa * (u[2:] - 2.0 * u[1:-1] + u ...
    product_bar = u_bar[1:-1]
    kappa_bar = np.sum(product_bar * total)
    total_bar = product_bar * kappa
    u_bar[:-2] += total_bar
    u_bar[2:] += total_bar
    u_bar[1:-1] += total_bar * -2.0
    return u_bar, kappa_bar


def snapshots_grad(u0, kappa, n, target):
    """Gradient of snapshots (programs.py:500) with respect to u0, kappa."""
    # forward
    u = u0.copy()                                   # programs.py:502
    u_1 = snapshots_loop(0, n, u, kappa)            # programs.py:503
    # backward
    u_bar = mismatch_rev(u_1, target, 1.0)          # programs.py:497  return np.mean(np.cosh(u - target))
    u_bar, kappa_bar = snapshots_loop_rev(n, u, kappa, u_bar)  # programs.py:503  for _ in checkpointed(range(n), sl ...
    return u_bar, float(kappa_bar)                  # programs.py:502  u = u0.copy()
