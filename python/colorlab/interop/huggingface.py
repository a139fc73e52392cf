"""Columns of photos in Hugging Face data sets."""

from __future__ import annotations

from typing import Any

import colorlab
from colorlab.image_io import to_8bit

__all__ = ["colorized"]


def colorized(
    dataset: Any,
    colorizer: colorlab.Colorizer,
    *,
    source: str = "image",
    target: str = "colored",
    batch_size: int = 16,
    **options: Any,
) -> Any:
    """A data set with one more column: the colours of one that holds images.

    Args:
        dataset: a `datasets.Dataset`, or an `IterableDataset`, with an `Image` column `source`.
        colorizer: what to colour with.
        target: the new column's name.
        batch_size: photos in memory at a time, at least 1.
        options: of `Colorizer.colorize`: saturation, preserve, size.

    Returns:
        The data set with the `Image` column `target`, RGB of 8 bits.

    Raises:
        ColorlabError: as `Colorizer.colorize`, while the data set is made (or, of an
            `IterableDataset`, read).
    """
    import datasets
    from PIL import Image

    def color(batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
        # What PIL makes of 16 bits is mostly white: the colorizer takes them as they are.
        photos = (p if p.mode.startswith("I;16") else p.convert("L") for p in batch[source])
        colors = colorizer.colorize_batch(photos, **options)
        return {target: [Image.fromarray(to_8bit(rgb)) for rgb in colors]}

    features = None
    if dataset.features is not None:
        features = dataset.features.copy()
        features[target] = datasets.Image()
    return dataset.map(color, batched=True, batch_size=batch_size, features=features)
