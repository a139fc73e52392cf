"""What a run is trained on: folders, globs, lists, shares of several workers, other loops."""

import dataclasses
import os
import tarfile

import numpy as np
import pytest
from colorlab import image_io
from colorlab.errors import TrainingError
from colorlab.training import config, data

from .conftest import write_photos

SETTINGS = config.from_dict({"data": {"crop": 32, "batch": 2}, "seed": 5})


def names(items):
    return [name for _, name, _, _ in items]


def test_globs_and_lists_name_photos(tmp_path):
    write_photos(tmp_path / "a", 3)
    write_photos(tmp_path / "b", 2)
    assert len(data.index([tmp_path / "*"])) == 5
    assert names(data.index([tmp_path / "a" / "0[12].png"])) == ["01.png", "02.png"]
    (tmp_path / "mine.txt").write_text("# the best\na/02.png\n\nb\n")
    assert len(data.index([tmp_path / "mine.txt"])) == 3
    (tmp_path / "odd[1].png").write_bytes((tmp_path / "a" / "00.png").read_bytes())
    assert names(data.index([tmp_path / "odd[1].png"])) == ["odd[1].png"]


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(TrainingError, match=r"\*\.jpg.*nothing matches"):
        data.index([tmp_path / "*.jpg"])
    (tmp_path / "empty.txt").write_text("# none\n")
    with pytest.raises(TrainingError, match="no photos found"):
        data.index([tmp_path / "empty.txt"])


def test_workers_share_the_photos(photos):
    whole = data.index([photos])
    shares = [data.shard(whole, worker, 3) for worker in range(3)]
    assert sorted(item for share in shares for item in share) == sorted(whole)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    with pytest.raises(TrainingError, match="worker 3 of 3"):
        data.shard(whole, 3, 3)


def test_other_loops_get_the_same_batches(photos):
    pytest.importorskip("tensorflow")
    from colorlab.training import feeds

    source = data.open_source([photos], SETTINGS)
    loader = source.open(seed=5, first_sample=0)
    expected = [loader.next() for _ in range(4)]
    batches = feeds.Batches(source, SETTINGS, batches=4)
    assert len(batches) == 4
    for index in (0, 1, 3, 2):
        for found, wanted in zip(batches[index], expected[index], strict=True):
            np.testing.assert_array_equal(found, wanted)
    for (lightness, ab), wanted in zip(feeds.tf_dataset(source, SETTINGS), expected, strict=False):
        np.testing.assert_array_equal(lightness, wanted[0])
        np.testing.assert_array_equal(ab, wanted[1])


@pytest.mark.skipif(os.name == "nt", reason="file names are text there")
def test_lists_hold_names_that_are_no_text_and_begin_with_an_editor_s_mark(tmp_path):
    (photo,) = write_photos(tmp_path, 1).iterdir()
    odd = os.fsencode(tmp_path) + b"/\xe9t\xe9.png"
    try:
        os.rename(photo, odd)  # noqa: PTH104 - a name that is bytes
    except OSError:
        pytest.skip("this file system takes no such name")
    (tmp_path / "mine.txt").write_bytes(b"\xef\xbb\xbf" + odd + b"\n")
    ((source, *_),) = data.index([tmp_path / "mine.txt"])
    assert os.fsencode(source) == odd


def test_a_manifest_that_does_not_fit_is_named(tmp_path):
    def weights(text):
        path = tmp_path / "manifest.csv"
        path.write_bytes(text)
        found = config.DataConfig(manifest=str(path), source_weights={"a": 2.0})
        return data.item_weights([("", name, 0, 1) for name in ("x.png", "y.png")], found)

    assert weights(b"\xef\xbb\xbffile,source\nx.png,a\n") == [2.0, 1.0]
    with pytest.raises(TrainingError, match=r"manifest\.csv: the manifest has no column 'source'"):
        weights(b"file,origin\nx.png,a\n")
    with pytest.raises(TrainingError, match=r"manifest\.csv: the manifest cannot be read"):
        weights(b"file,source\n\xff\xfe,a\n")
    with pytest.raises(TrainingError, match=r"none is needed without data\.source_weights"):
        data.item_weights([], config.DataConfig(manifest="none.csv", source_weights={"a": 1.0}))


def test_photos_to_look_at_are_spread_and_small_and_can_be_read(tmp_path):
    write_photos(tmp_path, 10)
    (tmp_path / "00.png").write_bytes(b"Dear diary")
    source = data.PhotoSource(data.index([tmp_path]), SETTINGS)
    found = source.photos(7, short_side=35)
    assert [photo.shape for photo in found] == [(35, 45, 3)] * 6
    # 0, 1, 2, 4, 5, 7, 8 of the ten, and the first of these is broken.
    wanted = [
        image_io.reduced(image_io.read(tmp_path / f"0{i}.png"), 35) for i in (1, 2, 4, 5, 7, 8)
    ]
    np.testing.assert_array_equal(found, wanted)
    for path in tmp_path.iterdir():
        path.write_bytes(b"Dear diary")
    with pytest.raises(TrainingError, match="none of the photos can be read"):
        source.photos(3)


def test_where_no_photo_can_be_read_the_first_is_named(tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(b"Dear diary")
    loader = data.open_source([tmp_path], SETTINGS).open(seed=1, first_sample=0)
    with pytest.raises(
        TrainingError, match=r"0\.png: cannot be read: .*nor could 2 others"
    ) as caught:
        loader.next()
    assert "--inspect-data" in caught.value.hint


@pytest.mark.parametrize("kind", ["one photo", "greys", "a tar of one", "tiny"])
def test_small_and_odd_sets_train(tmp_path, kind):
    size = (3, 2) if kind == "tiny" else (90, 70)
    folder = write_photos(tmp_path / "photos", 3 if kind == "greys" else 1, size)
    if kind == "greys":
        for path in folder.iterdir():
            image_io.write(path, image_io.read(path, mode="grey"), overwrite=True)
    if kind == "a tar of one":
        with tarfile.open(tmp_path / "one.tar", "w") as tar:
            tar.add(folder / "00.png", "00.png")
        folder = tmp_path / "one.tar"
    settings = dataclasses.replace(SETTINGS, data=config.DataConfig(crop=64, batch=5))
    loader = data.open_source([folder], settings).open(seed=1, first_sample=0)
    for _ in range(3):
        lightness, ab = loader.next()
        assert np.isfinite(lightness).all()
        assert np.isfinite(ab).all()
        assert (np.abs(ab).max() < 1e-3) == (kind == "greys")
