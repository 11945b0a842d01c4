def closures_grad(x, a):
    """Gradient of closures (programs.py:327) with respect to x, a."""
    # forward
    scale = a * x                                   # programs.py:333
    x_squared = x ** 2                              # programs.py:332
    product = scale * x_squared
    scale_bar = product + product + product         # programs.py:334
    # backward
    product_bar = scale + scale + scale             # programs.py:334  return sum(term(x) for term in terms) * scale
    scale_bar += product_bar * x_squared            # programs.py:332  terms.append(lambda v: scale * v**k)
    x_bar = product_bar * scale * (2 * x)
    a_bar = scale_bar * x                           # programs.py:333  scale = a * x
    x_bar += scale_bar * a
    return x_bar, a_bar
