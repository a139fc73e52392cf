"""colorlab.recolor: its promises about lightness, arguments, errors; real photos where present."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import colorlab
import numpy as np
import pytest
from colorlab import _core
from colorlab.errors import DTypeError, InvalidArgumentError, ShapeError

SHARED = Path(os.environ.get("COLORLAB_SHARED", Path(__file__).parents[3] / "shared"))
VALIDATION = SHARED / "photos" / "val"


def photo(dtype: str, *shape: int) -> Any:
    unit = np.random.default_rng(3).random(shape)
    if dtype == "float32":
        return unit.astype(np.float32)
    return (unit * np.iinfo(dtype).max).round().astype(dtype)


def chroma(height: int, width: int, spread: float = 25.0) -> Any:
    return np.random.default_rng(4).normal(0, spread, (height, width, 2)).astype(np.float32)


@pytest.mark.parametrize("upsample", ["guided", "bilinear"])
@pytest.mark.parametrize("shape", [(60, 83), (60, 83, 1), (60, 83, 3)])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_lightness_is_kept(dtype: str, shape: tuple[int, ...], upsample: Any) -> None:
    image = photo(dtype, *shape)
    before = image.copy()
    rgb = colorlab.recolor(image, chroma(7, 9), upsample=upsample)
    assert np.array_equal(image, before)
    assert rgb.shape == (60, 83, 3)
    assert rgb.dtype == image.dtype
    flat = image[..., 0] if shape[2:] == (1,) else image
    delta = np.abs(colorlab.lightness(np.asarray(rgb)) - colorlab.lightness(flat))
    assert delta.max() <= (0.5 if dtype == "uint8" else 0.01)
    assert delta.mean() <= 0.1
    assert rgb.certificate is not None
    assert rgb.certificate.max_delta_l == pytest.approx(delta.max(), abs=1e-4)
    assert rgb.certificate.mean_delta_l == pytest.approx(delta.mean(), abs=1e-4)


def test_bilinear_is_lightness_joined_with_bilinear_ab() -> None:
    grey, ab = photo("uint8", 37, 90), chroma(5, 6, 8.0)
    l_star = colorlab.lightness(grey)
    full = _core.upsample_ab(ab, l_star, upsample="bilinear")
    lab = np.concatenate([l_star[..., None], full], -1)
    try:
        for target in colorlab.cpu_targets():
            _core.force_target(target)
            painted = np.asarray(colorlab.recolor(grey, ab, upsample="bilinear"))
            apart = np.abs(painted.astype(int) - colorlab.lab_to_rgb(lab))
            assert apart.max() <= 1  # roundings
            assert (apart > 0).mean() < 0.01
    finally:
        _core.force_target("")


def test_luma_is_kept_to_the_files_own_grey() -> None:
    grey = np.tile(np.arange(256, dtype=np.uint8), (40, 1))
    rgb = colorlab.recolor(grey, chroma(5, 16, 60), preserve="luma")
    luma = np.asarray(rgb) @ np.array([0.299, 0.587, 0.114])
    assert np.array_equal(np.rint(luma), grey)
    assert rgb.certificate is not None
    assert rgb.certificate.max_delta_luma <= 0.5
    assert rgb.certificate.reduced_chroma > 0


def test_out_threads_and_layouts_change_nothing() -> None:
    image = photo("uint8", 900, 700)
    ab = chroma(30, 22)
    first = np.asarray(colorlab.recolor(image, ab, threads=1))
    for threads in (2, 3, 8):
        assert np.array_equal(colorlab.recolor(image, ab, threads=threads), first)
    out = np.zeros((900, 700, 3), np.uint8)
    filled = colorlab.recolor(image, ab, out=out)
    assert np.shares_memory(filled, out)
    assert np.array_equal(out, first)
    turned = np.ascontiguousarray(image.T).T  # the same pixels, column by column in memory
    assert np.array_equal(colorlab.recolor(turned, ab), first)
    plain, certificate = _core.recolor(image, ab, certify=False)
    assert certificate is None
    assert np.array_equal(plain, first)


def test_every_target_keeps_the_promise() -> None:
    image = photo("uint8", 64, 101)
    ab = chroma(8, 12, 40)
    best = np.asarray(colorlab.recolor(image, ab)).astype(int)
    try:
        for target in colorlab.cpu_targets():
            _core.force_target(target)
            rgb = colorlab.recolor(image, ab)
            assert rgb.certificate is not None
            assert rgb.certificate.max_delta_l <= 0.5, target
            assert np.abs(np.asarray(rgb) - best).max() <= 1, target
    finally:
        _core.force_target("")


def test_what_cannot_be_done_is_refused() -> None:
    image = photo("uint8", 8, 8)
    ab = chroma(2, 2)
    with pytest.raises(ShapeError):
        colorlab.recolor(image, ab[..., :1])
    with pytest.raises(ShapeError):
        colorlab.recolor(image, np.zeros((0, 2, 2), np.float32))
    with pytest.raises(DTypeError):
        colorlab.recolor(image, ab.astype(np.float64))
    with pytest.raises(InvalidArgumentError, match="finite"):
        colorlab.recolor(image, np.full_like(ab, np.nan))
    with pytest.raises(InvalidArgumentError, match="upsample"):
        colorlab.recolor(image, ab, upsample="nearest")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match="preserve"):
        colorlab.recolor(image, ab, preserve="hue")  # type: ignore[arg-type]
    with pytest.raises(ShapeError):
        colorlab.recolor(image, ab, out=np.empty((8, 9, 3), np.uint8))
    colour = photo("uint8", 8, 8, 3)
    with pytest.raises(InvalidArgumentError):
        colorlab.recolor(colour, ab, out=colour)


@pytest.mark.shared
def test_guided_upsampling_beats_bilinear_on_photos() -> None:
    if not VALIDATION.is_dir():
        pytest.skip(f"no photos at {VALIDATION}")
    gains = []
    for file in sorted(VALIDATION.iterdir())[::40]:
        lab = colorlab.rgb_to_lab(colorlab.read(file))
        lightness, ab = lab[..., 0].copy(), lab[..., 1:].copy()
        low = _core.resize_area(ab, lab.shape[0] // 4, lab.shape[1] // 4)
        error = {
            method: np.abs(_core.upsample_ab(low, lightness, upsample=method) - ab).mean()
            for method in ("bilinear", "guided")
        }
        gains.append(error["guided"] / error["bilinear"])
    assert np.mean(gains) < 0.9
    assert np.max(gains) < 1.0
