# {"n": 5, "rows": 2, "cols": 3, "seed": 73, "kind": "single", "output": "scalar", "order": 1}
# sorted single numbers and a Python float: another value, to single precision
def program(x, y, s, m, order, flags, mode='fast'):
    items = [0.7, 0.8 if x[-3] <= 1.1 else m[-2, -1], s]
    items.sort()
    return sum((k + 1) * e for k, e in enumerate(items))
