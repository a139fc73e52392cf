"""Columns of photos in Hugging Face data sets."""

from __future__ import annotations

from typing import Any

import colorlab

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
        batch_size: photos in memory at a time.
        options: of `Colorizer.colorize`: saturation, preserve, size.

    Returns:
        The data set with the `Image` column `target`, RGB.
    """
    import datasets
    from PIL import Image

    def color(batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
        photos = (each.convert("L") for each in batch[source])
        colors = colorizer.colorize_batch(photos, **options)
        return {target: [Image.fromarray(rgb) for rgb in colors]}

    features = None
    if dataset.features is not None:
        features = dataset.features.copy()
        features[target] = datasets.Image()
    return dataset.map(color, batched=True, batch_size=batch_size, features=features)
