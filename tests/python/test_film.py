"""Old photographs made from new ones: each effect against NumPy, and none on the colours."""

import numpy as np
import pytest
from colorlab import _core, color, errors
from PIL import Image

SIDE = 48
COUNT = 400
EMULSIONS = np.array(
    [[0.00, 0.12, 0.88], [0.03, 0.55, 0.42], [0.32, 0.38, 0.30], [0.55, 0.38, 0.07]]
)
ALL = {
    "response": 1.0,
    "blur": 1.0,
    "gamma": 0.5,
    "contrast": 0.5,
    "fading": 0.4,
    "grain": 0.08,
    "jpeg": 0.8,
}


def crops(path, count=COUNT, **options):
    """Encoded greys [N,S,S] that the network sees, whole photos unless told otherwise, and ab."""
    source = _core.PhotoLoader(
        _core.index_photos([path]),
        **({"batch": count, "crop": SIDE, "min_scale": 1.0, "flip": False, "seed": 2} | options),
    )
    lightness, ab = source.next()
    lab = np.concatenate([(lightness + 1) * 50, np.zeros_like(ab)], -1)
    return color.lab_to_rgb(lab, dtype="float32")[..., 0], ab


def flat(path, rgb):
    Image.new("RGB", (SIDE, SIDE), rgb).save(path)
    return path


@pytest.fixture
def photo(tmp_path):
    small = np.random.default_rng(1).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    path = tmp_path / "photo.png"
    Image.fromarray(small).resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(path)
    return path


def decode(encoded):
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def test_nothing_is_altered_unless_asked(photo):
    plain = crops(photo, 3)
    assert np.array_equal(plain[0], crops(photo, 3, film={})[0])
    assert np.array_equal(plain[0], crops(photo, 3, film=dict.fromkeys(ALL, 0.0))[0])
    assert np.array_equal(plain[0], crops(photo, 3, film=ALL | {"share": 0.0})[0])


def test_the_target_stays_the_photos_own(photo):
    grey, ab = crops(photo, 20)
    altered, target = crops(photo, 20, film=ALL)
    np.testing.assert_array_equal(target, ab)
    assert (np.abs(altered - grey).mean((1, 2)) > 0.01).mean() > 0.8


def test_samples_do_not_depend_on_threads_or_where_a_run_resumes(photo):
    expected, _ = crops(photo, 12, film=ALL)
    assert np.array_equal(crops(photo, 12, film=ALL, threads=3)[0], expected)
    assert np.array_equal(crops(photo, 5, film=ALL, first_sample=7)[0], expected[7:])
    assert not np.array_equal(crops(photo, 12, film=ALL, seed=3)[0], expected)


def test_a_share_of_the_crops_is_altered(photo):
    plain, _ = crops(photo, 1)
    altered, _ = crops(photo, film={"fading": 0.9, "share": 0.3})
    changed = (np.abs(altered - plain) > 1e-3).any((1, 2))
    assert changed.mean() == pytest.approx(0.3, abs=0.08)


def test_greys_are_what_an_emulsion_recorded(tmp_path):
    """Red, green and blue of one draw lie on one line from luminance to an emulsion."""
    colours = {"r": (255, 0, 0), "g": (0, 255, 0), "b": (0, 0, 255), "w": (255, 255, 255)}
    light = [
        decode(crops(flat(tmp_path / f"{name}.png", rgb), film={"response": 1.0})[0][:, 0, 0])
        for name, rgb in colours.items()
    ]
    red, green, blue, white = light
    np.testing.assert_allclose(white, 1, atol=2e-3)
    np.testing.assert_allclose(red + green + blue, 1, atol=6e-3)
    luminance = np.array([0.2126, 0.7152, 0.0722])
    moved = np.stack([red, green, blue], -1) - luminance
    towards = EMULSIONS - luminance
    share = np.einsum("nc,ec->ne", moved, towards) / (towards**2).sum(-1)
    error = np.abs(moved[:, None] - share[..., None] * towards).max(-1)
    nearest = error.argmin(1)
    assert error.min(1).max() < 4e-3
    strong = np.abs(moved).max(-1) > 0.1
    assert set(nearest[strong]) == {0, 1, 2, 3}
    drawn = share[np.arange(COUNT), nearest]
    assert drawn.min() > -0.02
    assert 0.95 < drawn.max() < 1.02


def test_gamma_contrast_and_fading_are_curves_of_the_grey(tmp_path):
    dark, bright = flat(tmp_path / "dark.png", (51,) * 3), flat(tmp_path / "light.png", (204,) * 3)
    x, y = (crops(path, film={"gamma": 1.0})[0][:, 0, 0] for path in (dark, bright))
    exponent = np.log2(np.log(x) / np.log(51 / 255))
    np.testing.assert_allclose(np.log2(np.log(y) / np.log(204 / 255)), exponent, atol=0.03)
    assert exponent.min() == pytest.approx(-1, abs=0.03)
    assert exponent.max() == pytest.approx(1, abs=0.03)

    x, y = (crops(path, film={"contrast": 1.0})[0][:, 0, 0] for path in (dark, bright))
    np.testing.assert_allclose(x + y, 1, atol=3e-3)
    slope = (y - x) / 0.6
    assert slope.min() == pytest.approx(1, abs=0.02)
    assert slope.max() == pytest.approx(1 / 0.6, abs=1e-3)  # black and white are the ends

    x, y = (crops(path, film={"fading": 0.8})[0][:, 0, 0] for path in (dark, bright))
    kept = (y - x) / 0.6
    assert kept.min() == pytest.approx(0.2, abs=0.02)
    assert kept.max() == pytest.approx(1, abs=0.02)
    black = x - 0.2 * kept
    assert black.min() > -3e-3
    assert (black + kept).max() < 1 + 3e-3


def test_grain_is_strongest_at_middle_grey(tmp_path):
    middle, _ = crops(flat(tmp_path / "middle.png", (128,) * 3), film={"grain": 0.1})
    light, _ = crops(flat(tmp_path / "light.png", (230,) * 3), film={"grain": 0.1})
    noise = middle.std((1, 2))
    assert noise.min() < 0.005
    assert noise.max() == pytest.approx(0.1, abs=0.005)
    np.testing.assert_allclose(middle.mean((1, 2)), 128 / 255, atol=0.012)
    expected = noise * 2 * np.sqrt(230 / 255 * 25 / 255)
    np.testing.assert_allclose(light.std((1, 2)), expected, atol=0.006)
    strong = middle[noise.argmax()] - middle[noise.argmax()].mean()
    assert abs((strong[:, 1:] * strong[:, :-1]).mean()) < 0.1 * strong.var()  # white
    assert abs((strong[:-1] * strong[1:]).mean()) < 0.1 * strong.var()


def test_blur_is_gaussian_in_linear_light(tmp_path):
    pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
    pixels[:, SIDE // 2 :] = 255
    Image.fromarray(pixels).save(tmp_path / "edge.png")
    for across in (False, True):
        image = pixels.transpose(1, 0, 2) if across else pixels
        Image.fromarray(np.ascontiguousarray(image)).save(tmp_path / "edge.png")
        grey, _ = crops(tmp_path / "edge.png", film={"blur": 3.0})
        light = decode(grey.transpose(0, 2, 1) if across else grey)
        np.testing.assert_allclose(light, np.broadcast_to(light[:, :1], light.shape), atol=1e-3)
        spread = np.diff(light[:, 0], axis=-1)
        places = np.arange(SIDE - 1) - (SIDE / 2 - 1)
        sigma = np.sqrt((spread * places**2).sum(-1))
        assert sigma.min() < 0.1
        assert sigma.max() == pytest.approx(3, abs=0.12)


def test_jpeg_leaves_its_blocks(photo):
    plain, _ = crops(photo, 1)
    altered, _ = crops(photo, film={"jpeg": 1.0})
    error = np.abs(altered - plain).mean((1, 2))
    assert error.min() < 0.006
    assert error.max() > 2 * error.min()
    jumps = np.abs(np.diff(altered[error.argmax()], axis=1)).mean(0)
    assert jumps[7::8].mean() > 1.3 * np.abs(np.diff(plain[0], axis=1)).mean(0)[7::8].mean()


def test_strengths_out_of_range_are_refused(photo):
    for film in ({"grain": 0.6}, {"jpeg": -0.1}, {"blur": float("nan")}):
        with pytest.raises(errors.InvalidArgumentError, match=f"film.{next(iter(film))}"):
            crops(photo, 1, film=film)
    with pytest.raises(errors.InvalidArgumentError, match='no film effect "dust"'):
        crops(photo, 1, film={"dust": 1.0})
