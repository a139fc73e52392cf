"""Images of coloured shapes, made as they are needed: each shape has a colour of its own.

The smallest task that is still colorization, learnt in minutes on a CPU: lightness says nothing of
the colour (all shapes share one range, the ground is grey), the form says everything.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CELL = 32  # pixels; one shape lies in each square cell of an image
SHAPES = ("disc", "square", "triangle", "cross")
COLORS = np.array([[45, 30], [-40, 32], [15, -48], [0, 52]], np.float32)  # a*b*, in gamut at L*
L_SHAPE = (48.0, 66.0)
L_GROUND = ((8.0, 34.0), (80.0, 96.0))  # dark or light

Floats = NDArray[np.float32]


def render(first: int, count: int, side: int, seed: int) -> tuple[Floats, NDArray[np.int64]]:
    """Images number `first` to `first + count - 1` of a seed's endless sequence.

    Returns:
        Lab float32 [count,side,side,3] and the shape of each pixel's cell [count,side,side], an
        index into SHAPES. `side` is a multiple of CELL.
    """
    cells = side // CELL
    draws = np.stack(
        [np.random.default_rng((seed, first + i)).random((cells, cells, 7)) for i in range(count)]
    )
    draws = draws.repeat(CELL, 1).repeat(CELL, 2)  # each pixel knows its cell's numbers
    shape = (draws[..., 0] * len(SHAPES)).astype(np.int64)
    radius = 8 + 5 * draws[..., 1]
    room = CELL / 2 - radius
    within = np.arange(side) % CELL - (CELL - 1) / 2
    x = within[None, None, :] - room * (2 * draws[..., 2] - 1)
    y = within[None, :, None] - room * (2 * draws[..., 3] - 1)
    turn = 2 * np.pi * draws[..., 4]
    x, y = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    cover = np.clip(0.5 - _distance(shape, x, y, radius), 0, 1)[..., None]

    lab = np.zeros((count, side, side, 3))
    light = L_SHAPE[0] + (L_SHAPE[1] - L_SHAPE[0]) * draws[..., 5]
    share = 2 * draws[..., 6]  # below 1 a dark ground, above a light one
    (dark, less_dark), (less_light, white) = L_GROUND
    lab[..., 0] = np.where(
        share < 1,
        dark + (less_dark - dark) * share,
        less_light + (white - less_light) * (share - 1),
    )
    colored = np.concatenate([light[..., None], COLORS[shape]], -1)
    return (lab + cover * (colored - lab)).astype(np.float32), shape


def _distance(
    shape: NDArray[np.int64], x: NDArray[np.float64], y: NDArray[np.float64], r: NDArray[np.float64]
) -> NDArray[np.float64]:
    """From the shape's outline, negative inside; `r` is about the farthest point's distance."""
    sideways, upright = np.abs(x), np.abs(y)
    arm = 0.36 * r
    outlines = (
        np.hypot(x, y) - 0.85 * r,
        np.maximum(sideways, upright) - 0.72 * r,
        np.maximum(0.866 * sideways + 0.5 * y, -y) - 0.55 * r,
        np.minimum(
            np.maximum(sideways - arm, upright - r), np.maximum(sideways - r, upright - arm)
        ),
    )
    return np.choose(shape, outlines)


class ShapeLoader:
    """Endless batches of `render`; the face of colorlab._core.PhotoLoader."""

    def __init__(
        self, *, batch: int, crop: int, ab_scale: float, seed: int, first_sample: int
    ) -> None:
        self.batch, self.crop, self.ab_scale, self.seed = batch, crop, ab_scale, seed
        self.next_sample = first_sample

    def next(self) -> tuple[Floats, Floats]:
        """lightness [N,c,c,1] = L*/50 - 1 and ab [N,c,c,2] over ab_scale."""
        lab, _ = render(self.next_sample, self.batch, self.crop, self.seed)
        self.next_sample += self.batch
        lightness = np.float32(1 / 50) * lab[..., :1] - 1
        return lightness, np.float32(1 / self.ab_scale) * lab[..., 1:]

    def failed(self) -> list[tuple[str, str]]:
        return []
