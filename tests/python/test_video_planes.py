"""Codes of video: what luma shows, and which chroma makes a colour in which coding."""

from dataclasses import replace

import numpy as np
import pytest
from colorlab.video.planes import Coding, chroma_planes, grey_of, with_bits

BT601 = Coding(8, True, 0.299, 0.114, left=False)
BT709 = Coding(8, False, 0.2126, 0.0722, left=False)


def shown(luma, planes, coding):
    """R'G'B' in 0..255 of luma with chroma of its size, by the formulas of H.273."""
    scale = 1 << (coding.bits - 8)
    cb, cr = (each.astype(float) - 128 * scale for each in planes)
    luma = np.asarray(luma, float)
    if coding.full_range:
        top = (1 << coding.bits) - 1
        y, cb, cr = luma / top, cb / top, cr / top
    else:
        y, cb, cr = (luma / scale - 16) / 219, cb / 224 / scale, cr / 224 / scale
    red, blue = y + (2 - 2 * coding.red) * cr, y + (2 - 2 * coding.blue) * cb
    green = (y - coding.red * red - coding.blue * blue) / (1 - coding.red - coding.blue)
    return 255 * np.stack([red, green, blue], axis=-1)


def test_grey_of_luma():
    codes = np.array([[0, 16, 126, 235, 255]], np.uint8)
    assert grey_of(codes, BT709).tolist() == [[0, 0, 128, 255, 255]]
    assert grey_of(codes, BT601).tolist() == codes.tolist()
    deep = replace(BT709, bits=10)
    codes = np.array([[64, 502, 940, 1023]], np.uint16)
    assert grey_of(codes, deep).tolist() == [[0, 128, 255, 255]]


def test_bits_of_luma():
    codes = np.array([[0, 64, 4095]], np.uint16)
    deep = replace(BT709, bits=12)
    assert with_bits(codes, deep, 10).tolist() == [[0, 16, 1023]]
    assert with_bits(codes, replace(deep, full_range=True), 10).tolist() == [[0, 16, 1023]]
    assert with_bits(codes, deep, 12) is codes
    assert with_bits(np.array([[511]], np.uint16), replace(BT709, bits=9), 10).tolist() == [[1022]]


@pytest.mark.parametrize("bits", [8, 10])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("weights", [(0.299, 0.114), (0.2126, 0.0722), (0.2627, 0.0593)])
def test_a_colour_keeps_its_differences_and_the_luma_in_every_coding(bits, full, weights):
    coding = Coding(bits, full, *weights, left=False)
    grey = np.full((2, 2), 120, np.uint8)
    cbcr = np.array([[[100, 160]]], np.uint8)  # a warm colour, in JFIF's terms
    planes = chroma_planes(cbcr, grey, coding)
    assert planes[0].dtype == (np.uint8 if bits == 8 else np.uint16)
    scale = 1 << (bits - 8)
    top = (1 << bits) - 1
    luma = np.full((1, 1), 120 / 255 * top if full else (16 + 120 / 255 * 219) * scale)
    found = shown(luma, planes, coding)[0, 0]
    wanted = shown(np.full((1, 1), 120), np.moveaxis(cbcr, 2, 0), BT601)[0, 0]
    # The differences between R', G' and B' are the hue; luma is the same number in either weights.
    np.testing.assert_allclose(np.diff(found), np.diff(wanted), atol=3.2 if bits == 8 else 1.5)
    luma_shown = found @ [weights[0], 1 - sum(weights), weights[1]]
    assert luma_shown == pytest.approx(120, abs=1e-6)


def test_grey_stays_grey_in_every_coding():
    cbcr = np.full((3, 3, 2), 128, np.uint8)
    grey = np.random.default_rng(0).integers(0, 256, (5, 5), np.uint8)
    for coding in (BT601, BT709, replace(BT709, left=True), replace(BT709, bits=10)):
        for plane in chroma_planes(cbcr, grey, coding):
            assert (plane == 128 << (coding.bits - 8)).all()


def test_strong_colours_stay_within_what_can_be_shown():
    rng = np.random.default_rng(0)
    for level in (30, 76, 150, 226):
        grey = np.full((40, 40), level, np.uint8)
        # Colours that BT.601 can just show at this luma.
        cbcr = rng.integers(0, 256, (20, 20, 2), np.uint8)
        rgb = shown(np.full((20, 20), level), np.moveaxis(cbcr, 2, 0), BT601)
        cbcr[((rgb < 0) | (rgb > 255)).any(-1)] = 128
        planes = chroma_planes(cbcr, grey, BT709)
        luma = np.full((20, 20), 16 + level / 255 * 219)
        found = shown(luma, planes, BT709)
        assert found.min() > -1.3  # half a code of each chroma
        assert found.max() < 256.3


def test_chroma_lies_where_the_coding_says():
    ramp = np.broadcast_to((100 + 4 * np.arange(12, dtype=np.uint8))[None, :, None], (2, 12, 2))
    grey = np.full((4, 24), 120, np.uint8)
    between, _ = chroma_planes(ramp, grey, BT601)
    left, _ = chroma_planes(ramp, grey, replace(BT601, left=True))
    # A quarter of the distance between two samples of chroma is half a pixel of luma.
    assert (between[:, 1:].astype(int) - left[:, 1:] == 1).all()
