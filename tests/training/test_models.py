"""Networks, and their way to ONNX and back."""

import dataclasses

import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("onnx")

import keras
import onnxruntime
from colorlab.errors import ModelIncompatibleError
from colorlab.training import bins, config, losses, models, onnx_writer

RNG = np.random.default_rng(5)
SMALL = config.ModelConfig(pretrained=False, decoder=(16, 16, 8), gain=1.2, temperature=0.5)


@pytest.fixture(scope="module")
def generator():
    """With weights as training leaves them: no zeros, no untouched statistics."""
    model = models.build_generator(SMALL)
    rng = np.random.default_rng(3)
    for weight in model.weights:
        shape = tuple(weight.shape)
        if "variance" in weight.path or "gamma" in weight.path:
            weight.assign(rng.uniform(0.5, 1.5, shape))
        elif len(shape) == 1:
            weight.assign(rng.normal(0, 0.1, shape))
    model.get_layer("residual").kernel.assign(rng.normal(0, 0.02, (1, 1, 8, 2)))
    return model


@pytest.fixture(scope="module")
def inference(generator):
    return models.inference_model(generator, config.Config(model=SMALL))


@pytest.fixture(scope="module")
def lightness():
    return np.random.default_rng(0).uniform(-1, 1, (2, 64, 96, 1)).astype(np.float32)


def run(exported, lightness):
    session = onnxruntime.InferenceSession(exported.SerializeToString())
    (ab,) = session.run(["ab"], {"lightness": lightness.transpose(0, 3, 1, 2)})
    return ab.transpose(0, 2, 3, 1)


def to_onnx(model, **options):
    return onnx_writer.write(model, input_name="lightness", output_name="ab", limit=1.0, **options)


def test_shapes_and_size_of_the_default_generator():
    model = models.build_generator(dataclasses.replace(config.ModelConfig(), pretrained=False))
    count = len(bins.ab_bins())
    assert [tuple(o.shape) for o in model.outputs] == [
        (None, None, None, count),
        (None, None, None, 2),
    ]
    assert 3.6e6 < model.count_params() < 3.8e6


def test_the_regression_head_gives_ab_and_ships(lightness):
    shape = dataclasses.replace(SMALL, head="regression")
    model = models.build_generator(shape)
    model.get_layer("regression").kernel.assign(RNG.normal(0, 0.1, (1, 1, 8, 2)))
    ab = model(lightness, training=False)
    assert ab.shape == (2, 16, 24, 2)
    inference = models.inference_model(model, config.Config(model=shape))
    expected = np.clip(SMALL.gain * ab.numpy(), -1, 1)
    np.testing.assert_allclose(run(to_onnx(inference), lightness), expected, atol=1e-4)


def test_frozen_blocks_do_not_train():
    model = models.build_generator(dataclasses.replace(SMALL, frozen_blocks=2))
    trained = {v.path.split("/")[0].split("_")[0] for v in model.trainable_variables}
    assert not trained & {"stem", "block0", "block1"}
    assert {"block2", "decoder4", "logits"} <= trained


def test_the_inference_network_is_the_annealed_mean(generator, inference, lightness):
    logits, residual = (o.numpy() for o in generator(lightness, training=False))
    assert logits.shape[1:3] == (16, 24)
    sharp = np.exp((logits - logits.max(-1, keepdims=True)) / SMALL.temperature)
    mean = sharp / sharp.sum(-1, keepdims=True) @ bins.ab_bins() / SMALL.ab_scale
    expected = SMALL.gain * (mean + residual)
    np.testing.assert_allclose(inference(lightness, training=False), expected, atol=1e-5)


def test_the_discriminator_sees_lightness_and_color():
    patch = models.build_discriminator(width=8)
    light, ab = np.zeros((2, 32, 32, 1), np.float32), np.zeros((2, 32, 32, 2), np.float32)
    *features, score = patch([light, ab])
    assert len(features) == 3
    assert score.shape[-1] == 1
    assert not np.allclose(score, patch([light + 1, ab])[-1])
    assert not np.allclose(score, patch([light, ab + 1])[-1])
    assert float(losses.feature_matching(features, features)) == 0


def test_onnx_gives_what_keras_gives_at_any_size(inference, lightness):
    exported = to_onnx(inference)
    assert not {n.op_type for n in exported.graph.node} & {"Transpose", "Reshape", "Shape"}
    for tensor in (lightness, lightness[:1, :32, :64]):
        expected = np.clip(inference(tensor, training=False), -1, 1)
        np.testing.assert_allclose(run(exported, tensor), expected, atol=1e-4)


def test_groups_and_several_paddings_are_what_keras_makes_of_them(lightness):
    source = keras.layers.Input((None, None, 1))
    x = keras.layers.Conv2D(4, 3, padding="same")(source)
    x = keras.layers.ZeroPadding2D(((0, 1), (2, 0)))(keras.layers.ZeroPadding2D(1)(x))
    x = keras.layers.Conv2D(6, 3, groups=2)(x)
    model = keras.Model(source, keras.layers.Conv2D(2, 1, activation="tanh")(x))
    np.testing.assert_allclose(run(to_onnx(model), lightness), model(lightness), atol=1e-5)


def test_half_precision_halves_the_file(inference, lightness):
    whole, half = to_onnx(inference), to_onnx(inference, half=True)
    assert half.ByteSize() < 0.56 * whole.ByteSize()
    np.testing.assert_allclose(run(half, lightness), run(whole, lightness), atol=1e-2)


@pytest.mark.parametrize("half", [False, True])
def test_weights_come_back(generator, inference, lightness, half):
    exported = to_onnx(inference, half=half)
    again = models.build_generator(SMALL)
    onnx_writer.read_weights(exported, again)
    for new, old in zip(again.weights, generator.weights, strict=True):
        np.testing.assert_allclose(new.numpy(), old.numpy(), rtol=1e-3 if half else 0, atol=1e-6)


def test_weights_of_another_network_are_refused(inference):
    other = models.build_generator(dataclasses.replace(SMALL, decoder=(16, 16, 16)))
    before = [w.numpy() for w in other.weights]
    with pytest.raises(ModelIncompatibleError, match=r"decoder4_conv/kernel"):
        onnx_writer.read_weights(to_onnx(inference), other)
    for weight, value in zip(other.weights, before, strict=True):
        np.testing.assert_array_equal(weight.numpy(), value)


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        (lambda x: keras.layers.Conv2D(2, 3, activation="gelu", name="odd")(x), "odd"),
        (lambda x: keras.layers.Conv2D(2, 4, strides=2, padding="same", name="even")(x), "even"),
        (lambda x: keras.layers.Conv2D(2, 7, strides=3, padding="same", name="far")(x), "far"),
        (lambda x: keras.layers.MaxPooling2D(2, padding="same", name="pool")(x), "pool"),
        (lambda x: keras.layers.GaussianNoise(0.1, name="noise")(x), "noise"),
        (
            lambda x: keras.layers.UpSampling2D(2, interpolation="bilinear", name="soft")(x),
            "soft",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_translated_is_named(layer, name):
    source = keras.layers.Input((None, None, 1))
    with pytest.raises(ModelIncompatibleError, match=f'"{name}"'):
        to_onnx(keras.Model(source, layer(source)))
