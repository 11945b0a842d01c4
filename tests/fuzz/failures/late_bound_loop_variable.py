# {"n": 5, "rows": 2, "cols": 3, "seed": 1, "kind": "reversed", "output": "scalar", "order": 1}
# lambdas made in a comprehension read its variable later: returns None, not a number
def program(x, y, s, m, order, flags, mode='fast'):
    terms = [lambda q: q * x[k] + k for k in range(3)]
    return sum(term(s) for term in terms)
