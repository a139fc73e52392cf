"""What a classifying generator holds to be plausible: its spread, and several colourings of it."""

import dataclasses

import colorlab
import generators
import numpy as np
import pytest
from colorlab import errors
from colorlab.model import card
from colorlab.model.classes import ColorClasses
from onnx import TensorProto

CLASSES = ColorClasses(generators.CENTRES, temperature=0.5, gain=1.5)
CENTRES = np.array(generators.CENTRES)


def logits_of(probability, shape=(8, 12)):
    return np.broadcast_to(
        np.log(np.array(probability, np.float32))[:, None, None], (len(probability), *shape)
    ).copy()


def annealed(logits, temperature):
    weights = np.exp(logits.astype(np.float64) / temperature)
    return np.einsum("qhw,qc->hwc", weights / weights.sum(0), CENTRES)


def mean_ab(logits):
    return (CLASSES.gain * annealed(logits, CLASSES.temperature)).astype(np.float32)


def test_the_spread_is_the_standard_deviation_of_what_is_believed():
    p = np.array([0.1, 0.5, 0.3, 0.1])
    mean = p @ CENTRES
    expected = np.sqrt((p * ((CENTRES - mean) ** 2).sum(1)).sum())
    assert CLASSES.spread(logits_of(p)) == pytest.approx(expected, rel=1e-5)
    assert CLASSES.spread(logits_of([1e-9, 1, 1e-9, 1e-9])) < 0.1


def test_what_is_uncertain_takes_different_colors_and_what_is_certain_keeps_its_own():
    uncertain, certain = logits_of([0.1, 0.45, 0.4, 0.05]), logits_of([1e-6, 1e-6, 1e-6, 1])
    logits = np.concatenate([uncertain, certain], 2)
    own = mean_ab(logits)
    results = CLASSES.alternatives(own, logits, 5)
    assert len(results) == 5
    assert all(r.shape == own.shape and r.dtype == np.float32 for r in results)
    np.testing.assert_array_equal(results[0], own)
    for other in results[1:]:
        np.testing.assert_allclose(other[:, 12:], own[:, 12:], atol=0.5)
    left = np.array([r[0, 0] for r in results])
    apart = np.linalg.norm(left[:, None] - left[None], axis=2)
    assert apart.max() > 80  # red in one, blue in another
    # Never further than the classes reach.
    assert np.abs(left).max() <= CLASSES.gain * np.abs(CENTRES).max() + 1e-3


def test_a_colorizer_gives_candidates_of_which_the_first_is_its_own():
    grey = np.tile(np.linspace(30, 220, 96, dtype=np.uint8), (64, 1))
    model = generators.classifying().SerializeToString()
    with colorlab.Colorizer(model) as colorizer:
        own = colorizer.colorize(grey)
        found = colorizer.candidates(grey, 4)
        again = colorizer.candidates(grey, 4)
        with pytest.raises(errors.InvalidArgumentError, match="count must be 1"):
            colorizer.candidates(grey, 0)
    assert len(found) == 4
    np.testing.assert_array_equal(found[0], own)
    assert len({rgb.tobytes() for rgb in found}) == 4
    assert all(np.array_equal(a, b) for a, b in zip(found, again, strict=True))
    assert all(rgb.certificate.max_delta_l <= 0.5 for rgb in found)


def test_a_generator_without_classes_says_so():
    grey = np.full((32, 32), 90, np.uint8)
    with (
        colorlab.Colorizer(generators.constant().SerializeToString()) as colorizer,
        pytest.raises(errors.ModelIncompatibleError, match="no distribution"),
    ):
        colorizer.candidates(grey)


@pytest.mark.parametrize("also", [[], [("sharp", TensorProto.FLOAT, None)]])
def test_a_card_that_promises_classes_needs_their_output(also):
    made = generators.classifying(also=also)
    with pytest.raises(errors.ModelIncompatibleError, match="second output"):
        colorlab.Colorizer(made.SerializeToString())


def test_the_output_has_as_many_channels_as_the_card_has_classes():
    made = generators.classifying()
    five = ColorClasses((*generators.CENTRES, (0.0, 10.0)), 0.5, 1.5)
    card.attach(made, dataclasses.replace(generators.CARD, classes=five))
    with pytest.raises(errors.ModelIncompatibleError, match="4 channels, the contract says 5"):
        colorlab.Colorizer(made.SerializeToString())


def test_classes_survive_the_card_and_broken_ones_are_refused():
    assert ColorClasses.from_json(CLASSES.to_json()) == CLASSES
    for text in ('{"centres": [[1, 2]], "temperature": 1, "gain": 1}', "[]", "{}", "nonsense"):
        with pytest.raises(ValueError):  # noqa: PT011
            ColorClasses.from_json(text)
    with pytest.raises(ValueError, match="temperature"):
        ColorClasses(generators.CENTRES, 0.0, 1.0)
