"""Validation while a run goes on: which step is best, what is kept of it."""

import json

import keras
import numpy as np
import pytest

pytest.importorskip("tensorflow")

from colorlab.errors import InvalidArgumentError
from colorlab.training import checkpoint, config, evaluate, steps, validation

SETTINGS = config.Config(validation_photos=3)


@pytest.fixture
def network():
    source = keras.layers.Input((None, None, 1))
    return keras.Model(source, keras.layers.Conv2D(2, 1, use_bias=False)(source))


def validator_of(network, photos, run, first=0):
    return validation.Validator(photos, SETTINGS, network, run, first)


def measure(validator, network, monkeypatch, step, delta_e00, delta_cf):
    """A step whose weights are its number."""
    network.weights[0].assign(np.full((1, 1, 1, 2), step))
    summary = {"delta_e00": delta_e00, "delta_cf": delta_cf}
    found = {"summary": summary, "protocol": {"hash": "x"}}
    monkeypatch.setattr(evaluate, "measure", lambda *_, **__: found)
    validator.measure(step, steps.Networks(network, network, []))


def best(run):
    groups, state = checkpoint.load(run, checkpoint.BEST)
    assert groups["ema"][0].flat[0] == state["step"] == state["validation"]["step"]
    return state["step"]


def test_the_best_step_s_weights_are_kept(network, photos, tmp_path, monkeypatch):
    validator = validator_of(network, photos, tmp_path)
    # dE00 and |CF - truth's|; then which step is best.
    for step, (delta_e00, delta_cf, wanted) in enumerate(
        [
            (12.0, 9.0, 1),
            (10.0, 5.0, 2),  # more accurate by more than 2 %
            (10.1, 1.0, 3),  # nearly as accurate, more colourful
            (10.5, 0.0, 3),  # colourful, but not accurate enough
            (9.85, 8.0, 5),  # 3 is too far off now; the weights of 2 are gone
            (9.9, 7.0, 6),
        ],
        start=1,
    ):
        measure(validator, network, monkeypatch, step, delta_e00, delta_cf)
        assert best(tmp_path) == wanted
    assert len(json.loads((tmp_path / validation.FILE).read_text())) == 6


def test_a_resumed_run_forgets_what_was_measured_later(network, photos, tmp_path, monkeypatch):
    validator = validator_of(network, photos, tmp_path)
    for step, delta_cf in ((1, 3.0), (2, 2.0), (3, 5.0)):
        measure(validator, network, monkeypatch, step, 10.0, delta_cf)
    again = validator_of(network, photos, tmp_path, first=2)
    assert [row["step"] for row in again.history] == [1, 2]
    measure(again, network, monkeypatch, 3, 10.0, 4.0)
    assert best(tmp_path) == 2
    measure(again, network, monkeypatch, 4, 10.0, 1.0)
    assert best(tmp_path) == 4


def test_photos_that_cannot_be_read_are_told_before_the_training(network, tmp_path):
    (tmp_path / "x.png").write_text("Dear diary")
    with pytest.raises(InvalidArgumentError, match="none of the photos to validate on"):
        validator_of(network, tmp_path, tmp_path)
