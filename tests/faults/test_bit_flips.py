"""Flipped bits in files of every format: pixels or a typed error, soon, in bounded memory."""

import io
import resource
import time

import numpy as np
import pytest
from colorlab import errors, image_io
from PIL import Image

NOISE = np.random.default_rng(5).integers(0, 256, (9, 12, 3), dtype=np.uint8)
PHOTO = np.asarray(Image.fromarray(NOISE).resize((48, 36), Image.Resampling.BICUBIC))
FILES = {
    "jpeg": [("JPEG", {}), ("JPEG", {"progressive": True, "quality": 95})],
    "png": [("PNG", {}), ("PNG", {"compress_level": 0})],
    "tiff": [
        ("TIFF", {"compression": compression})
        for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits")
    ],
    "webp": [("WEBP", {}), ("WEBP", {"lossless": True})],
    "bmp": [("BMP", {})],
}
SECONDS = 2.0  # of CPU, for one damaged file
MEMORY = 600 << 20  # more than at the start
LIMITS = {"max_pixels": 1 << 24, "max_decoded_bytes": 1 << 27}


def encoded(format, options):
    buffer = io.BytesIO()
    Image.fromarray(PHOTO).save(buffer, format, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("format", FILES)
@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_every_flip_ends_in_pixels_or_in_a_typed_error(format, count):
    originals = [encoded(*each) for each in FILES[format]]
    rng = np.random.default_rng(count)
    slowest = 0.0
    refused = 0
    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(count):
        data = bytearray(originals[number % len(originals)])
        bits = rng.integers(0, 8 * len(data), rng.integers(1, 6))
        if number % 2:  # half of them in the header
            bits %= 8 * min(len(data), 200)
        for bit in bits:
            data[bit // 8] ^= 1 << bit % 8
        begin = time.process_time()
        for on_truncated in ("error", "fill"):
            try:
                pixels = image_io.read(
                    data, mode="unchanged", on_truncated=on_truncated, limits=LIMITS
                )
                assert pixels.size <= 4 * LIMITS["max_pixels"]
                image_io.read_metadata(data)
            except errors.ColorlabError:
                refused += 1
        slowest = max(slowest, time.process_time() - begin)
    assert refused > count // 20
    assert slowest < SECONDS
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start
    assert grown * 1024 < MEMORY
