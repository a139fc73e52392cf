"""The networks of 2018: as large as they were, exportable, trainable."""

import json

import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("matplotlib")

import onnxruntime
from colorlab.training import checkpoint, config, export, loop, onnx_writer, seed


def test_parameter_counts():
    assert seed.build_generator("seed-256").count_params() == 4_729_922
    assert seed.build_discriminator("seed-256").count_params() == 455_457


@pytest.mark.parametrize("name", ["seed-256", "seed-32"])
def test_onnx_gives_what_keras_gives(name):
    generator = seed.build_generator(name)
    rng = np.random.default_rng(1)
    for weight in generator.weights:
        if len(weight.shape) == 1:
            weight.assign(rng.uniform(0.5, 1.5, tuple(weight.shape)))
    exported = onnx_writer.write(generator, input_name="lightness", output_name="ab", limit=1.0)
    session = onnxruntime.InferenceSession(exported.SerializeToString())
    for shape in ((2, 32, 64, 1), (1, 64, 32, 1)):
        lightness = rng.uniform(-1, 1, shape).astype(np.float32)
        (ab,) = session.run(["ab"], {"lightness": lightness.transpose(0, 3, 1, 2)})
        expected = generator(lightness, training=False)
        assert expected.shape == (*shape[:3], 2)
        np.testing.assert_allclose(ab.transpose(0, 2, 3, 1), expected, atol=1e-4)
    again = seed.build_generator(name)
    onnx_writer.read_weights(exported, again)
    for new, old in zip(again.weights, generator.weights, strict=True):
        np.testing.assert_array_equal(new.numpy(), old.numpy())


def test_it_trains_and_ships(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "LOG_EVERY", 1)
    settings = config.from_dict(
        {
            "data": {"crop": 32, "batch": 4},
            "model": {"architecture": "seed-32", "ab_scale": 127.5},
            "stages": {"pixel_steps": 1, "discriminator_steps": 1, "joint_steps": 2},
        }
    )
    loop.train([photos], tmp_path / "run", settings)
    rows = [json.loads(r) for r in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    assert [row["stage"] for row in rows] == ["decoder", "discriminator", "joint", "joint"]
    assert 0 <= rows[-1]["discriminator_accuracy"] <= 1
    assert checkpoint.load_run(tmp_path / "run").step == 4
    written = export.export(tmp_path / "run", tmp_path / "x.onnx", export.Options())
    assert written.largest_difference <= 1e-4
