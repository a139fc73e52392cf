"""Networks of keras.applications as encoders, and what of them can be exported. No downloads."""

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import sys

import keras
import onnxruntime
from colorlab.errors import ModelIncompatibleError, TrainingError
from colorlab.training import backbones, config, models, onnx_writer


def made(name, **model):
    values = {"architecture": "unet-keras", "backbone": name, "pretrained": False, **model}
    return config.from_dict({"model": {"decoder": [16, 16, 16], **values}})


@pytest.mark.parametrize("name", ["MobileNetV2", "ResNet50", "VGG16", "EfficientNetB0"])
def test_a_backbone_trains_and_exports_to_equal_outputs(name):
    keras.utils.set_random_seed(3)
    settings = made(name)
    generator = models.build_generator(settings.model)
    inference = models.inference_model(generator, settings)
    for layer in inference.layers:  # nothing is left at a start that hides an error
        if isinstance(layer, keras.layers.BatchNormalization):
            rng = np.random.default_rng(len(layer.name))
            layer.set_weights([w + rng.uniform(0, 0.1, w.shape) for w in layer.get_weights()])
    exported = onnx_writer.write(inference, input_name="lightness", output_name="ab", limit=1.0)
    session = onnxruntime.InferenceSession(
        exported.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    x = np.random.default_rng(0).uniform(-1, 1, (2, 64, 96, 1)).astype(np.float32)
    (ab,) = session.run(None, {"lightness": x.transpose(0, 3, 1, 2)})
    wanted = np.clip(inference(x, training=False).numpy(), -1, 1).transpose(0, 3, 1, 2)
    assert ab.shape == (2, 2, 16, 24)
    assert wanted.std() > 1e-5
    np.testing.assert_allclose(ab, wanted, atol=1e-4)


def test_the_backbone_sees_what_it_was_trained_on():
    """A grey's L* comes out as its code, preprocessed: here by channel means, blue first."""
    scale, offset = backbones._preprocessing(keras.applications.ResNet50)
    np.testing.assert_allclose(scale, 1)
    np.testing.assert_allclose(offset, [-103.939, -116.779, -123.68], rtol=1e-6)
    encoder = backbones.build_encoder("ResNet50", pretrained=False)
    rgb = keras.Model(encoder.inputs[0], encoder.get_layer("as_rgb").output)
    black, white = (rgb(np.full((1, 32, 32, 1), x, np.float32)).numpy()[0, 0, 0] for x in (-1, 1))
    np.testing.assert_allclose(black, offset, atol=1e-4)
    np.testing.assert_allclose(white, 255 + offset, atol=1e-4)


def test_weights_are_the_original_s():
    name = "MobileNetV2"
    encoder = backbones.build_encoder(name, pretrained=False)
    taps = [
        tuple(t.shape[1:]) for t in encoder.compute_output_spec(keras.KerasTensor((1, 64, 96, 1)))
    ]
    assert [t[:2] for t in taps] == [(16, 24), (8, 12), (4, 6), (2, 3)]
    body = [w for w in encoder.weights if not w.path.startswith("as_rgb")]
    assert all(w.path.startswith("block_") for w in body)  # what the encoder's optimiser goes by
    whole = keras.applications.MobileNetV2(include_top=False, weights=None)
    assert sum(np.prod(w.shape) for w in body) == whole.count_params()


@pytest.mark.parametrize(
    ("name", "says", "hint"),
    [
        ("MobileNetV9", 'no "MobileNetV9"', "MobileNetV2"),
        ("InceptionV3", "no output at 1/4 of its input", "ResNet50"),
        ("ConvNeXtTiny", "is no layer", "ResNet50"),
    ],
)
def test_what_cannot_be_an_encoder_says_why(name, says, hint):
    with pytest.raises(TrainingError, match=says) as raised:
        backbones.build_encoder(name, pretrained=False)
    assert hint in raised.value.hint


def test_what_cannot_be_exported_is_refused_before_the_training(monkeypatch):
    monkeypatch.delitem(onnx_writer.TRANSLATIONS, keras.layers.DepthwiseConv2D)
    with pytest.raises(ModelIncompatibleError, match=r"DepthwiseConv2D.* cannot be exported"):
        models.build_generator(made("MobileNetV2").model)


def test_a_download_that_fails_says_so(monkeypatch):
    def fail(*args, **kwargs):
        raise OSError("no route to host")

    monkeypatch.setattr(keras.utils, "get_file", fail)

    module = sys.modules[keras.applications.MobileNetV2.__module__]
    monkeypatch.setattr(module.file_utils, "get_file", fail)
    with pytest.raises(TrainingError, match=r"weights of MobileNetV2 cannot be had: no route"):
        backbones.build_encoder("MobileNetV2", pretrained=True)


@pytest.mark.parametrize("model", [{"architecture": "unet-keras"}, {"backbone": "ResNet50"}])
def test_a_backbone_is_named_where_one_is_used(model):
    with pytest.raises(TrainingError, match=r"model\.backbone"):
        config.from_dict({"model": model})
