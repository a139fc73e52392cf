"""Photos coloured inside of a tf.data pipeline. Needs tensorflow.

python tf_data.py PHOTOS
"""

import argparse
from pathlib import Path

import colorlab
import numpy as np
import tensorflow as tf


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    args = parser.parse_args()
    paths = sorted(str(p) for p in args.photos.rglob("*") if p.suffix in (".jpg", ".png", ".tif"))

    # Threads of one pool each: TensorFlow's feed the network, which has its own.
    with colorlab.Colorizer() as colorizer:

        def colorize(path: bytes) -> np.ndarray:
            return np.asarray(colorizer.colorize(path.decode()))

        photos = tf.data.Dataset.from_tensor_slices(paths).map(
            lambda path: tf.numpy_function(colorize, [path], tf.uint8, stateful=False),
            num_parallel_calls=2,
        )
        for path, rgb in zip(paths, photos, strict=True):
            print(path, rgb.shape)


if __name__ == "__main__":
    main()
