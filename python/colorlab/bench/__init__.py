"""Benchmarks: colorlab beside its peers, each result checked before it is timed.

A `Case` (colorlab.bench.race) is one thing to do at one size and number of threads, and all who can
do it. The same cases serve `colorlab bench`, the pytest-benchmark suites in benchmarks/, and
script/bench.
"""
