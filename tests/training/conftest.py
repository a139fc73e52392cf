"""Small photos and a small configuration; TensorFlow is imported by the tests that need it."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SHARED = Path(os.environ.get("COLORLAB_SHARED", Path(__file__).parents[2].parent / "shared"))


def write_photos(folder, count, size=(90, 70), seed=0):
    """Soft patches of colour, as PNG."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        small = rng.integers(0, 256, (5, 5, 3), dtype=np.uint8)
        image = Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)
        image.save(folder / f"{number:02}.png")
    return folder


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    return write_photos(tmp_path_factory.mktemp("photos"), 10)


@pytest.fixture
def shared_photos():
    if not (SHARED / "photos").is_dir():
        pytest.skip("the shared photographs are not here")
    return SHARED / "photos"
