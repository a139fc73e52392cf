"""Photos coloured inside of a tf.data pipeline. Needs tensorflow.

python tf_data.py PHOTOS
"""

import argparse
from pathlib import Path

import colorlab
import tensorflow as tf
from colorlab.interop.tensorflow import colorized


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    args = parser.parse_args()
    paths = sorted(
        str(p) for p in args.photos.rglob("*") if p.suffix.lower() in (".jpg", ".png", ".tif")
    )

    with colorlab.Colorizer() as colorizer:
        photos = colorized(tf.data.Dataset.from_tensor_slices(paths), colorizer)
        for path, rgb in zip(paths, photos, strict=True):
            print(path, rgb.shape)


if __name__ == "__main__":
    main()
