"""Foreign generators: stand-ins with the signatures of known ones, and how others are described."""

import pickle

import colorlab
import numpy as np
import pytest
from colorlab.cli.main import main
from colorlab.errors import (
    InvalidArgumentError,
    ModelIncompatibleError,
    ModelIntegrityError,
    ShapeError,
)
from colorlab.model import adapter
from onnx import TensorProto, helper, numpy_helper

MEAN, DEVIATION = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
GREY = np.linspace(30, 220, 80, dtype=np.uint8)[:, None].repeat(120, 1)


def network(path, inputs, outputs, weights, bias, *, properties=(), domain=""):
    """A 1 x 1 convolution: what it gives is a known function of what it is fed."""
    conv = helper.make_node("Conv", ["input", "weights", "bias"], ["colors"])
    last = helper.make_node("Identity", ["colors"], ["output"], domain=domain)
    weights = np.float32(weights).reshape(len(bias), -1, 1, 1)
    graph = helper.make_graph(
        [conv, last],
        "foreign",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, inputs)],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, outputs)],
        [
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(np.float32(bias), "bias"),
        ],
    )
    opsets = [helper.make_opsetid("", 17)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    made = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    for key, value in properties:
        entry = made.metadata_props.add()
        entry.key, entry.value = key, value
    path.write_bytes(made.SerializeToString())
    return path


def ddcolor(path, side=512, **more):
    shape = [1, 3, side, side]
    weights = [[20, 0, 0], [0, 0, -30]]  # a* = 20 grey + 5, b* = 10 - 30 grey
    return network(path, shape, [1, 2, side, side], weights, [5, 10], **more)


def deoldify(path):
    tint = np.float32([0.1, 0, -0.1]) / DEVIATION
    return network(path, ["n", 3, "h", "w"], ["n", 3, "h", "w"], np.eye(3), tint)


def zhang(path, **more):
    return network(path, ["n", 1, 256, 256], ["n", 2, 256, 256], [[0.3], [-0.2]], [0, 1], **more)


def lab_of(result):
    return colorlab.rgb_to_lab(np.asarray(result))


def close_in_ab(result, a, b, tolerance=1.5):
    """8-bit colours are as near as rounding and the guided upsampling of a ramp allow."""
    lab = lab_of(result)
    inside = (slice(6, -6), slice(6, -6))
    np.testing.assert_allclose(lab[..., 1][inside], a[inside], atol=tolerance)
    np.testing.assert_allclose(lab[..., 2][inside], b[inside], atol=tolerance)
    assert np.abs(lab[..., 0] - colorlab.lightness(GREY)).max() <= 0.5


def test_ddcolor_takes_grey_rgb_and_gives_ab(tmp_path):
    with colorlab.Colorizer(ddcolor(tmp_path / "m.onnx"), adapter="ddcolor") as colorizer:
        result = colorizer.colorize(GREY)
        again = pickle.loads(pickle.dumps(colorizer)).colorize(GREY)
    grey = GREY / 255
    close_in_ab(result, 20 * grey + 5, 10 - 30 * grey)
    np.testing.assert_array_equal(result, again)


def test_zhangs_networks_take_lightness_and_give_ab(tmp_path):
    path = zhang(tmp_path / "m.onnx")
    lightness = colorlab.lightness(GREY)
    for name in ("eccv16", "siggraph17"):
        with colorlab.Colorizer(path, adapter=name, batch_size=2) as colorizer:
            first, second = colorizer.colorize([GREY, GREY])
        close_in_ab(first, 0.3 * lightness, 1 - 0.2 * lightness)
        np.testing.assert_array_equal(first, second)


def test_deoldify_takes_and_gives_normalised_rgb_of_which_ab_are_used(tmp_path):
    with colorlab.Colorizer(deoldify(tmp_path / "m.onnx"), adapter="deoldify") as colorizer:
        result = colorizer.colorize(GREY)
    rgb = GREY[..., None] / np.float32(255) + np.float32([0.1, 0, -0.1])
    expected = colorlab.rgb_to_lab(np.clip(rgb, 0, 1).astype(np.float32))
    middle = slice(20, 60)  # at the ends tinted grey leaves sRGB
    inside = (middle, slice(6, -6))
    np.testing.assert_allclose(lab_of(result)[..., 1:][inside], expected[..., 1:][inside], atol=2.0)


def test_any_other_is_described_in_a_file_beside_it_or_in_the_model(tmp_path):
    path = ddcolor(tmp_path / "m.onnx", 256)
    with pytest.raises(ModelIncompatibleError, match=r"adapter"):
        colorlab.Colorizer(path)
    text = 'adapter = "ddcolor"\nsize = 256\nname = "Small"\nlicence = "MIT"\n'
    beside = tmp_path / "m.onnx.toml"
    beside.write_text(text)
    with colorlab.Colorizer(path) as colorizer:
        assert (colorizer.card.name, colorizer.card.licence) == ("Small", "MIT")
        expected = colorizer.colorize(GREY)
    other = ddcolor(tmp_path / "other.onnx", 256, properties=[(adapter.PROPERTY, text)])
    with colorlab.Colorizer(other.read_bytes()) as colorizer:
        np.testing.assert_array_equal(colorizer.colorize(GREY), expected)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("input = 'L'\noutput = 'ab'", "input is"),
        ("input = 'grey'\noutput = 'yuv'", "output is"),
        ("adapter = 'none'", 'no adapter "none"'),
        ("adapter = 'ddcolor'\nspeed = 3", "no key speed"),
        ("adapter = 'ddcolor'\ninput_scale = [1, 2]", "input_scale is a number, or 3"),
        ("adapter = ", "wrong"),
        ("", "input and output, or adapter"),
        ("adapter = 'ddcolor'\nsize = 'large'", "size must be 32"),
        ("adapter = 'ddcolor'\nsize = 0", "size must be 32"),
        ("adapter = 'ddcolor'\nstride = 1.5", "stride must be 1"),
        ("adapter = 'ddcolor'\nsquare = 'no'", "true or false"),
        ("adapter = 'ddcolor'\nname = 5", "name is a text"),
        ("adapter = 'ddcolor'\nversion = ''", "version must not be empty"),
    ],
)
def test_a_wrong_description_is_named(tmp_path, text, reason):
    path = ddcolor(tmp_path / "m.onnx", 256)
    (tmp_path / "m.onnx.toml").write_text(text)
    with pytest.raises(ModelIncompatibleError, match=reason) as caught:
        colorlab.Colorizer(path)
    assert caught.value.path.endswith("m.onnx.toml")


def test_a_network_that_is_not_what_its_adapter_says_is_refused(tmp_path):
    path = zhang(tmp_path / "m.onnx")
    with pytest.raises(ModelIncompatibleError, match="1 channels, its adapter says 3"):
        colorlab.Colorizer(path, adapter="ddcolor")
    with (
        colorlab.Colorizer(path, adapter="eccv16") as colorizer,
        pytest.raises(ShapeError, match="256 x 256 pixels only"),
    ):
        colorizer.colorize(GREY, size=320)
    with (
        colorlab.Colorizer(deoldify(tmp_path / "d.onnx"), adapter="ddcolor") as colorizer,
        pytest.raises(ModelIncompatibleError, match=r"says ab, \(N, 2, h, w\)"),
    ):
        colorizer.colorize(GREY)
    with pytest.raises(InvalidArgumentError, match="ddcolor, deoldify, eccv16, siggraph17"):
        colorlab.Colorizer(path, adapter="nobody")


def test_foreign_models_are_pinned_and_trusted_only_when_told(tmp_path):
    path = zhang(tmp_path / "m.onnx")
    with pytest.raises(ModelIntegrityError):
        colorlab.Colorizer(path, adapter="eccv16", sha256="0" * 64)
    custom = zhang(tmp_path / "custom.onnx", domain="com.example")
    with pytest.raises(ModelIncompatibleError, match="which is refused"):
        colorlab.Colorizer(custom, adapter="eccv16")
    # Trusted, it gets as far as ONNX Runtime, which has no such operator.
    with pytest.raises(ModelIncompatibleError, match="ONNX Runtime cannot load it"):
        colorlab.Colorizer(custom, adapter="eccv16", trust_model=True)


def test_tensors_in_other_files_are_loaded_only_when_trusted(tmp_path):
    import onnx

    path = zhang(tmp_path / "m.onnx")
    made = onnx.load(path)
    onnx.save(made, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    assert (tmp_path / "weights.bin").exists()
    with pytest.raises(ModelIncompatibleError, match="lie in other files"):
        colorlab.Colorizer(path, adapter="eccv16")
    with colorlab.Colorizer(path, adapter="eccv16", trust_model=True) as colorizer:
        lightness = colorlab.lightness(GREY)
        close_in_ab(colorizer.colorize(GREY), 0.3 * lightness, 1 - 0.2 * lightness)


def test_the_verb_takes_an_adapter(tmp_path):
    colorlab.write(tmp_path / "a.png", GREY)
    path = zhang(tmp_path / "m.onnx")
    words = ["colorize", str(tmp_path / "a.png"), "-o", str(tmp_path / "b.png")]
    assert main([*words, "--model", str(path)]) == 4
    assert main([*words, "--model", str(path), "--adapter", "eccv16"]) == 0
    assert np.abs(lab_of(colorlab.read(tmp_path / "b.png"))[..., 1]).mean() > 5
