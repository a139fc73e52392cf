"""Chroma calibration: how boldly a trained generator colours, chosen on validation photos.

A generator's outputs are means over what is plausible, hence paler than photographs. The
temperature of the annealed mean and one gain on chroma trade colourfulness against accuracy after
training. The rule: for each temperature the gain is fitted so that the mean colourfulness CF is
`cf_share` of the truth's, and of these equally colourful settings the one of least mean dE00 wins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from colorlab import evaluation, metrics
from colorlab.errors import ImageError, TrainingError
from keras import ops
from numpy.typing import NDArray

from . import backends, evaluate, seed
from . import bins as ab_bins
from .config import ModelConfig

TEMPERATURES = (0.38, 0.5, 0.7, 1.0)
GAINS = (0.5, 2.0)  # the fit stays within
_HALVINGS = 6  # of that interval: the gain is found to 0.02

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A setting and what it scored on the validation photos."""

    temperature: float
    gain: float
    cf_share: float  #: mean CF over the truth's
    delta_e00: float
    psnr: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """The setting that won, and all that were tried."""

    best: Candidate
    candidates: list[Candidate]
    photos: int


@dataclass(frozen=True, slots=True)
class _Photo:
    truth: Bytes  # [H,W,3]
    grey: Bytes  # [H,W]
    ab: dict[float, Floats]  # a*b* [h,w,2] by temperature, at gain 1


def calibrate(
    generator: keras.Model,
    config: ModelConfig,
    photos: Sequence[Path],
    *,
    cf_share: float = 0.78,
    temperatures: Sequence[float] = TEMPERATURES,
    narrate: Callable[[str], None] = lambda _: None,
) -> Calibration:
    """Fits temperature and gain of a generator from `models.build_generator`.

    One with a regression head has no temperature: its gain alone is fitted.

    Args:
        cf_share: colourfulness wanted, as a share of the truth's; the gain stays within GAINS,
            so it may be missed.

    Raises:
        TrainingError: no photos, photos without any colour, or a generator of another kind.
    """
    if config.architecture in seed.SIDES:
        raise TrainingError("the seed's generators have no chroma calibration")
    if config.head == "regression":
        temperatures = (config.temperature,)
    loaded = _predict(generator, config, photos, temperatures, narrate)
    truth = float(np.mean([metrics.colorfulness(p.truth) for p in loaded])) if loaded else 0.0
    if truth <= 0:
        raise TrainingError("calibration needs photos in colour that can be read")
    candidates = []
    for temperature in temperatures:
        candidate = _fit(loaded, temperature, cf_share * truth, truth)
        candidates.append(candidate)
        narrate(
            f"temperature {temperature:g}: gain {candidate.gain:.2f}, CF {candidate.cf_share:.0%} "
            f"of the truth's, dE00 {candidate.delta_e00:.2f}, PSNR {candidate.psnr:.2f} dB"
        )
    return Calibration(choose(candidates, cf_share), candidates, len(loaded))


def choose(candidates: Sequence[Candidate], cf_share: float) -> Candidate:
    """Of the candidates within 2 % of the wanted share or above, the one of least dE00.

    When none is colourful enough, the most colourful.
    """
    bold = [c for c in candidates if c.cf_share >= cf_share - 0.02]
    if not bold:
        return max(candidates, key=lambda c: c.cf_share)
    return min(bold, key=lambda c: c.delta_e00)


def _predict(
    generator: keras.Model,
    config: ModelConfig,
    photos: Sequence[Path],
    temperatures: Sequence[float],
    narrate: Callable[[str], None],
) -> list[_Photo]:
    centres = ab_bins.ab_bins()

    def annealed(lightness: Any) -> list[Any]:
        outputs = generator(lightness, training=False)
        if config.head == "regression":
            return [outputs * config.ab_scale]
        logits, residual = outputs
        return [
            ops.matmul(ops.softmax(logits / t), centres) + residual * config.ab_scale
            for t in temperatures
        ]

    forward = backends.compiled(annealed, generator)
    loaded = []
    for path in photos:
        try:
            truth = evaluation.truth_at(path)
        except ImageError as error:
            narrate(f"left out: {error.with_path(str(path))}")
            continue
        grey = evaluation.to_grey(truth)
        tensor = evaluate.network_input(grey, config.default_size)
        outputs = forward(tensor.transpose(0, 2, 3, 1))
        ab = {t: np.asarray(out)[0] for t, out in zip(temperatures, outputs, strict=True)}
        loaded.append(_Photo(truth, grey, ab))
    return loaded


def _fit(photos: Sequence[_Photo], temperature: float, wanted: float, truth: float) -> Candidate:
    """The gain at which the mean CF is `wanted`, and the scores there."""
    low, high = GAINS
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        cf = np.mean([metrics.colorfulness(_colored(p, temperature, middle)) for p in photos])
        low, high = (middle, high) if cf < wanted else (low, middle)
    gain = round((low + high) / 2, 3)
    scores = evaluation.Scores()
    for number, photo in enumerate(photos):
        scores.add(str(number), photo.truth, _colored(photo, temperature, gain))
    summary = scores.summary()
    return Candidate(
        temperature, gain, summary["cf"] / truth, summary["delta_e00"], summary["psnr"]
    )


def _colored(photo: _Photo, temperature: float, gain: float) -> Bytes:
    return evaluate.join(photo.grey, photo.ab[temperature] * np.float32(gain))
