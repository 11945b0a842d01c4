# {"n": 5, "rows": 2, "cols": 3, "seed": 62001000666, "kind": "strided", "output": "array", "order": 2}
# seed 62001000666: AttributeError: 'ndarray' object has no attribute 'pop'
def readings(a, c):
    for k in range(len(a)):
        yield a
        a[k] *= 0.8

def program(x, y, s, m, order, flags, mode='fast'):
    try:
        for item in readings(x, flags[0]):
            pass
    except ValueError:
        pass
    return y
