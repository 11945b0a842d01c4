def closures_grad(x, a):
    """Gradient of closures (programs.py:325) with respect to x, a."""
    # forward
    scale = a * x                                   # programs.py:331
    t = x ** 2                                      # programs.py:330
    t_1 = scale * t
    scale_bar = t_1 + t_1 + t_1                     # programs.py:332
    # backward
    t_1 = scale + scale + scale                     # programs.py:332  return sum(term(x) for term in terms) * scale
    scale_bar += t_1 * t                            # programs.py:330  terms.append(lambda v: scale * v**k)
    x_bar = t_1 * scale * (2 * x)
    a_bar = scale_bar * x                           # programs.py:331  scale = a * x
    x_bar += scale_bar * a
    return x_bar, a_bar
