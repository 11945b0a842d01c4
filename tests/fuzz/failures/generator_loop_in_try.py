# {"n": 5, "rows": 2, "cols": 3, "seed": 29, "kind": "columns", "output": "scalar", "order": 1}
# what a `for` goes over may raise, inside of try: refused
def readings(a, c):
    for k in range(len(a)):
        if a[k] * c > 0.6:
            raise ValueError(k)
        yield a[k] * c
        a[k] *= 0.8

def program(x, y, s, m, order, flags, mode='fast'):
    try:
        for item in readings(y, x[1]):
            s = 0.6 * s + item
            if item > 0.9:
                break
    except ValueError:
        s *= 2
    return s * sum(y)
