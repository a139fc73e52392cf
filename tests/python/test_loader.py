"""The training loader: what it finds, what its batches depend on, what it does with bad photos."""

import io
import os
import tarfile
import time
from pathlib import Path

import numpy as np
import pytest
from colorlab import _core, errors
from PIL import Image

SHARED = Path(os.environ.get("COLORLAB_SHARED", Path(__file__).parents[2].parent / "shared"))


def photo(seed, format="JPEG", size=(90, 70)):
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(small).resize(size, Image.Resampling.BICUBIC).save(buffer, format)
    return buffer.getvalue()


def write_tar(path, members, format=tarfile.USTAR_FORMAT):
    with tarfile.open(path, "w", format=format) as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


@pytest.fixture
def photos(tmp_path):
    """A folder of photos in several formats, with a shard and a few other files."""
    (tmp_path / "sub").mkdir()
    for number, (name, format) in enumerate(
        [("b.jpg", "JPEG"), ("a.PNG", "PNG"), ("sub/c.webp", "WEBP"), ("sub/d.jpeg", "JPEG")]
    ):
        (tmp_path / name).write_bytes(photo(number, format))
    write_tar(tmp_path / "z.tar", [(f"{n}.jpg", photo(n)) for n in (7, 5, 6)])
    (tmp_path / "notes.txt").write_text("no photo")
    (tmp_path / "._b.jpg").write_bytes(b"\0\5\x16\7")
    return tmp_path


def loader(items, **options):
    return _core.PhotoLoader(items, **({"batch": 4, "crop": 16, "seed": 3} | options))


def batches(items, count, **options):
    source = loader(items, **options)
    return [source.next() for _ in range(count)]


def assert_same(some, others):
    assert len(some) == len(others)
    for (lightness, ab), (other_lightness, other_ab) in zip(some, others, strict=True):
        np.testing.assert_array_equal(lightness, other_lightness)
        np.testing.assert_array_equal(ab, other_ab)


# Finding


def test_folders_files_and_shards_are_found_in_order(photos):
    items = _core.index_photos([photos])
    assert [item[1] for item in items] == [
        "a.PNG", "b.jpg", "sub/c.webp", "sub/d.jpeg", "5.jpg", "6.jpg", "7.jpg",
    ]  # fmt: skip
    for source, _, offset, size in items:
        with Path(source).open("rb") as file:
            file.seek(offset)
            Image.open(io.BytesIO(file.read(size))).load()
    assert [item[1] for item in _core.index_photos([photos / "b.jpg"])] == ["b.jpg"]
    assert len(_core.index_photos([photos / "z.tar", photos / "sub"])) == 5


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_tars_index_is_pythons(tmp_path, format):
    names = ["a.jpg", "x/" * 40 + "b.jpg", "c" * 90 + ".jpg", "d.txt", "e.png"]
    if format != tarfile.USTAR_FORMAT:
        names += ["long" * 60 + ".jpg", "päth/ü" * 3 + ".jpg", "f" * 1500 + ".webp"]
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=format) as tar:
        for number, name in enumerate(names):
            info = tarfile.TarInfo(name)
            info.size = 100 * number
            info.mtime = 1.5 if format == tarfile.PAX_FORMAT else 1
            tar.addfile(info, io.BytesIO(b"x" * info.size))
            tar.add(Path(__file__).parent, "folder.jpg", recursive=False)
            link = tarfile.TarInfo(f"link{number}.jpg")
            link.type, link.linkname = tarfile.SYMTYPE, "y" * (200 if number == 6 else 20)
            tar.addfile(link)
    with tarfile.open(path) as tar:
        expected = [(m.name, m.offset_data, m.size) for m in tar if m.isreg()]
    photos = [entry for entry in expected if not entry[0].endswith(".txt")]
    assert [item[1:] for item in _core.index_photos([path])] == sorted(photos)


def test_broken_tars_name_the_place(tmp_path):
    path = tmp_path / "a.tar"
    write_tar(path, [("a.jpg", photo(1)), ("b.jpg", photo(2))])
    data = bytearray(path.read_bytes())
    second = _core.index_photos([path])[1][2] - 512
    data[second + 3] ^= 1
    path.write_bytes(data)
    with pytest.raises(errors.CorruptImageError, match=f"byte {second}.*checksum") as caught:
        _core.index_photos([path])
    assert caught.value.path == str(path)
    path.write_bytes(data[: second - 600])
    with pytest.raises(errors.CorruptImageError, match="end early"):
        _core.index_photos([path])


def test_sources_that_hold_no_photos(tmp_path):
    assert _core.index_photos([tmp_path]) == []
    with pytest.raises(errors.InvalidArgumentError, match="no photos"):
        loader([])
    with pytest.raises(FileNotFoundError):
        _core.index_photos([tmp_path / "none"])
    (tmp_path / "a.tgz").write_bytes(b"")
    with pytest.raises(errors.UnsupportedFormatError, match="unpack"):
        _core.index_photos([tmp_path / "a.tgz"])


# Batches


def test_batches_have_the_networks_layout_and_scale(photos):
    lightness, ab = loader(_core.index_photos([photos])).next()
    assert lightness.shape == (4, 16, 16, 1)
    assert ab.shape == (4, 16, 16, 2)
    assert lightness.dtype == ab.dtype == np.float32
    assert -1 <= lightness.min() <= lightness.max() <= 1
    assert 0.1 < np.abs(ab).max() <= 1.2


def test_a_photo_of_one_color_has_its_lab(tmp_path):
    Image.new("RGB", (50, 40), (255, 0, 0)).save(tmp_path / "red.png")
    items = _core.index_photos([tmp_path])
    lightness, ab = loader(items, ab_scale=100.0).next()
    np.testing.assert_allclose(lightness, 53.2408 / 50 - 1, atol=1e-4)
    np.testing.assert_allclose(ab, np.broadcast_to([0.800925, 0.672032], ab.shape), atol=1e-4)


def test_threads_and_queue_do_not_change_anything(photos):
    items = _core.index_photos([photos])
    expected = batches(items, 8, threads=1)
    for threads in (2, 3):
        for queue in (1, 3):
            assert_same(batches(items, 8, threads=threads, queue=queue), expected)


def test_a_run_resumes_at_its_next_sample(photos):
    items = _core.index_photos([photos])
    source = loader(items, threads=2)
    for _ in range(3):
        source.next()
    assert source.next_sample == 12
    rest = [source.next() for _ in range(4)]
    assert_same(batches(items, 4, first_sample=12), rest)


def test_another_seed_gives_other_batches(photos):
    items = _core.index_photos([photos])
    assert not np.array_equal(batches(items, 1, seed=1)[0][0], batches(items, 1, seed=2)[0][0])


def flat_photos(folder, count):
    """Photos told apart by their grey."""
    for number in range(count):
        Image.new("L", (20, 20), 20 + 10 * number).save(folder / f"{number:02}.png")
    return _core.index_photos([folder])


def levels(lightness):
    return np.round(lightness[:, 0, 0, 0], 4)


def test_an_epoch_shows_each_photo_once(tmp_path):
    items = flat_photos(tmp_path, 20)
    first, second, third = (levels(b[0]) for b in batches(items, 3, batch=20, threads=2))
    assert len(set(first)) == 20
    assert set(first) == set(second) == set(third)
    assert list(first) != list(second)


def test_weights_are_kept(tmp_path):
    items = flat_photos(tmp_path, 3)
    weights = [1.0, 0.0, 3.0]
    lightness, _ = batches(items, 1, batch=2000, crop=2, weights=weights)[0]
    _, counts = np.unique(levels(lightness), return_counts=True)
    assert len(counts) == 2
    assert counts[1] / 2000 == pytest.approx(0.75, abs=0.04)
    with pytest.raises(errors.InvalidArgumentError, match="2 weights for 3"):
        loader(items, weights=[1.0, 2.0])


def test_mirroring_half_of_the_samples(tmp_path):
    ramp = np.tile(np.arange(0, 240, 4, dtype=np.uint8), (60, 1))
    Image.fromarray(ramp).save(tmp_path / "ramp.png")
    items = _core.index_photos([tmp_path])
    lightness = batches(items, 1, batch=200)[0][0][..., 0]
    falling = (lightness[:, :, 0] > lightness[:, :, -1]).all(axis=1)
    assert 60 < falling.sum() < 140
    lightness = batches(items, 1, batch=50, flip=False)[0][0][..., 0]
    assert (lightness[:, :, 0] < lightness[:, :, -1]).all()


def test_crops_are_squares_of_the_wanted_scale(tmp_path):
    rows = np.repeat(np.arange(200, dtype=np.uint8)[:, None], 300, axis=1)
    Image.fromarray(rows).save(tmp_path / "rows.png")
    items = _core.index_photos([tmp_path])
    lightness = batches(items, 1, batch=100, min_scale=0.5, crop=25)[0][0][..., 0]
    greys = (lightness + 1) * 50
    assert (greys[:, -1, 0] > greys[:, 0, 0]).all()
    whole = batches(items, 1, batch=3, min_scale=1.0, crop=25)[0][0][..., 0]
    np.testing.assert_allclose(whole[0], whole[1], atol=1e-6)


def test_large_jpegs_look_the_same_decoded_small(tmp_path):
    """The decoder's own reduction may be used; the picture must not move."""
    (tmp_path / "a.jpg").write_bytes(photo(4, "JPEG", (1200, 900)))
    with Image.open(tmp_path / "a.jpg") as image:
        image.save(tmp_path / "b.png")
    jpeg = batches(_core.index_photos([tmp_path / "a.jpg"]), 2, crop=64)
    png = batches(_core.index_photos([tmp_path / "b.png"]), 2, crop=64)
    for (lightness, ab), (other_lightness, other_ab) in zip(jpeg, png, strict=True):
        assert np.abs(lightness - other_lightness).mean() < 0.01
        assert np.abs(ab - other_ab).mean() < 0.01


# Bad photos


def test_unreadable_photos_are_replaced_and_listed_once(photos):
    (photos / "bad.jpg").write_text("Dear diary")
    (photos / "cut.jpg").write_bytes(photo(1)[:500])
    write_tar(photos / "y.tar", [("in.jpg", b"\xff\xd8\xffnothing"), ("ok.jpg", photo(9))])
    items = _core.index_photos([photos])
    expected = batches(items, 10, threads=1)
    assert_same(batches(items, 10, threads=3), expected)
    source = loader(items, threads=2)
    for _ in range(10):
        source.next()
    failed = dict(source.failed())
    assert set(failed) == {
        str(photos / "bad.jpg"), str(photos / "cut.jpg"), str(photos / "y.tar" / "in.jpg"),
    }  # fmt: skip
    assert len(source.failed()) == 3
    assert "text" in failed[str(photos / "bad.jpg")]


def test_photos_that_vanish_are_replaced_too(photos):
    items = _core.index_photos([photos])
    (photos / "b.jpg").unlink()
    source = loader(items)
    for _ in range(5):
        source.next()
    assert [path for path, _ in source.failed()] == [str(photos / "b.jpg")]


def test_nothing_readable_is_an_error(tmp_path):
    (tmp_path / "a.jpg").write_text("Dear diary")
    source = loader(_core.index_photos([tmp_path]), threads=2)
    for _ in range(2):
        with pytest.raises(errors.CorruptImageError, match="64"):
            source.next()


def test_leaving_early_is_quick(photos):
    items = _core.index_photos([photos])
    start = time.monotonic()
    for number in range(30):
        source = loader(items, threads=1 + number % 3, queue=1 + number % 4)
        if number % 2:
            source.next()
        del source
    assert time.monotonic() - start < 10


@pytest.mark.shared
@pytest.mark.skipif(not (SHARED / "photos").is_dir(), reason="the shared photographs are not here")
def test_real_shards():
    paths = sorted((SHARED / "photos").glob("train-*.tar"))
    items = _core.index_photos(paths)
    expected = []
    for path in paths:
        with tarfile.open(path) as tar:
            expected += sorted((m.name, m.offset_data, m.size) for m in tar if m.isreg())
    assert [item[1:] for item in items] == expected
    source = _core.PhotoLoader(items, batch=32, crop=128, threads=2)
    for _ in range(4):
        lightness, ab = source.next()
        assert np.isfinite(lightness).all()
        assert np.isfinite(ab).all()
    assert source.failed() == []
