"""What is found in a folder of photos before training on it."""

import itertools
import tarfile

import numpy as np
import pytest
from colorlab import image_io
from colorlab.cli.main import main
from colorlab.errors import OutputError
from colorlab.training import data, inspect_data
from PIL import Image

from .conftest import write_photos


@pytest.fixture
def folder(tmp_path):
    """Ten photos, two of them again in other qualities and sizes, two greys and a broken one."""
    photos = write_photos(tmp_path / "photos", 10)
    with Image.open(photos / "03.png") as image:
        image.save(photos / "copy.jpg", quality=80)
        image.resize((61, 47)).save(photos / "small.png")
    for name in ("grey", "sepia"):
        rng = np.random.default_rng(len(name))
        grey = rng.integers(0, 256, (5, 5), dtype=np.uint8)
        image = Image.fromarray(grey).resize((90, 70), Image.Resampling.BICUBIC)
        tint = np.asarray(image.convert("RGB"), np.int64) + (
            np.array([4, 2, 0]) if name == "sepia" else 0
        )
        Image.fromarray(tint.clip(0, 255).astype(np.uint8)).save(photos / f"{name}.png")
    (photos / "broken.jpg").write_text("Dear diary")
    return photos


def test_greys_duplicates_and_broken_ones_are_listed(folder, tmp_path):
    out = tmp_path / "report"
    found = inspect_data.inspect([folder], out)
    names = {number: found.items[number][1] for number in range(len(found.items))}
    assert [names[n] for n, _ in found.unreadable] == ["broken.jpg"]
    assert "text" in found.unreadable[0][1]
    assert {names[n] for n in found.near_grey} == {"grey.png", "sepia.png"}
    (group,) = found.duplicates
    assert [names[n] for n in group] == ["03.png", "copy.jpg", "small.png"]
    assert {names[n] for n in found.kept()} == {f"{n:02}.png" for n in range(10)}

    assert len(data.index([out / "keep.txt"])) == 10
    assert (out / "duplicates.txt").read_text().count("\t") == 2
    sheet = image_io.read(out / "contact.png")
    assert sheet.shape == (64, 12 * 64, 3)
    assert (sheet[:, 5 * 64 :] == 255).all()  # five are flagged
    page = (out / "report.html").read_text()
    assert "1 unreadable, 2 nearly grey, 2 duplicates, 10 to keep" in page
    with pytest.raises(OutputError, match="holds a report already"):
        inspect_data.inspect([folder], out)


def test_of_duplicates_a_coloured_one_is_kept(tmp_path):
    folder = write_photos(tmp_path / "photos", 1)
    with Image.open(folder / "00.png") as image:
        image.convert("L").save(folder / "0-grey.png")  # comes first
    found = inspect_data.inspect([folder], tmp_path / "report")
    assert [found.items[n][1] for n in found.kept()] == ["00.png"]
    assert [[found.items[n][1] for n in group] for group in found.duplicates] == [
        ["00.png", "0-grey.png"]
    ]


def test_photos_in_shards_are_looked_at_but_not_listed(folder, tmp_path):
    with tarfile.open(tmp_path / "more.tar", "w") as tar:
        tar.add(write_photos(tmp_path / "more", 1, seed=8) / "00.png", "x.png")
    out = tmp_path / "report"
    found = inspect_data.inspect([folder, tmp_path / "more.tar"], out)
    assert len(found.kept()) == 11
    assert "x.png" not in (out / "keep.txt").read_text()
    assert "keep.txt names 10 of them" in (out / "report.html").read_text()


def test_groups_are_those_of_all_pairs():
    """Against comparing every photo with every leader."""
    rng = np.random.default_rng(2)
    hashes = {}
    for number in range(300):
        value = int(rng.integers(0, 2**63)) if number % 3 == 0 else hashes[number - 1]
        for bit in rng.choice(64, rng.integers(0, 5), replace=False):
            value ^= 1 << int(bit)
        hashes[number] = value
    leaders, expected = [], {}
    for number, value in hashes.items():
        near = [o for o in leaders if (hashes[o] ^ value).bit_count() <= inspect_data.SAME_BITS]
        if near:
            expected[near[0]].append(number)
        else:
            leaders.append(number)
            expected[number] = [number]
    found = list(inspect_data.groups(hashes))
    assert sorted(found) == sorted(group for group in expected.values() if len(group) > 1)
    assert len(set(itertools.chain(*found))) == sum(map(len, found))


def test_the_verb(folder, tmp_path, capsys):
    out = tmp_path / "report"
    command = ["train", "--inspect-data", "--data", str(folder), "--out", str(out), "--json"]
    assert main(command) == 0
    told = capsys.readouterr()
    assert '"near_grey": 2' in told.out
    assert (out / "report.html").exists()
    assert main(["train", "--inspect-data"]) == 2
    assert main(["train"]) == 2
    assert "CONFIG" in capsys.readouterr().err
