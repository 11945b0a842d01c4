"""Small mistakes, put into the compiler one at a time: the tests must notice each.

    python -m tests.mutants --only transform/undo --resume verdicts.jsonl

`operators` finds the places of a module where a mistake can be made, `tables` those in the registry of rules and in
tables of functions; `installing` puts a mutant into the running process; `probes` finds which tests reach which
statements, `server` runs those tests in a forked child, the quickest first; `results` keeps what became of each, so
that a run can go on where another one ended; `equivalent` lists mutants that change nothing, each with the proof.
"""
