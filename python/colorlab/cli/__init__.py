"""The command line. Each module here is one verb, named after it, with two functions:

`register(subparsers)` adds its parser to argparse's and must import nothing heavy;
`run(args)` does the work and returns the exit code.

Modules whose names start with "_" and `main` are no verbs.
"""
