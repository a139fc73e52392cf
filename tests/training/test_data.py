"""What a run is trained on: folders, globs, lists, shares of several workers, other loops."""

import numpy as np
import pytest
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
