"""Lists and dicts of which `if` and `while` ask whether anything is in them."""

from . import program, rand


@program(lambda: (rand(7),), tags=("lists", "while"))
def falling_values_leave_a_stack(x):
    stack = [x[0]]
    total = 0.0
    for v in x[1:]:
        while stack and stack[-1] > v:
            total += stack.pop() * v
        stack.append(v)
    return total + sum(stack)


@program(lambda: (rand(7),), tags=("lists", "tuples", "while"))
def largest_rectangle_by_a_stack(x):
    stack = [(0, x[0])]
    best = 0.0
    for i, v in enumerate(x):
        start = i
        while stack and stack[-1][1] > v:
            start, height = stack.pop()
            best = max(best, height * (i - start))
        stack.append((start, v))
    return best + sum(h * (len(x) - i) for i, h in stack)


@program(lambda: (rand(7),), tags=("lists", "branches"))
def not_and_or_of_lists(x):
    rising = []
    total = 0.0
    for v in x:
        if not (rising and rising[-1] > v):
            rising.append(v * v)
        elif not rising or v < 0.5:
            total += v * rising.pop()
        else:
            total += v if rising and v > 0.9 else 0.5 * rising[0]
    return total + sum(rising)


@program(lambda: (rand(7),), tags=("dicts", "branches"))
def dict_asked_before_it_is_read(x):
    seen = {}
    total = 0.0
    for i, v in enumerate(x):
        if seen and v > seen[i - 1]:
            total += v * seen[i - 1]
        seen[i] = v
    return total
