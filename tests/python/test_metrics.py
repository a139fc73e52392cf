"""Metrics against scikit-image and transcriptions in NumPy."""

import colorlab
import numpy as np
import pytest
from colorlab import _core, metrics
from colorlab.errors import InvalidArgumentError, ShapeError

RNG = np.random.default_rng(2)


def photo(seed, shape=(40, 50, 3)):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def lab_pairs(count=20000):
    first = RNG.uniform([0, -100, -100], [100, 100, 100], (count, 3)).astype(np.float32)
    second = (first + RNG.normal(0, 25, first.shape)).astype(np.float32)
    second[:50, 1:] = 0  # greys, which have no hue
    first[:25, 1:] = 0
    return first, second


def test_delta_e_is_that_of_scikit_image():
    skimage = pytest.importorskip("skimage.color")
    first, second = lab_pairs()
    expected = skimage.deltaE_ciede2000(first.astype(np.float64), second.astype(np.float64))
    np.testing.assert_allclose(metrics.delta_e(first, second), expected, atol=1e-9)
    np.testing.assert_allclose(
        metrics.delta_e(first, second, formula="76"),
        skimage.deltaE_cie76(first.astype(np.float64), second.astype(np.float64)),
        atol=1e-9,
    )


def test_delta_e_is_the_same_on_every_target_wherever_a_pixel_stands():
    skimage = pytest.importorskip("skimage.color")
    first, second = (lab.astype(np.float64) for lab in lab_pairs(5000))
    second[100:200, 1:] = -first[100:200, 1:] * RNG.uniform(0.5, 2, (100, 1))
    second[100:200, 1] += 1e-6  # nearly opposite hues
    second[200:300] = first[200:300]
    expected = skimage.deltaE_ciede2000(first, second)
    results = []
    for target in colorlab.cpu_targets():
        _core.force_target(target)
        try:
            found = metrics.delta_e(first, second)
            apart = [
                metrics.delta_e(first[i : i + 1], second[i : i + 1]) for i in range(0, 5000, 7)
            ]
        finally:
            _core.force_target("")
        np.testing.assert_allclose(found, expected, atol=1e-9)
        np.testing.assert_array_equal(np.ravel(apart), found[::7])
        results.append(found)
    assert all(np.array_equal(each, results[0]) for each in results)


# Of Sharma, Wu & Dalal (2005), table 1: pairs that implementations get wrong.
@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, 2.4900, -0.0010), (50.0, -2.4900, 0.0009), 7.1792),
        ((50.0, 2.4900, -0.0010), (50.0, -2.4900, 0.0011), 7.2195),
        ((50.0, -1.0, 2.0), (50.0, 0.0, 0.0), 2.3669),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_delta_e_2000_of_the_authors_data(first, second, expected):
    found = metrics.delta_e(np.array(first), np.array(second))
    assert found == pytest.approx(expected, abs=5e-5)
    assert metrics.delta_e(np.array(second), np.array(first)) == pytest.approx(expected, abs=5e-5)


def test_colorfulness_by_its_formula():
    image = photo(1)
    red, green, blue = (image[..., i].astype(float) for i in range(3))
    rg, yb = red - green, (red + green) / 2 - blue
    expected = np.sqrt(rg.var() + yb.var()) + 0.3 * np.sqrt(rg.mean() ** 2 + yb.mean() ** 2)
    assert metrics.colorfulness(image) == pytest.approx(expected)
    rg, yb = np.abs(rg), np.abs(yb)
    expected = np.sqrt(rg.var() + yb.var()) + 0.3 * np.sqrt(rg.mean() ** 2 + yb.mean() ** 2)
    assert metrics.colorfulness(image, variant="absolute") == pytest.approx(expected)
    assert metrics.colorfulness(np.full((4, 4, 3), 77, np.uint8)) == 0


def test_psnr_is_that_of_scikit_image():
    skimage = pytest.importorskip("skimage.metrics")
    first, second = photo(1), photo(2)
    expected = skimage.peak_signal_noise_ratio(first, second)
    assert metrics.psnr(first, second) == pytest.approx(expected)
    assert metrics.psnr(first, first) == float("inf")


@pytest.mark.parametrize("shape", [(7, 7, 3), (40, 50, 3), (300, 211, 3)])
def test_ssim_is_that_of_scikit_image(shape):
    skimage = pytest.importorskip("skimage.metrics")
    first = photo(1, shape)
    second = np.clip(first.astype(int) + RNG.integers(-40, 40, shape), 0, 255).astype(np.uint8)
    expected = skimage.structural_similarity(first, second, channel_axis=-1)
    assert metrics.ssim(first, second) == pytest.approx(expected, abs=1e-6)
    assert metrics.ssim(first, first) == 1
    with pytest.raises(ShapeError, match="7 pixels"):
        metrics.ssim(first[:6], first[:6])


def test_mean_delta_e_is_the_mean():
    first, second = lab_pairs(100_000)
    expected = metrics.delta_e(first, second).mean()
    assert metrics.mean_delta_e(first, second) == pytest.approx(expected, rel=1e-12)


def test_edge_bleed_tells_colour_over_an_edge_from_wrong_colour():
    ndimage = pytest.importorskip("scipy.ndimage")
    lab = np.full((64, 64, 3), 50, np.float32)
    lab[:, 32:, 1:] = (-40, 20)
    blurred = lab.copy()
    blurred[..., 1:] = ndimage.uniform_filter(lab[..., 1:], (9, 9, 1))
    wrong = lab + np.float32([0, 12, -5])
    down, across = np.gradient(lab[..., 1:].astype(float), axis=(0, 1))
    edge = ndimage.binary_dilation((down**2 + across**2).sum(-1) > 25, np.ones((5, 5)))
    distance = metrics.ab_distance(lab, blurred)
    expected = distance[edge].mean() - distance[~edge].mean()
    assert metrics.edge_bleed(lab, distance) == pytest.approx(expected, rel=1e-5)
    assert expected > 5
    assert metrics.edge_bleed(lab, metrics.ab_distance(lab, wrong)) == pytest.approx(0, abs=1e-4)
    flat = np.zeros_like(lab)
    assert metrics.edge_bleed(flat, metrics.ab_distance(flat, wrong)) == 0


def test_auc_is_the_area_under_the_share_of_small_errors():
    first, second = (colorlab.rgb_to_lab(photo(seed)) for seed in (3, 4))
    distance = np.hypot(*np.moveaxis((first - second)[..., 1:], -1, 0))
    share = [(distance <= threshold).mean() for threshold in range(151)]
    expected = np.trapezoid(share) / 150 * 100
    counts = metrics.ab_error_counts(first, second)
    assert counts.sum() == distance.size
    assert metrics.auc_from_counts(counts) == pytest.approx(expected)
    assert metrics.auc_from_counts(metrics.ab_error_counts(first, first)) == pytest.approx(100)


def test_grey_fraction_counts_pixels_of_little_chroma():
    lab = np.zeros((10, 10, 3), np.float32)
    lab[:3, :, 1], lab[3:4, :, 2] = 5.0, 1.9
    assert metrics.grey_fraction(lab) == pytest.approx(0.7)


def test_wrong_arguments_are_named():
    with pytest.raises(ShapeError, match=r"\(2, 3\) and \(3, 3\)"):
        metrics.delta_e(np.zeros((2, 3)), np.zeros((3, 3)))
    with pytest.raises(InvalidArgumentError, match="1994"):
        metrics.delta_e(np.zeros((2, 3)), np.zeros((2, 3)), formula="1994")
    with pytest.raises(ShapeError):
        metrics.colorfulness(np.zeros((2, 3), np.uint8))
    with pytest.raises(InvalidArgumentError, match="loud"):
        metrics.colorfulness(photo(0), variant="loud")
    with pytest.raises(ShapeError):
        metrics.psnr(photo(0), photo(0)[:-1])
