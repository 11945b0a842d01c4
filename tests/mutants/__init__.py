"""Small mistakes, put into the compiler one at a time: the tests must notice each.

    python -m tests.mutants --only transform/undo --jobs 2

`operators` finds the places of a module where a mistake can be made, `tables` those in the registry of rules and in
tables of functions; `installing` puts a mutant into the running process; `probes` finds which tests reach which
statements, `server` runs those tests in a forked child, the quickest first; `equivalent` lists mutants that change
nothing, each with the proof.
"""
