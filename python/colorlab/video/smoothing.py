"""Colour that stays where the picture stays: a*b* averaged over time, as far as nothing moves.

A network that sees one frame at a time answers grain and small changes of light with other
colours. Here each pixel of its answer joins a running mean over the frames since the pixel last
changed. What changed is read from the lightness: the history's own, brought to the exposure of the
new frame and moved by the camera's pan, is compared with it. At a cut everything starts anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from colorlab.errors import InvalidArgumentError

__all__ = ["AbSmoother", "Flicker"]

_Plane = npt.NDArray[np.float32]

# Lightness is L*, 0..100, averaged over the cells of a*b*.
_CUT_CORRELATION = 0.6  # two frames that resemble each other less than this,
_CUT_DIFFERENCE = 4.0  # and differ by more on average, are of two scenes
_LEAST_NOISE = 0.4  # of what quantisation and codecs leave of a still picture
_MOST_NOISE = 3.0  # more is motion, which must not pass for grain
_STILL, _MOVED = 2.0, 4.5  # change in standard deviations of the noise
_GAIN = 0.5, 2.0  # of exposure from frame to frame
_PAN_SHARE = 0.25  # of a side: the longest step that a camera is followed over
_PAN_WORTH = 0.8  # a pan must leave less than this share of the difference


@dataclass(slots=True)
class Flicker:
    """Mean change of a*b* from frame to frame where the picture stands still, a*b* units."""

    before: float = 0.0  #: of the network's own answers
    after: float = 0.0  #: of the smoothed ones
    cells: int = 0  #: over which both are means

    def add(self, before: _Plane, after: _Plane) -> None:
        """More cells, each with its change."""
        if before.size:
            total = self.cells + before.size
            self.before += (float(before.sum()) - self.before * before.size) / total
            self.after += (float(after.sum()) - self.after * after.size) / total
            self.cells = total


@dataclass(slots=True)
class _History:
    """What is known of the scene up to a frame."""

    ab: _Plane  # (h, w, 2), means over time
    lightness: _Plane  # (h, w), the mean over the same frames
    mass: _Plane  # (h, w), how many frames that is; 0 where nothing is known

    def moved(self, down: float, right: float) -> _History:
        """The same seen by a camera that turned; what comes into view has no mass."""
        return _History(
            _moved(self.ab, down, right),
            _moved(self.lightness, down, right),
            _moved(self.mass, down, right, empty=True),
        )


class AbSmoother:
    """Smooths the a*b* of a film's frames, given one after the other.

    Args:
        strength: 0..1 (1 excluded): 0 leaves every frame alone; at s a still pixel's colour comes
            to be that of about 1 / (1 - s) frames.

    Attributes:
        cuts: how many cuts were found.
        flicker: what was gained where the picture stood still.
    """

    def __init__(self, strength: float) -> None:
        if not isinstance(strength, int | float) or not 0 <= strength < 1:
            raise InvalidArgumentError(f"smoothing must be 0 or more and below 1, not {strength!r}")
        self._most = np.float32(1 / (1 - strength))
        self._history: _History | None = None
        self._last_ab: _Plane | None = None
        self._last_lightness: _Plane | None = None
        self.cuts = 0
        self.flicker = Flicker()

    def smooth(self, ab: _Plane, lightness: _Plane) -> _Plane:
        """The colour for the next frame.

        Args:
            ab: the network's answer, float32 (h, w, 2).
            lightness: of the frame, L* 0..100, float32 (H, W), of the same proportions.

        Returns:
            float32 (h, w, 2), an array of its own.
        """
        cells = block_means(lightness, ab.shape[0], ab.shape[1])
        history, last = self._history, self._last_lightness
        if history is not None and last is not None and last.shape == cells.shape:
            pan = _pan(last, cells)
            before = _moved(last, *pan)
            if not _is_cut(before, cells):
                return self._join(history, ab, cells, pan)
            self.cuts += 1
        self._history = _History(ab.copy(), cells, np.ones_like(cells))
        self._last_ab, self._last_lightness = ab, cells
        return ab.copy()

    def _join(
        self, history: _History, ab: _Plane, cells: _Plane, pan: tuple[float, float]
    ) -> _Plane:
        earlier = history.ab
        if pan != (0.0, 0.0):
            history = history.moved(*pan)
        exposed = _exposed_as(history.lightness, cells)
        change = cells - exposed
        noise = _noise(change)
        motion = _smoothstep(_blurred(np.abs(change)) / noise, _STILL, _MOVED)
        mass = np.minimum(history.mass * (1 - motion), self._most - 1) + 1
        weight = 1 / mass
        joined: _Plane = history.ab + weight[..., None] * (ab - history.ab)
        if pan == (0.0, 0.0) and self._last_ab is not None:
            still = motion == 0
            self.flicker.add(
                np.linalg.norm(ab - self._last_ab, axis=2)[still],
                np.linalg.norm(joined - earlier, axis=2)[still],
            )
        self._history = _History(joined, exposed + weight * change, mass)
        self._last_ab, self._last_lightness = ab, cells
        return joined.copy()


def block_means(plane: _Plane, height: int, width: int) -> _Plane:
    """The means over a grid of height x width cells; of a plane that is smaller, samples."""
    if height > plane.shape[0] or width > plane.shape[1]:
        rows = np.arange(height) * plane.shape[0] // height
        columns = np.arange(width) * plane.shape[1] // width
        cells: _Plane = plane[rows][:, columns]
        return cells
    means = plane
    for axis, count in enumerate((height, width)):
        edges = np.arange(count) * plane.shape[axis] // count
        counts = np.diff(np.append(edges, plane.shape[axis])).astype(np.float32)
        sums: _Plane = np.add.reduceat(means, edges, axis=axis)
        means = sums / (counts[:, None] if axis == 0 else counts)
    return means


def _is_cut(before: _Plane, now: _Plane) -> bool:
    if float(np.abs(now - before).mean()) < _CUT_DIFFERENCE:
        return False
    first, second = before - before.mean(), now - now.mean()
    energy = float(np.sqrt((first * first).mean() * (second * second).mean()))
    return float((first * second).mean()) < _CUT_CORRELATION * energy + 1e-6


def _exposed_as(history: _Plane, now: _Plane) -> _Plane:
    """The history under the light of now: gain and offset, fitted to what did not move."""
    gain, offset = _fit(history.ravel(), now.ravel())
    rest = np.abs(now - (gain * history + offset)).ravel()
    still = rest <= 2.5 * np.median(rest) + 1e-3
    gain, offset = _fit(history.ravel()[still], now.ravel()[still])
    return np.float32(gain) * history + np.float32(offset)


def _fit(x: _Plane, y: _Plane) -> tuple[float, float]:
    mean_x, mean_y = float(x.mean()), float(y.mean())
    spread = float(((x - mean_x) ** 2).mean())
    gain = 1.0
    if spread > 1:
        gain = float(((x - mean_x) * (y - mean_y)).mean()) / spread
        gain = min(max(gain, _GAIN[0]), _GAIN[1])
    return gain, mean_y - gain * mean_x


def _noise(change: _Plane) -> float:
    """Standard deviation of what changes everywhere: grain, noise, codecs."""
    usual = 1.4826 * float(np.median(np.abs(change)))
    return min(max(usual, _LEAST_NOISE), _MOST_NOISE)


def _blurred(plane: _Plane) -> _Plane:
    """Means over 3 x 3."""
    padded = np.pad(plane, 1, mode="edge")
    rows: _Plane = padded[:-2] + padded[1:-1] + padded[2:]
    return (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / np.float32(9)


def _smoothstep(x: _Plane, low: float, high: float) -> _Plane:
    t: _Plane = np.clip((x - np.float32(low)) / np.float32(high - low), 0, 1)
    return t * t * (3 - 2 * t)


def _pan(before: _Plane, now: _Plane) -> tuple[float, float]:
    """How far the whole picture moved down and right, in cells; zeros when it did not.

    By phase correlation, believed only where it explains the difference better than standing still.
    """
    height, width = now.shape
    if min(height, width) < 8:
        return 0.0, 0.0
    window = np.hanning(height)[:, None] * np.hanning(width)
    spectra = [np.fft.rfft2((plane - plane.mean()) * window) for plane in (before, now)]
    cross = spectra[1] * spectra[0].conj()
    peaks = np.fft.irfft2(cross / (np.abs(cross) + 1e-6 * np.abs(cross).max() + 1e-12), now.shape)
    top, left = np.unravel_index(int(np.argmax(peaks)), peaks.shape)
    steps = []
    for at, side, line in ((top, height, peaks[:, left]), (left, width, peaks[top])):
        step = int(at) - side if at > side // 2 else int(at)
        if abs(step) > _PAN_SHARE * side:
            return 0.0, 0.0
        steps.append(step + _peak_between(line[at - 1], line[at], line[(at + 1) % side]))
    down, right = steps
    inner = np.isfinite(_moved(before, down, right, empty=True, missing=np.nan))
    standing = float(np.abs(now - before)[inner].mean())
    panned = float(np.abs(now - _moved(before, down, right))[inner].mean())
    if standing < _LEAST_NOISE or panned > _PAN_WORTH * standing:
        return 0.0, 0.0
    return down, right


def _peak_between(left: float, top: float, right: float) -> float:
    """Where the peak lies beside its highest sample, -0.5..0.5."""
    bend = left - 2 * top + right
    return 0.0 if bend >= 0 else float(np.clip(0.5 * (left - right) / bend, -0.5, 0.5))


def _moved(
    plane: _Plane, down: float, right: float, *, empty: bool = False, missing: float = 0.0
) -> _Plane:
    """Moved by a part of a cell or more; at the edges what is next to them, or `missing`."""
    if (down, right) == (0.0, 0.0):
        return plane
    moved = plane
    for axis, step in ((0, down), (1, right)):
        side = plane.shape[axis]
        at = np.arange(side, dtype=np.float32) - np.float32(step)
        low = np.floor(at).astype(int)
        share = (at - low).astype(np.float32)
        shape = [1] * plane.ndim
        shape[axis] = side
        first = np.take(moved, np.clip(low, 0, side - 1), axis)
        second = np.take(moved, np.clip(low + 1, 0, side - 1), axis)
        moved = first + (second - first) * share.reshape(shape)
        if empty:
            outside = ((at < 0) | (at > side - 1)).reshape(shape)
            moved = np.where(outside, np.float32(missing), moved)
    return moved
