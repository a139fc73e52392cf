"""Words and whole numbers as arguments: what passes, and what the refusal says."""

import numpy as np
import pytest
from colorlab.arguments import choice, whole
from colorlab.errors import InvalidArgumentError


@pytest.mark.parametrize("value", [1, 24, np.int64(3), np.uint8(7)])
def test_whole_numbers_pass_as_pythons_own(value):
    assert type(whole("count", value, most=24)) is int
    assert whole("count", value, most=24) == value


@pytest.mark.parametrize("value", [0, 25, -1, 1.0, True, np.float32(2), "2", None, [1]])
def test_other_values_are_named_beside_what_is_possible(value):
    with pytest.raises(InvalidArgumentError) as caught:
        whole("count", value, most=24)
    assert str(caught.value) == f"count must be 1..24, not {value!r}"


def test_what_else_is_possible_is_told():
    with pytest.raises(InvalidArgumentError, match=r"^threads must be at least 1 or None, not 0$"):
        whole("threads", 0, besides=" or None")


def test_words_are_compared_as_they_are():
    choice("mode", "rgb", ("rgb", "grey"))
    for value in ("RGB", "", None, ["rgb"], 1):
        with pytest.raises(InvalidArgumentError) as caught:
            choice("mode", value, ("rgb", "grey", "unchanged"))
        assert str(caught.value) == f'mode must be "rgb", "grey" or "unchanged", not {value!r}'
