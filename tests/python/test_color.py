"""Colour conversion from Python: contracts of dtype, layout, `out`, threads; metrics; targets."""

import os
import re
import subprocess
import sys
import sysconfig
import threading

import colorlab
import numpy as np
import pytest
from colorlab import _core, errors


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def reference_lab(rgb):
    """L*a*b* of encoded RGB 0..1 in double precision, independent of the core's constants."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    primaries = np.array([[0.64, 0.33, 0.03], [0.30, 0.60, 0.10], [0.15, 0.06, 0.79]]).T
    white = np.array([0.3127, 0.3290, 0.3583]) / 0.3290
    matrix = primaries * np.linalg.solve(primaries, white)
    t = linear @ matrix.T / white
    f = np.where(t > 216 / 24389, np.cbrt(t), (24389 / 27 * t + 16) / 116)
    fx, fy, fz = np.moveaxis(f, -1, 0)
    return np.stack([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)], -1)


def pixels_of(dtype, shape, rng):
    if dtype == "float32":
        return rng.random(shape, np.float32)
    return rng.integers(0, np.iinfo(dtype).max + 1, shape, dtype)


@pytest.fixture(params=colorlab.cpu_targets())
def target(request):
    _core.force_target(request.param)
    yield request.param
    _core.force_target("")


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_lab_is_exact_on_every_target(dtype, target, rng):
    rgb = pixels_of(dtype, (31, 57, 3), rng)
    scale = 1 if dtype == "float32" else np.iinfo(dtype).max
    expected = reference_lab(rgb.astype(np.float64) / scale)
    lab = colorlab.rgb_to_lab(rgb)
    assert lab.dtype == np.float32
    assert np.abs(lab - expected).max() <= 1e-4
    assert np.abs(colorlab.lightness(rgb) - expected[..., 0]).max() <= 1e-4
    back = colorlab.lab_to_rgb(lab, dtype=dtype)
    assert back.dtype == rgb.dtype
    tolerance = {"uint8": 0, "uint16": 1, "float32": 2e-5}[dtype]
    assert np.abs(back.astype(np.float64) - rgb).max() <= tolerance


@pytest.mark.parametrize("shape", [(3,), (5, 3), (0, 3), (4, 0, 3), (2, 3, 4, 5, 3), (1, 1, 3)])
def test_any_leading_dimensions(shape, rng):
    rgb = pixels_of("uint8", shape, rng)
    lab = colorlab.rgb_to_lab(rgb)
    assert lab.shape == shape
    flat = colorlab.rgb_to_lab(rgb.reshape(-1, 3))
    assert np.array_equal(lab.reshape(-1, 3), flat)
    assert np.array_equal(colorlab.lab_to_rgb(lab), rgb)


def layouts(rgb):
    """The same pixels, laid out in memory in many ways."""
    yield "planar", np.moveaxis(np.ascontiguousarray(np.moveaxis(rgb, -1, 0)), 0, -1)
    yield "fortran", np.asfortranarray(rgb)
    yield "reversed", np.ascontiguousarray(rgb[::-1, ::-1, ::-1])[::-1, ::-1, ::-1]
    yield "strided", np.repeat(np.repeat(rgb, 2, 0), 3, 1)[::2, ::3]
    yield "rgba", np.concatenate([rgb, rgb[..., :1]], -1)[..., :3]
    yield "transposed", np.ascontiguousarray(rgb.swapaxes(0, 1)).swapaxes(0, 1)
    raw = np.zeros(rgb.nbytes + 1, np.uint8)
    unaligned = raw[1:].view(rgb.dtype).reshape(rgb.shape)
    unaligned[...] = rgb
    yield "unaligned", unaligned


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_any_strides_in_and_out(dtype, rng):
    rgb = pixels_of(dtype, (19, 83, 3), rng)
    lab = colorlab.rgb_to_lab(rgb)
    grey = colorlab.lightness(rgb)
    for name, view in layouts(rgb):
        before = view.copy()
        assert np.array_equal(colorlab.rgb_to_lab(view), lab), name
        assert np.array_equal(colorlab.lightness(view), grey), name
        assert np.array_equal(view, before), name
    for name, out in layouts(np.zeros_like(lab)):
        if name == "unaligned":
            with pytest.raises(errors.InvalidArgumentError, match="not aligned"):
                colorlab.rgb_to_lab(rgb, out=out)
            continue
        assert colorlab.rgb_to_lab(rgb, out=out) is out
        assert np.array_equal(out, lab), name


def test_read_only_and_broadcast_inputs_are_read(rng):
    rgb = pixels_of("uint8", (4, 5, 3), rng)
    rgb.flags.writeable = False
    wide = np.broadcast_to(rgb[:, :1], (4, 5, 3))
    assert np.array_equal(
        colorlab.rgb_to_lab(wide), np.repeat(colorlab.rgb_to_lab(rgb[:, :1]), 5, 1)
    )


def test_threads_change_no_bit(rng):
    rgb = pixels_of("uint8", (1200, 1100, 3), rng)
    lab = colorlab.rgb_to_lab(rgb, threads=1)
    lab[..., 1:] *= 1.4
    back = colorlab.lab_to_rgb(lab, threads=1)
    for threads in (2, 3, 8):
        assert np.array_equal(colorlab.lab_to_rgb(lab, threads=threads), back)
        assert np.array_equal(colorlab.lightness(rgb, threads=threads), colorlab.lightness(rgb))


def test_gamut_chroma_keeps_lightness_and_hue(rng):
    lab = np.stack(
        [rng.uniform(2, 98, 5000), rng.uniform(-120, 120, 5000), rng.uniform(-120, 120, 5000)], -1
    ).astype(np.float32)
    made = colorlab.rgb_to_lab(colorlab.lab_to_rgb(lab, dtype="float32"))
    assert np.abs(made[:, 0] - lab[:, 0]).max() < 0.02
    coloured = np.hypot(made[:, 1], made[:, 2]) > 1
    turn = np.arctan2(made[:, 2], made[:, 1]) - np.arctan2(lab[:, 2], lab[:, 1])
    turn = np.abs((turn + np.pi) % (2 * np.pi) - np.pi)[coloured]
    assert turn.max() < 0.01
    clipped = colorlab.rgb_to_lab(colorlab.lab_to_rgb(lab, dtype="float32", gamut="clip"))
    assert np.abs(clipped[:, 0] - lab[:, 0]).max() > 5  # what chroma reduction is for


def test_lightness_of_grey_and_colour(rng):
    grey = pixels_of("uint8", (6, 7), rng)
    l_grey = colorlab.lightness(grey)
    assert l_grey.shape == (6, 7)
    assert np.array_equal(colorlab.lightness(grey[..., None]), l_grey)
    same = colorlab.lightness(np.repeat(grey[..., None], 3, -1))
    assert np.abs(same - l_grey).max() < 1e-4
    out = np.empty((6, 7), np.float32)
    assert colorlab.lightness(grey, out=out) is out
    tensor = _core.lightness(grey, scale=1 / 50, offset=-1)
    assert np.abs(tensor - (l_grey / 50 - 1)).max() < 1e-6
    rgb = pixels_of("uint16", (6, 70, 3), rng)
    tensor = _core.lightness(rgb, scale=1 / 50, offset=-1)
    assert np.abs(tensor - (colorlab.lightness(rgb) / 50 - 1)).max() < 1e-6
    with pytest.raises(errors.ShapeError):
        colorlab.lightness(grey[0])


def test_what_is_refused(rng):
    rgb = pixels_of("uint8", (4, 5, 3), rng)
    lab = colorlab.rgb_to_lab(rgb)
    frozen = np.empty_like(lab)
    frozen.flags.writeable = False
    buffer = np.zeros((4, 5, 3), np.float32)
    cases = [
        (errors.DTypeError, "float64", lambda: colorlab.rgb_to_lab(rgb.astype(float))),
        (errors.DTypeError, "int64", lambda: colorlab.rgb_to_lab(rgb.astype(np.int64))),
        (errors.DTypeError, ">u2", lambda: colorlab.rgb_to_lab(rgb.astype(">u2"))),
        (errors.DTypeError, "list", lambda: colorlab.rgb_to_lab(rgb.tolist())),
        (errors.DTypeError, "float32", lambda: colorlab.lab_to_rgb(rgb)),
        (errors.ShapeError, r"\(4, 5, 2\)", lambda: colorlab.rgb_to_lab(rgb[..., :2])),
        (errors.ShapeError, r"\(\)", lambda: colorlab.rgb_to_lab(np.array(3, np.uint8))),
        (errors.ShapeError, "out", lambda: colorlab.rgb_to_lab(rgb, out=lab[:2])),
        (errors.DTypeError, "out", lambda: colorlab.rgb_to_lab(rgb, out=lab.astype(float))),
        (errors.DTypeError, "out", lambda: colorlab.lab_to_rgb(lab, dtype="uint16", out=rgb)),
        (errors.InvalidArgumentError, "read-only", lambda: colorlab.rgb_to_lab(rgb, out=frozen)),
        (errors.InvalidArgumentError, "share", lambda: colorlab.rgb_to_lab(buffer, out=buffer)),
        (errors.InvalidArgumentError, "gamut", lambda: colorlab.lab_to_rgb(lab, gamut="none")),
        (errors.InvalidArgumentError, "dtype", lambda: colorlab.lab_to_rgb(lab, dtype="float64")),
        (errors.InvalidArgumentError, "formula", lambda: colorlab.delta_e(lab, lab, formula="94")),
        (errors.ShapeError, "different", lambda: colorlab.delta_e(lab, lab[:3])),
        (errors.DTypeError, "complex", lambda: colorlab.delta_e(lab, lab.astype(complex))),
        (errors.InvalidArgumentError, "variant", lambda: colorlab.colorfulness(rgb, variant="x")),
    ]
    for error, text, call in cases:
        with pytest.raises(error, match=text):
            call()


def test_out_beside_the_input_in_one_buffer_is_fine():
    both = np.zeros((4, 5, 6), np.float32)
    both[..., :3] = 0.5
    colorlab.rgb_to_lab(both[..., :3], out=both[..., 3:])
    assert np.allclose(both[..., 3:], [53.389, 0, 0], atol=1e-3)
    assert (both[..., :3] == 0.5).all()


def test_many_python_threads_at_once(rng):
    rgb = pixels_of("uint8", (200, 300, 3), rng)
    expected = colorlab.rgb_to_lab(rgb)
    right = []

    def work():
        for _ in range(5):
            right.append(np.array_equal(colorlab.rgb_to_lab(rgb, threads=2), expected))  # noqa: PERF401

    workers = [threading.Thread(target=work) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(right) == 30
    assert all(right)


def test_a_forked_child_works_on(rng):
    rgb = pixels_of("uint8", (1100, 1000, 3), rng)
    expected = colorlab.rgb_to_lab(rgb, threads=4)  # threads have run, and tables are made
    child = os.fork()
    if child == 0:
        os._exit(0 if np.array_equal(colorlab.rgb_to_lab(rgb, threads=4), expected) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_free_threaded_python_needs_no_gil_for_it():
    if not sysconfig.get_config_var("Py_GIL_DISABLED"):
        pytest.skip("this Python is not a free-threaded build")
    code = "import sys, colorlab; sys.exit(sys._is_gil_enabled())"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_delta_e(rng):
    lab = colorlab.rgb_to_lab(pixels_of("uint8", (9, 11, 3), rng))
    other = lab + np.float32([3, 4, 12])
    assert np.allclose(colorlab.delta_e(lab, other, formula="76"), 13, atol=1e-4)
    assert colorlab.delta_e(lab, other).shape == (9, 11)
    assert (colorlab.delta_e(lab, lab) == 0).all()
    assert colorlab.delta_e(lab[0, 0], other[0, 0]).shape == ()
    strided = colorlab.delta_e(lab[::-2, ::3], other[::-2, ::3])
    assert np.array_equal(strided, colorlab.delta_e(lab, other)[::-2, ::3])


def test_delta_e_agrees_with_scikit_image(rng):
    skimage_color = pytest.importorskip("skimage.color")
    lab1 = colorlab.rgb_to_lab(pixels_of("uint8", (40, 50, 3), rng))
    lab2 = colorlab.rgb_to_lab(pixels_of("uint8", (40, 50, 3), rng))
    expected = skimage_color.deltaE_ciede2000(lab1.astype(float), lab2.astype(float))
    assert np.abs(colorlab.delta_e(lab1, lab2) - expected).max() < 1e-9


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_colorfulness_is_its_formula(dtype, rng):
    rgb = pixels_of(dtype, (45, 67, 3), rng)
    scale = 255 if dtype == "float32" else 255 / np.iinfo(dtype).max
    r, g, b = np.moveaxis(rgb.astype(float) * scale, -1, 0)
    rg, yb = r - g, (r + g) / 2 - b
    for variant in ("hasler", "absolute"):
        expected = np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean())
        found = colorlab.colorfulness(rgb[:, ::-1], variant=variant)
        assert found == pytest.approx(expected, rel=1e-6)
        rg, yb = np.abs(rg), np.abs(yb)


def test_targets_are_told_truthfully(target):
    info = colorlab.build_info()
    assert info["active_target"] == target
    assert tuple(info["cpu_targets"]) == tuple(colorlab.cpu_targets())
    assert info["version"] == colorlab.__version__


def test_codecs_and_their_versions_are_told():
    codecs = colorlab.build_info()["codecs"]
    names = {"libjpeg-turbo", "libpng", "libtiff", "libwebp", "lcms2", "libdeflate"}
    assert set(codecs) == names
    assert all(re.fullmatch(r"\d+(\.\d+)+", version) for version in codecs.values())


@pytest.mark.parametrize("name", [*colorlab.cpu_targets(), "MMX"])
def test_the_environment_forces_a_target(name):
    code = "from colorlab import _core; print(_core.active_target())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"COLORLAB_FORCE_TARGET": name},
        capture_output=True,
        text=True,
        check=False,
    )
    if name == "MMX":
        assert done.returncode != 0
        assert "InvalidArgumentError" in done.stderr
        assert colorlab.cpu_targets()[0] in done.stderr
    else:
        assert done.stdout.strip() == name
