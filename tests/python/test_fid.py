"""FID: the Frechet maths against closed forms, both preprocessings against their originals."""

import numpy as np
import pytest
from colorlab import fid
from colorlab.errors import InvalidArgumentError, ModelIncompatibleError, ModelNotFoundError
from onnx import TensorProto, helper

RNG = np.random.default_rng(3)


def test_commuting_covariances_have_a_closed_form():
    mean1, mean2 = RNG.normal(size=(2, 6))
    turn = np.linalg.qr(RNG.normal(size=(6, 6)))[0]
    first, second = RNG.uniform(0.1, 4, (2, 6))
    expected = ((mean1 - mean2) ** 2).sum() + ((np.sqrt(first) - np.sqrt(second)) ** 2).sum()
    found = fid.frechet(mean1, turn * first @ turn.T, mean2, turn * second @ turn.T)
    assert found == pytest.approx(expected, rel=1e-10)


def test_general_covariances_agree_with_the_matrix_root():
    linalg = pytest.importorskip("scipy.linalg")
    mean1, mean2 = RNG.normal(size=(2, 5))
    first, second = (a @ a.T for a in RNG.normal(size=(2, 5, 7)))
    root = linalg.sqrtm(first @ second).real
    expected = ((mean1 - mean2) ** 2).sum() + np.trace(first + second - 2 * root)
    assert fid.frechet(mean1, first, mean2, second) == pytest.approx(expected, rel=1e-8)
    singular = first.copy()
    singular[0] = singular[:, 0] = 0
    assert fid.frechet(mean1, singular, mean1, singular) == pytest.approx(0, abs=1e-6)


def test_statistics_are_those_of_all_vectors_at_once():
    vectors = RNG.normal(3, 2, (50, 4))
    statistics = fid.Statistics()
    for vector in vectors:
        statistics.add(vector)
    np.testing.assert_allclose(statistics.mean, vectors.mean(0))
    np.testing.assert_allclose(statistics.covariance, np.cov(vectors.T))
    with pytest.raises(InvalidArgumentError, match="two photos"):
        _ = fid.Statistics(1).mean


@pytest.mark.parametrize("shape", [(97, 130, 3), (640, 411, 3)])
def test_antialiased_is_pillows_bicubic_in_floats(shape):
    image = pytest.importorskip("PIL.Image")
    rgb = RNG.integers(0, 256, shape, dtype=np.uint8)
    found = fid.resized(rgb, 299, antialiased=True)
    for channel in range(3):
        plane = image.fromarray(rgb[..., channel].astype(np.float32))
        expected = np.asarray(plane.resize((299, 299), image.Resampling.BICUBIC))
        np.testing.assert_allclose(found[..., channel], expected, atol=1e-3)


@pytest.mark.parametrize("shape", [(97, 130, 3), (640, 411, 3)])
def test_bilinear_is_opencvs(shape):
    cv2 = pytest.importorskip("cv2")
    rgb = RNG.integers(0, 256, shape, dtype=np.uint8)
    expected = cv2.resize(rgb.astype(np.float32), (299, 299), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(fid.resized(rgb, 299, antialiased=False), expected, atol=2e-3)


def network(tmp_path, *, output=("n", 3)):
    """The means of R, G and B in -1..1 stand in for features."""
    nodes = [helper.make_node("ReduceMean", ["x"], ["y"], axes=[2, 3], keepdims=len(output) // 4)]
    graph = helper.make_graph(
        nodes,
        "inception",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 299, 299])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, list(output))],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path = tmp_path / "inception.onnx"
    path.write_bytes(made.SerializeToString())
    return path


@pytest.mark.parametrize("output", [("n", 3), ("n", 3, 1, 1)])
def test_the_distance_of_photos_is_that_of_their_features(tmp_path, output):
    inception = fid.Inception(network(tmp_path, output=output))
    flat = [np.full((20, 30, 3), color, np.uint8) for color in RNG.integers(0, 255, (8, 3))]
    darker = [rgb // 2 for rgb in flat]
    distance = fid.FrechetDistance(inception)
    for truth, result in zip(flat, darker, strict=True):
        distance.add(truth, result)
    x, y = (np.array([rgb[0, 0] for rgb in each]) / 127.5 - 1 for each in (flat, darker))
    expected = fid.frechet(x.mean(0), np.cov(x.T), y.mean(0), np.cov(y.T))
    found = distance.as_dict()
    assert found["bilinear"]["fid"] == pytest.approx(expected, rel=1e-4)
    assert found["antialiased"]["fid"] == pytest.approx(expected, rel=1e-4)
    assert len(found["inception_sha256"]) == 64


def test_an_absent_or_other_network_is_named(tmp_path):
    with pytest.raises(ModelNotFoundError, match=r"none\.onnx"):
        fid.Inception(tmp_path / "none.onnx")
    (tmp_path / "junk.onnx").write_bytes(b"junk")
    with pytest.raises(ModelIncompatibleError, match="not an ONNX model"):
        fid.Inception(tmp_path / "junk.onnx")
