"""pytest-benchmark suites of the colour kernels and their peers; every one asserts its result.

Run by script/bench. The ratios to quote are those of benchmarks/side_by_side.py, which interleaves
the competitors; here each is timed alone.
"""

import colorlab
import numpy as np
import peers
import photos
import pytest
from colorlab import _core

pytestmark = pytest.mark.filterwarnings("default")  # the peers' warnings are theirs


@pytest.fixture(params=["256", "1024", "12MP"])
def rgb(request):
    return photos.picture(request.param)


@pytest.fixture(params=colorlab.cpu_targets())
def target(request):
    _core.force_target(request.param)
    yield request.param
    _core.force_target("")


@pytest.fixture(params=[1, 0], ids=["one thread", "all threads"])
def threads(request):
    return request.param


def planar(array):
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(array, -1, 0)), 0, -1)


@pytest.mark.parametrize("layout", [np.ascontiguousarray, planar], ids=["interleaved", "planar"])
def test_rgb8_to_lab(benchmark, rgb, target, threads, layout):
    source = layout(rgb)
    out = layout(np.empty(rgb.shape, np.float32))
    benchmark(colorlab.rgb_to_lab, source, out=out, threads=threads)
    assert np.array_equal(colorlab.lab_to_rgb(out), rgb)


def test_rgb8_to_lightness(benchmark, rgb, target, threads):
    out = np.empty(rgb.shape[:2], np.float32)
    benchmark(colorlab.lightness, rgb, out=out, threads=threads)
    assert np.abs(out - colorlab.rgb_to_lab(rgb)[..., 0]).max() < 1e-4


@pytest.mark.parametrize("gamut", ["clip", "chroma"])
def test_lab_to_rgb8(benchmark, rgb, target, threads, gamut):
    lab = colorlab.rgb_to_lab(rgb)
    out = np.empty_like(rgb)
    benchmark(colorlab.lab_to_rgb, lab, gamut=gamut, out=out, threads=threads)
    assert np.array_equal(out, rgb)


def test_fused_recolor(benchmark, rgb, target, threads):
    grey = np.ascontiguousarray(rgb[..., 1])
    ab = np.random.default_rng(1).uniform(-15, 15, (256, 256, 2)).astype(np.float32)
    out = np.empty_like(rgb)
    benchmark(_core.recolor, grey, ab, upsample="bilinear", out=out, threads=threads, certify=False)
    assert np.abs(colorlab.lightness(out) - colorlab.lightness(grey)).max() <= 0.5


@pytest.mark.parametrize("index", range(7))
def test_peers_rgb8_to_lab(benchmark, index):
    rgb = photos.picture("1024")
    cases = peers.rgb_to_lab(rgb)
    if index >= len(cases):
        pytest.skip(f"not installed: {', '.join(peers.missing())}")
    benchmark.extra_info["peer"] = cases[index].peer
    result = benchmark(cases[index].run)
    if np.isfinite(cases[index].tolerance):
        assert np.abs(result - colorlab.rgb_to_lab(rgb)).max() <= cases[index].tolerance
