"""How fast training crops come: the native loader, Pillow and scikit-image, TensorFlow's own ops.

    python benchmarks/training_loader.py FOLDER [--crop 128] [--batches 20] [--rounds 7]

All three read the JPEGs of a folder in random order, take a random square of 60 to 100 % of the
short side, scale it to the crop, mirror half of them, and give float32 batches of 32: L*/50 - 1 and
ab. The peers do so in a tf.data map with as many calls at once as there are cores. They take turns;
medians and ratios of the rounds are printed, and how far the peers' Lab is from ours.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from colorlab import rgb_to_lab
from colorlab.session import available_cores
from colorlab.training import data
from colorlab.training.config import Config, DataConfig
from PIL import Image
from skimage.color import rgb2lab

Array = npt.NDArray[Any]
Batches = Iterator[Any]

BATCH, MIN_SCALE, AB_SCALE = 32, 0.6, 110.0


def colorlab_loader(files: list[str], crop: int) -> Batches:
    settings = DataConfig(crop=crop, batch=BATCH, min_scale=MIN_SCALE, threads=available_cores())
    source = data.open_source([Path(name) for name in files], Config(data=settings))
    loader = source.open(seed=0, first_sample=0)
    while True:
        yield loader.next()


def pillow_and_skimage(files: list[str], crop: int) -> Batches:
    rng = np.random.default_rng(0)

    def one(name: bytes) -> tuple[Array, Array]:
        photo = Image.open(os.fsdecode(name)).convert("RGB")
        side = rng.uniform(MIN_SCALE, 1) * min(photo.size)
        left, top = (rng.uniform(0, length - side) for length in photo.size)
        box = (left, top, left + side, top + side)
        small = photo.resize((crop, crop), Image.Resampling.BOX, box=box)
        if rng.random() < 0.5:
            small = small.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        return _scaled(rgb2lab(np.asarray(small)).astype(np.float32))

    def mapped(name: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        lightness, ab = tf.numpy_function(one, [name], (tf.float32, tf.float32))
        return tf.ensure_shape(lightness, (crop, crop, 1)), tf.ensure_shape(ab, (crop, crop, 2))

    return _batches(files, mapped)


def tensorflow_ops(files: list[str], crop: int) -> Batches:
    def mapped(name: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        photo = tf.io.decode_jpeg(tf.io.read_file(name), channels=3)
        shape = tf.cast(tf.shape(photo)[:2], tf.float32)
        side = tf.random.uniform((), MIN_SCALE, 1) * tf.reduce_min(shape)
        corner = tf.cast(tf.random.uniform((2,)) * (shape - side), tf.int32)
        length = tf.cast(side, tf.int32)
        square = tf.image.crop_to_bounding_box(photo, corner[0], corner[1], length, length)
        small = tf.image.resize(square, (crop, crop), "area") / 255
        return _scaled(_tensorflow_lab(tf.image.random_flip_left_right(small)))

    return _batches(files, mapped)


def _tensorflow_lab(rgb: Any) -> Any:
    linear = tf.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    to_xyz = tf.constant(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    xyz = tf.tensordot(linear, to_xyz, [[-1], [1]]) / tf.constant([0.95047, 1.0, 1.08883])
    f = tf.where(xyz > 216 / 24389, xyz ** (1 / 3), (24389 / 27 * xyz + 16) / 116)
    x, y, z = tf.unstack(f, axis=-1)
    return tf.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def _scaled(lab: Any) -> tuple[Any, Any]:
    return lab[..., :1] / 50 - 1, lab[..., 1:] / AB_SCALE


def _batches(files: list[str], mapped: Callable[..., Any]) -> Batches:
    names = tf.data.Dataset.from_tensor_slices(files).repeat().shuffle(len(files), seed=0)
    ready = names.map(mapped, num_parallel_calls=available_cores(), deterministic=False)
    return iter(ready.batch(BATCH).prefetch(2).as_numpy_iterator())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--crop", type=int, default=128)
    parser.add_argument("--batches", type=int, default=20, help="in each round")
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    files = sorted(str(p) for p in args.folder.rglob("*") if p.suffix in (".jpg", ".jpeg"))
    rgb = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    for name, lab in (
        ("scikit-image", rgb2lab(rgb)),
        ("ops", _tensorflow_lab(np.float32(rgb) / 255)),
    ):
        print(
            f"{name}: L*a*b* within {np.abs(np.asarray(lab) - rgb_to_lab(rgb)).max():.3f} of ours"
        )
    makers = (colorlab_loader, pillow_and_skimage, tensorflow_ops)
    seconds: dict[str, list[float]] = {maker.__name__: [] for maker in makers}
    for _ in range(args.rounds):
        for maker in makers:
            batches = maker(files, args.crop)  # anew: the others' read-ahead must not run along
            for _ in range(4):
                next(batches)
            begin = time.perf_counter()
            for _ in range(args.batches):
                next(batches)
            seconds[maker.__name__].append(time.perf_counter() - begin)
            del batches
    photos = args.batches * BATCH
    ours = median(seconds["colorlab_loader"])
    for name, each in seconds.items():
        ratios = sorted(t / o for t, o in zip(each, seconds["colorlab_loader"], strict=True))
        speed, ratio = photos / median(each), median(each) / ours
        print(
            f"{name:20} {speed:6.0f} crops/s, {ratio:5.2f} x our time "
            f"(rounds {ratios[0]:.2f} to {ratios[-1]:.2f})"
        )


if __name__ == "__main__":
    main()
