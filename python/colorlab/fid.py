"""Frechet Inception distance, with an Inception network that the user supplies as ONNX.

Published figures use two preprocessings, which give different numbers for the same photos; both are
computed. The features and their statistics are accumulated: memory does not grow with the photos.
"""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from colorlab.errors import InvalidArgumentError, ModelIncompatibleError
from colorlab.model import verification
from colorlab.session import import_runtime

__all__ = ["PREPROCESSINGS", "FrechetDistance", "Inception", "Statistics", "frechet", "resized"]

Floats = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]
Preprocessing = Literal["bilinear", "antialiased"]

SIDE = 299  # pixels: of Inception v3's input
PREPROCESSINGS: dict[Preprocessing, str] = {
    "bilinear": "bilinear to 299 x 299 without antialiasing, as pytorch-fid does",
    "antialiased": "Pillow's bicubic in floats to 299 x 299, as clean-fid does",
}


@dataclass(slots=True)
class Statistics:
    """Count, mean and covariance of vectors that come one by one."""

    count: int = 0
    _sum: Floats | None = None
    _products: Floats | None = None

    def add(self, vector: npt.ArrayLike) -> None:
        """One more vector (D,)."""
        x = np.asarray(vector, np.float64)
        if self._sum is None or self._products is None:
            self._sum, self._products = np.zeros_like(x), np.zeros((x.size, x.size))
        self.count += 1
        self._sum += x
        self._products += np.outer(x, x)

    @property
    def mean(self) -> Floats:
        """(D,)."""
        self._check()
        mean: Floats = np.asarray(self._sum) / self.count
        return mean

    @property
    def covariance(self) -> Floats:
        """(D, D), of a sample."""
        self._check()
        centred = np.asarray(self._products) - self.count * np.outer(self.mean, self.mean)
        covariance: Floats = centred / (self.count - 1)
        return covariance

    def _check(self) -> None:
        if self.count < 2:
            raise InvalidArgumentError("a Frechet distance needs at least two photos")


def frechet(mean1: Floats, covariance1: Floats, mean2: Floats, covariance2: Floats) -> float:
    """Squared Frechet distance of two normal distributions (Dowson & Landau 1982).

    |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)). The last trace is that of (R S2 R)^(1/2) with R the
    symmetric root of S1: both roots are of symmetric matrices, whose eigenvalues are real.

    Args:
        mean1, mean2: (D,).
        covariance1, covariance2: (D, D), symmetric.

    Returns:
        At least 0, in squared units of the vectors.
    """
    values, vectors = np.linalg.eigh(covariance1)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    crossed = np.linalg.eigvalsh(root @ covariance2 @ root)
    traces = np.trace(covariance1) + np.trace(covariance2)
    apart = mean1 - mean2
    distance = apart @ apart + traces - 2 * np.sqrt(np.maximum(crossed, 0)).sum()
    return float(max(distance, 0.0))


class Inception:
    """A feature network: float32 (N, 3, 299, 299), RGB in -1..1, to (N, D) or (N, D, 1, 1).

    Args:
        path: an ONNX file, as exported from pytorch-fid's InceptionV3 with normalised input.
        threads: of ONNX Runtime; None lets it choose.

    Raises:
        ModelNotFoundError: there is no such file.
        ModelIncompatibleError: it is no such network, or needs other files or custom operators.
    """

    def __init__(self, path: str | os.PathLike[str], *, threads: int | None = None) -> None:
        self.path = os.fsdecode(path)
        data, self.sha256 = verification.load_foreign(path)
        runtime = import_runtime()
        options = runtime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = threads or 0
        try:
            self._session = runtime.InferenceSession(
                data, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime's errors share no base but Exception
            raise ModelIncompatibleError(
                f"ONNX Runtime cannot load it: {error}"[:300], path=self.path
            ) from error
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if len(inputs) != 1 or inputs[0].type != "tensor(float)" or len(inputs[0].shape) != 4:
            raise ModelIncompatibleError(
                "a feature network has one input, float32 (N, 3, 299, 299)", path=self.path
            )
        self._names = inputs[0].name, outputs[0].name

    def features(self, rgb: Bytes, preprocessing: Preprocessing) -> Floats:
        """Of one photo, uint8 (H, W, 3): float64 (D,).

        Raises:
            ModelIncompatibleError: the network cannot run, or gives no such features.
        """
        planes = resized(rgb, SIDE, antialiased=preprocessing == "antialiased") / 127.5 - 1
        tensor = np.ascontiguousarray(planes.transpose(2, 0, 1)[None], np.float32)
        try:
            found = self._session.run([self._names[1]], {self._names[0]: tensor})[0]
        except Exception as error:  # as above
            raise ModelIncompatibleError(
                f"it failed on an input of {tensor.shape}: {error}"[:300], path=self.path
            ) from error
        if found.ndim not in (2, 4) or found.shape[0] != 1 or found.size != found.shape[1]:
            raise ModelIncompatibleError(
                f"features are (N, D) or (N, D, 1, 1), not {found.shape}", path=self.path
            )
        return np.asarray(found, np.float64).ravel()


@dataclass(slots=True)
class FrechetDistance:
    """FID of colorized photos against the truth, in both preprocessings."""

    inception: Inception
    _statistics: dict[tuple[str, str], Statistics] = field(default_factory=dict)

    def add(self, truth: Bytes, output: Bytes) -> None:
        """One more photo, uint8 (H, W, 3) each."""
        for preprocessing in PREPROCESSINGS:
            for side, rgb in (("truth", truth), ("output", output)):
                statistics = self._statistics.setdefault((preprocessing, side), Statistics())
                statistics.add(self.inception.features(rgb, preprocessing))

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON: a distance for each preprocessing, and what else they depend on.

        Raises:
            InvalidArgumentError: there are fewer than two photos.
        """
        found: dict[str, Any] = {"inception_sha256": self.inception.sha256}
        for preprocessing, about in PREPROCESSINGS.items():
            truth, output = (self._statistics[preprocessing, each] for each in ("truth", "output"))
            distance = frechet(truth.mean, truth.covariance, output.mean, output.covariance)
            found[preprocessing] = {"fid": distance, "preprocessing": about}
        return found


def resized(rgb: Bytes, side: int, *, antialiased: bool) -> Floats:
    """A photo (H, W, 3) stretched to (side, side, 3), 0..255, bicubic or bilinear; not clipped."""
    rows, columns = (_weights(length, side, antialiased) for length in rgb.shape[:2])
    across = np.einsum("ow,hwc->hoc", columns, rgb.astype(np.float64), optimize=True)
    result: Floats = np.einsum("oh,hwc->owc", rows, across, optimize=True)
    return result


@functools.lru_cache(maxsize=32)
def _weights(length: int, target: int, antialiased: bool) -> Floats:
    """What each of `target` samples takes of `length` samples: (target, length), rows sum to 1."""
    scale = length / target
    centres = (np.arange(target) + 0.5) * scale
    if antialiased:
        stretch = max(scale, 1.0)
        distance = (np.arange(length) + 0.5 - centres[:, None]) / stretch
        weights = _cubic(np.abs(distance))
        return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float64)
    position = np.clip(centres - 0.5, 0, length - 1)
    linear: Floats = np.maximum(1 - np.abs(np.arange(length) - position[:, None]), 0)
    return linear


def _cubic(x: Floats) -> Floats:
    """Keys' kernel with a = -1/2, which Pillow calls bicubic."""
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))
