"""Photos coloured inside of a tf.data pipeline."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import numpy.typing as npt

import colorlab
from colorlab.image_io import to_8bit

__all__ = ["colorized"]


def colorized(
    dataset: Any, colorizer: colorlab.Colorizer, *, parallel: int = 2, **options: Any
) -> Any:
    """A data set of photos as one of their colours, in the same order.

    Args:
        dataset: of paths (scalar strings), or of pixels (H, W), (H, W, 1) or (H, W, 3), uint8.
        colorizer: must stay open as long as the result is used.
        parallel: photos at a time; the network has threads of its own.
        options: of `Colorizer.colorize`: saturation, preserve, size.

    Returns:
        uint8 (H, W, 3). A photo that fails ends the iteration with an error of TensorFlow's that
        names it; `dataset.ignore_errors()` leaves such photos out.
    """
    import tensorflow as tf

    def color(photo: bytes | npt.NDArray[Any]) -> npt.NDArray[Any]:
        source: Any = os.fsdecode(photo) if isinstance(photo, bytes) else photo
        rgb = np.asarray(colorizer.colorize(source, **options))
        return to_8bit(rgb)  # of a 16-bit file; a data set has one type

    def mapped(photo: Any) -> Any:
        rgb = tf.numpy_function(color, [photo], tf.uint8, stateful=False)
        rgb.set_shape([None, None, 3])  # which a NumPy function cannot tell
        return rgb

    return dataset.map(mapped, num_parallel_calls=parallel, deterministic=True)
