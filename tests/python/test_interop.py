"""Pictures and pipelines of other libraries give what the colorizer itself gives."""

import pickle
import sys
import types

import colorlab
import generators
import numpy as np
import pytest
from colorlab.errors import ShapeError
from colorlab.interop.opencv import colorize_bgr, swap_red_and_blue
from PIL import Image

MODEL = generators.by_lightness().SerializeToString()


@pytest.fixture(scope="module")
def colorizer():
    with colorlab.Colorizer(MODEL, threads=1) as made:
        yield made


@pytest.fixture
def photos(tmp_path):
    """Three photos' paths, of different sizes."""
    paths = []
    for number in range(3):
        paths.append(tmp_path / f"{number}.png")
        pixels = np.random.default_rng(number).integers(0, 256, (50, 60 + number, 3), np.uint8)
        colorlab.write(paths[-1], pixels)
    return paths


def grey(path):
    """Of BT.601's luma, as PIL makes it."""
    return np.asarray(Image.open(path).convert("L"))


# OpenCV


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_pictures_of_opencv(colorizer, dtype):
    rng = np.random.default_rng(0)
    bgr = rng.integers(0, np.iinfo(dtype).max, (40, 50, 3), dtype, endpoint=True)
    wanted = np.asarray(colorizer.colorize(np.ascontiguousarray(bgr[..., ::-1])))
    found = colorize_bgr(bgr, colorizer=colorizer)
    np.testing.assert_array_equal(found, wanted[..., ::-1])
    assert found.flags.c_contiguous
    alpha = rng.integers(0, 256, (40, 50, 1)).astype(dtype)
    with_alpha = colorize_bgr(np.concatenate([bgr, alpha], axis=2), colorizer=colorizer)
    np.testing.assert_array_equal(with_alpha, np.concatenate([found, alpha], axis=2))
    flat = colorize_bgr(bgr[..., 0], colorizer=colorizer, saturation=0.5)
    wanted = colorizer.colorize(np.ascontiguousarray(bgr[..., 0]), saturation=0.5)
    np.testing.assert_array_equal(flat, np.asarray(wanted)[..., ::-1])
    np.testing.assert_array_equal(swap_red_and_blue(swap_red_and_blue(bgr)), bgr)


def test_what_is_no_picture_of_opencv(colorizer):
    with pytest.raises(ShapeError, match="imread"):
        colorize_bgr(None, colorizer=colorizer)
    with pytest.raises(ShapeError):
        colorize_bgr(np.zeros((2, 3, 4, 5), np.uint8), colorizer=colorizer)


def test_files_that_opencv_writes(colorizer, photos, tmp_path):
    cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed")
    cv2.imwrite(
        str(tmp_path / "out.png"), colorize_bgr(cv2.imread(str(photos[0])), colorizer=colorizer)
    )
    np.testing.assert_array_equal(
        colorlab.read(tmp_path / "out.png"), np.asarray(colorizer.colorize(photos[0]))
    )


# PyTorch


def test_lightness_and_ab_as_tensors(photos):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    from colorlab.interop.torch import LightnessAb

    lab = colorlab.rgb_to_lab(colorlab.read(photos[0])).transpose(2, 0, 1)
    transform = pickle.loads(pickle.dumps(LightnessAb()))
    pixels = colorlab.read(photos[0])
    images = (photos[0], photos[0].read_bytes(), pixels, Image.fromarray(pixels))
    for image in (*images, torch.from_numpy(pixels)):
        lightness, ab = transform(image)
        assert lightness.dtype == ab.dtype == torch.float32
        np.testing.assert_allclose(lightness.numpy(), lab[:1] / 50 - 1, atol=1e-6)
        np.testing.assert_allclose(ab.numpy(), lab[1:] / 110, atol=1e-6)


@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_colours_from_the_workers_of_a_loader(colorizer, photos, context):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    from colorlab.interop.torch import Colorize
    from torch.utils.data import DataLoader

    loader = DataLoader(
        Photos([str(path) for path in photos], Colorize(colorizer)),
        batch_size=None,
        num_workers=1,
        multiprocessing_context=context,
    )
    for path, found in zip(photos, loader, strict=True):
        assert found.dtype == torch.uint8
        wanted = np.asarray(colorizer.colorize(path)).transpose(2, 0, 1)
        np.testing.assert_array_equal(found.numpy(), wanted)


class Photos:
    """A data set of PyTorch's, which asks for no base class."""

    def __init__(self, paths, transform):
        self.paths, self.transform = paths, transform

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        return self.transform(self.paths[index])


# tf.data


@pytest.mark.slow
def test_photos_in_a_pipeline_of_tensorflow(colorizer, photos):
    tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    from colorlab.interop.tensorflow import colorized

    paths = tf.data.Dataset.from_tensor_slices([str(path) for path in photos])
    found = colorized(paths, colorizer)
    assert found.element_spec.shape.as_list() == [None, None, 3]
    for path, rgb in zip(photos, found, strict=True):
        np.testing.assert_array_equal(rgb.numpy(), np.asarray(colorizer.colorize(path)))
    pixels = tf.data.Dataset.from_tensors(grey(photos[0]))
    (rgb,) = colorized(pixels, colorizer, preserve="luma")
    wanted = colorizer.colorize(grey(photos[0]), preserve="luma")
    np.testing.assert_array_equal(rgb.numpy(), np.asarray(wanted))
    bad = tf.data.Dataset.from_tensor_slices([str(photos[0]), "gone.png", str(photos[1])])
    assert len(list(colorized(bad, colorizer).ignore_errors())) == 2


# Hugging Face


class Columns:
    """As little of a `datasets.Dataset` as is used."""

    def __init__(self, columns):
        self.columns, self.features = columns, None

    def map(self, function, **_):
        return Columns(self.columns | function(self.columns))


def test_photos_of_16_bits_in_a_column_are_not_cut_off(colorizer, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", types.ModuleType("datasets"))
    from colorlab.interop.huggingface import colorized

    deep = np.linspace(0, 65535, 48 * 64).astype(np.uint16).reshape(48, 64)
    images = [Image.fromarray(deep), Image.fromarray((deep >> 8).astype(np.uint8))]
    made, beside = colorized(Columns({"image": images}), colorizer).columns["colored"]
    assert made.mode == "RGB"
    np.testing.assert_allclose(np.asarray(made, int), np.asarray(beside, int), atol=2)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_column_of_a_hugging_face_data_set(colorizer, photos):
    datasets = pytest.importorskip("datasets", reason="datasets is not installed")
    from colorlab.interop.huggingface import colorized

    column = {"image": [str(path) for path in photos], "year": [1912, 1913, 1914]}
    given = datasets.Dataset.from_dict(column).cast_column("image", datasets.Image())
    for made in (colorized(given, colorizer), colorized(given.to_iterable_dataset(), colorizer)):
        rows = list(made)
        assert [row["year"] for row in rows] == [1912, 1913, 1914]
        for path, row in zip(photos, rows, strict=True):
            wanted = np.asarray(colorizer.colorize(grey(path)))
            np.testing.assert_array_equal(np.asarray(row["colored"]), wanted)
