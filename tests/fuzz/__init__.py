"""Random programs such as a person would write, and a judge that tries to prove their gradients wrong.

    python -m tests.fuzz --n 2000 --seed 0

`writer` holds the state of a program that is being written; `values`, `statements`, `memory`, `containers` and
`functions` hold the constructs, each under a tag; `judging` compares the gradient with differences; `shrinking` makes a
failure small.
"""
