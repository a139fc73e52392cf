"""The loader's batches for other training loops: as a keras.utils.PyDataset and as a tf.data one.

batches = feeds.Batches(data.open_source([folder], config), config, batches=1000)
model.fit(batches)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import keras
import numpy as np
from numpy.typing import NDArray

from .config import Config
from .data import Loader, Source

if TYPE_CHECKING:
    import tensorflow as tf

Floats = NDArray[np.float32]


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """`batches` batches an epoch of (lightness [N,c,c,1], ab [N,c,c,2]), float32.

    Batch i of an epoch is the same each time, whoever asks and in whatever order; asked for in
    order, the native loader works ahead. Its own threads do the work: leave `workers` at 1.
    """

    def __init__(self, source: Source, config: Config, *, batches: int) -> None:
        super().__init__()
        self.source, self.config, self.batches = source, config, batches
        self._loader: Loader | None = None
        self._next = -1

    def __len__(self) -> int:
        return self.batches

    def __getitem__(self, index: int) -> tuple[Floats, Floats]:
        if self._loader is None or index != self._next:
            first = index * self.config.data.batch
            self._loader = self.source.open(seed=self.config.seed, first_sample=first)
        self._next = index + 1
        return self._loader.next()


def tf_dataset(source: Source, config: Config) -> tf.data.Dataset:
    """Endless batches as a tf.data.Dataset of (lightness, ab), prefetched."""
    import tensorflow as tf

    def batches() -> Iterator[tuple[Floats, Floats]]:
        loader = source.open(seed=config.seed, first_sample=0)
        while True:
            yield loader.next()

    shape = (config.data.batch, config.data.crop, config.data.crop)
    signature = tuple(tf.TensorSpec((*shape, channels), tf.float32) for channels in (1, 2))
    dataset = tf.data.Dataset.from_generator(batches, output_signature=signature)
    return dataset.prefetch(tf.data.AUTOTUNE)
