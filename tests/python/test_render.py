"""The size at which the network sees a photo."""

import math

import pytest
from colorlab.render import MAX_ELONGATION, render_size

SIDES = (1, 7, 31, 32, 33, 100, 128, 200, 255, 256, 257, 300, 640, 1000, 4000, 12000)


@pytest.mark.parametrize(
    ("photo", "expected"),
    [
        ((256, 256), (256, 256)),
        ((3000, 4000), (256, 352)),  # 341 is nearer to 352 than to 320
        ((4000, 3000), (352, 256)),
        ((1080, 1920), (256, 448)),
        ((100, 150), (96, 160)),  # not enlarged to 256
        ((20, 20), (32, 32)),  # one stride is the least
        ((1, 1), (32, 32)),
        ((100, 100000), (32, 2048)),  # a panorama is bounded
    ],
)
def test_sizes(photo, expected):
    assert render_size(*photo, size=256, stride=32) == expected


@pytest.mark.parametrize("stride", [1, 8, 32])
@pytest.mark.parametrize("size", [32, 256, 384])
def test_promises_hold_for_all_shapes(size, stride):
    for height in SIDES:
        for width in SIDES:
            low, high = sorted(render_size(height, width, size=size, stride=stride))
            assert low % stride == 0
            assert high % stride == 0
            short, long = sorted((height, width))
            scale = min(1, size / short, MAX_ELONGATION * size / long)
            assert low <= max(stride, short * scale + stride / 2)
            assert high < max(stride + 1, long * scale + stride)
            assert high <= MAX_ELONGATION * size + stride
            if short * scale >= stride * 4:  # where strides are fine enough, the aspect is kept
                assert abs(math.log(high / low * short / long)) < 0.75 * stride / low + 1e-9
            assert render_size(width, height, size=size, stride=stride) == (
                (low, high) if width <= height else (high, low)
            )
