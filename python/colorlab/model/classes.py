"""The distribution over ab bins that a classifying generator gives beside its colour.

Such a generator chooses, per pixel, between classes of colour (Zhang et al. 2016) and answers with
their annealed mean. The distribution itself says more: how sure the generator is, and what else it
holds to be plausible.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["ColorClasses"]

Floats = npt.NDArray[np.float32]

_SAMPLE = 4  # every 4th pixel, both ways, stands for all where only a mean over the photo is wanted
_REACH = 30.0  # a*b* units; a preference for a hue grows up to about so far from grey
_PREFERENCE = 0.06  # per a*b* unit, in nats: at its height, 1.8, what is six times less likely wins


@dataclass(frozen=True, slots=True)
class ColorClasses:
    """The classes of a generator whose second output, `logits`, is a distribution over them.

    Raises:
        ValueError: a value makes no sense.
    """

    centres: tuple[tuple[float, float], ...]  #: a* and b* of each of the Q classes
    temperature: float  #: of the annealed mean: softmax(logits / temperature)
    gain: float  #: by which that mean was multiplied

    def __post_init__(self) -> None:
        if len(self.centres) < 2 or any(len(centre) != 2 for centre in self.centres):
            raise ValueError("classes are at least two pairs of a* and b*")
        if not all(math.isfinite(v) and abs(v) <= 200 for pair in self.centres for v in pair):
            raise ValueError("classes lie within -200..200")
        for name in ("temperature", "gain"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)}")

    def to_json(self) -> str:
        """As `from_json` reads it."""
        whole = [[round(v) if v == round(v) else v for v in pair] for pair in self.centres]
        values = {"centres": whole, "temperature": self.temperature, "gain": self.gain}
        return json.dumps(values, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> ColorClasses:
        """Raises ValueError when the text is not what `to_json` writes."""
        values = json.loads(text)
        try:
            centres = tuple((float(a), float(b)) for a, b in values["centres"])
            return cls(centres, float(values["temperature"]), float(values["gain"]))
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a description of classes: {error!r}") from error

    def spread(self, logits: Floats) -> float:
        """How unsure the generator is of a photo: the spread of its colours, in a*b* units.

        The root of the mean over pixels of E|ab - E ab|^2: 0 where one class is certain; photos of
        sky and grass have about 10, of painted things 20 and more.

        Args:
            logits: float32 (Q, h, w).
        """
        _, covariance = self._covariance(logits)
        return math.sqrt(max(0.0, float(np.trace(covariance))))

    def alternatives(self, ab: Floats, logits: Floats, count: int) -> list[Floats]:
        """Different plausible colourings out of one pass; the first is the generator's own.

        The others prefer one direction of the ab plane each, evenly spaced from the one that the
        generator is least sure about: exp(preference) multiplies the probabilities before the
        annealed mean is taken. So what is certain keeps its colour, and what could be red as well
        as blue becomes one in one colouring and the other in another, all over the photo alike.
        Nothing is random.

        Args:
            ab: float32 (h, w, 2), a*b* as the generator gave it.
            logits: float32 (Q, h, w).
            count: how many, at least 1.

        Returns:
            `count` arrays like `ab`.
        """
        centres, covariance = self._covariance(logits)
        _, axes = np.linalg.eigh(covariance)
        start = math.atan2(axes[1, -1], axes[0, -1])
        rows = np.ascontiguousarray(logits.reshape(len(centres), -1).T) / np.float32(
            self.temperature
        )
        own = _softmax(rows) @ centres
        results = [ab]
        for number in range(count - 1):
            angle = start + 2 * math.pi * number / (count - 1)
            along = centres @ np.array([math.cos(angle), math.sin(angle)], np.float32)
            preference = _PREFERENCE * _REACH * np.tanh(along / _REACH) / self.temperature
            other = _softmax(rows + preference.astype(np.float32)) @ centres
            change: Floats = (other - own).astype(np.float32).reshape(ab.shape)
            results.append(ab + np.float32(self.gain) * change)
        return results

    def _covariance(self, logits: Floats) -> tuple[Floats, npt.NDArray[np.float64]]:
        """The classes (Q, 2), and the covariance of ab within a pixel, averaged over the photo."""
        centres = np.asarray(self.centres, np.float32)
        sampled = logits[:, ::_SAMPLE, ::_SAMPLE].reshape(len(centres), -1).T
        probability = _softmax(sampled).astype(np.float64)
        mean = probability @ centres
        second = centres.T @ (probability.mean(0)[:, None] * centres)
        return centres, second - mean.T @ mean / len(mean)


def _softmax(rows: Floats) -> Floats:
    exponentials = np.exp(rows - rows.max(1, keepdims=True))
    result: Floats = exponentials / exponentials.sum(1, keepdims=True)
    return result
