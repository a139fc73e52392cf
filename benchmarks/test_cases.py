"""Every case of colorlab.bench, as a suite of pytest-benchmark; script/bench runs it.

pytest-benchmark times colorlab's way; before each of its rounds the peers take their turn, so that
the ratios in the report (conftest.py) come from interleaved rounds.
"""

import pytest
from colorlab.bench import suites
from colorlab.bench.race import OURS, Race

pytestmark = pytest.mark.filterwarnings("default")  # the peers' warnings are theirs


@pytest.mark.parametrize("case", list(suites.cases()), ids=lambda case: f"{case.suite}: {case}")
def test_case(benchmark, case, results, pytestconfig):
    race = Race(case)  # checks every result
    rounds = race.rounds(pytestconfig.getoption("--seconds"))
    benchmark.pedantic(lambda: race.lap(OURS), setup=race.lap_peers, rounds=rounds)
    benchmark.extra_info |= {"peers": race.peers, "absent": race.absent}
    results.append(race.result())
