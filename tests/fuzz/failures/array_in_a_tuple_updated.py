# {"n": 5, "rows": 2, "cols": 3, "seed": 12, "kind": "halves", "output": "array", "order": 1}
# a tuple refuses its item back: vjp did not raise what the program raises
def program(x, y, s, m, order, flags, mode='fast'):
    model = {'u': [y, y], 'v': (s, x)}
    model['v'][1] += y
    return y
