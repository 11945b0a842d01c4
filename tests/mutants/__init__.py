"""Small mistakes, put into the compiler one at a time: the tests must notice each.

    python -m tests.mutants --only transform/undo --resume verdicts.jsonl

`operators` finds the places of a module where a mistake can be made, `tables` those in the registry of rules and in
tables of functions; `enumeration` puts all in order, and says which of them are decisions; `installing` puts a mutant
into the running process. `probes` finds which statements, and which outcomes of conditions, each test reaches, and each
of the `codes` that are generated for the programs of the corpus. `server` forks a child for each mutant, where
`judging` generates the codes that reach it, and runs the tests of those programs whose code is another one: the code of
a program that stays the same computes the same numbers. `results` keeps what became of each mutant, so that a run can
go on where another one ended; `equivalent` lists mutants that change nothing, each with the proof.

A first run takes about a second for each mutant that is noticed, and the budget for each that is not:

    python -m tests.mutants --seconds 2 --resume verdicts.jsonl             # most are noticed soon
    python -m tests.mutants --seconds 30 --resume verdicts.jsonl --again    # longer for the others
"""
