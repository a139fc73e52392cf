"""The evaluation protocol, its verb, and what becomes of bad photos."""

import json
from pathlib import Path

import colorlab
import numpy as np
import pytest
from colorlab import evaluation
from colorlab.cli.main import main
from colorlab.errors import InputNotFoundError, InvalidArgumentError, OutputError, ShapeError


def photo(seed, height=60, width=80):
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (height // 10, width // 10, 3), dtype=np.uint8)
    return small.repeat(10, 0).repeat(10, 1)


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "truth"
    (folder / "sub").mkdir(parents=True)
    colorlab.write(folder / "a.png", photo(1))
    colorlab.write(folder / "sub" / "b.png", photo(2, 620, 400))
    (folder / "notes.txt").write_text("not a photo")
    return folder


def test_photos_are_found_in_folders_and_lists(photos, tmp_path):
    files = evaluation.photo_files(photos)
    assert [f.name for f in files] == ["a.png", "b.png"]
    listing = tmp_path / "some.txt"
    listing.write_text("# mine\ntruth/sub/b.png\n\n")
    assert evaluation.photo_files(listing) == [photos / "sub" / "b.png"]
    with pytest.raises(InputNotFoundError, match="nowhere"):
        evaluation.photo_files(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidArgumentError, match="no photos"):
        evaluation.photo_files(tmp_path / "empty")


def test_at_most_so_many_photos_are_spread_over_all():
    photos = [Path(f"{number}.png") for number in range(10)]
    assert evaluation.spread(photos, 3) == [photos[0], photos[3], photos[6]]
    assert evaluation.spread(photos, 0) == evaluation.spread(photos, 99) == photos
    with pytest.raises(InvalidArgumentError, match="-3"):
        evaluation.spread(photos, -3)


def test_a_place_for_figures_is_looked_at_before_the_work(photos, tmp_path):
    free = tmp_path / "new.json"
    evaluation.check_free(free, overwrite=False)
    free.write_text("{}")
    evaluation.check_free(free, overwrite=True)
    for path, overwrite, reason in (
        (free, False, "file of this name"),
        (photos, True, "is a folder"),
        (tmp_path / "none" / "a.json", True, "folder does not exist"),
    ):
        with pytest.raises(OutputError, match=reason) as caught:
            evaluation.check_free(path, overwrite=overwrite)
        assert caught.value.path == str(path)


def test_truths_are_reduced_never_enlarged(photos):
    assert evaluation.truth_at(photos / "a.png").shape == (60, 80, 3)
    small = evaluation.truth_at(photos / "sub" / "b.png")
    assert small.shape == (397, 256, 3)
    original = colorlab.read(photos / "sub" / "b.png")
    np.testing.assert_allclose(small.mean((0, 1)), original.mean((0, 1)), atol=0.5)


def test_the_grey_shows_the_photos_lightness():
    truth = photo(3)
    grey = evaluation.to_grey(truth)
    assert grey.shape == truth.shape[:2]
    difference = np.abs(colorlab.lightness(grey) - colorlab.lightness(truth))
    assert difference.max() < 0.35


def test_the_truth_itself_is_perfect_and_grey_is_all_grey(photos):
    files = evaluation.photo_files(photos)
    perfect = evaluation.evaluate(files, lambda _path, truth, _grey: truth, root=photos)
    assert perfect.summary["psnr"] == 100
    assert perfect.summary["delta_e00"] == 0
    assert perfect.summary["auc"] == pytest.approx(100)
    assert perfect.summary["cf_share"] == pytest.approx(1)
    grey = evaluation.evaluate(
        files, lambda _path, _truth, grey: np.repeat(grey[..., None], 3, 2), root=photos
    )
    assert grey.summary == grey.all_grey == perfect.all_grey
    assert grey.summary["cf"] == 0
    assert grey.summary["grey_fraction"] == 1
    assert perfect.protocol == grey.protocol


def test_rebalanced_auc_gives_rare_colors_their_weight():
    truth = np.full((20, 50, 3), 128, np.uint8)
    truth[:, :5] = (255, 0, 0)  # a tenth is red
    scores = evaluation.Scores()
    scores.add("x", truth, np.full_like(truth, 128))
    summary = scores.summary()
    red = colorlab.rgb_to_lab(truth)[0, 0, 1:]
    missed = np.ceil(np.hypot(*red)) / 150  # the share of thresholds that red is beyond
    assert summary["auc"] == pytest.approx(100 - 10 * missed, abs=0.2)
    assert summary["auc_rebalanced"] == pytest.approx(100 - 50 * missed, abs=0.4)


def test_bad_photos_are_listed_and_the_rest_goes_on(photos):
    (photos / "c.jpg").write_bytes(b"\xff\xd8\xff broken")
    found = evaluation.evaluate(
        evaluation.photo_files(photos), lambda _path, truth, _grey: truth, root=photos
    )
    assert [row["name"] for row in found.rows] == ["a.png", "sub/b.png"]
    assert [row["name"] for row in found.failed] == ["c.jpg"]
    with pytest.raises(InvalidArgumentError, match="no photo could be measured"):
        evaluation.evaluate([photos / "c.jpg"], lambda _path, truth, _grey: truth, root=photos)
    with pytest.raises(ShapeError, match="a"):
        evaluation.Scores().add("a", photo(1), photo(1)[:-1])


def test_the_verb_compares_two_folders(photos, tmp_path, capsys):
    output = tmp_path / "colorized"
    for path in evaluation.photo_files(photos):
        target = output / path.relative_to(photos).with_suffix(".jpg")
        target.parent.mkdir(parents=True, exist_ok=True)
        colorlab.write(target, colorlab.read(path), quality=95)
    report = tmp_path / "figures.json"
    assert main(["evaluate", str(photos), str(output), "--json", str(report)]) == 0
    figures = json.loads(report.read_text())
    assert figures["protocol"]["short_side"] == 0
    assert figures["summary"]["psnr"] > 25
    assert len(figures["photos"]) == 2
    assert "over all-grey" in capsys.readouterr().err
    assert main(["evaluate", str(photos), str(output), "--json", str(report)]) == 3
    told = capsys.readouterr().err
    assert "there is a file of this name already" in told
    assert "PSNR" not in told  # found out before anything was measured
    (output / "a.jpg").unlink()
    assert main(["evaluate", str(photos), str(output)]) == 3
    assert "no colorized counterpart" in capsys.readouterr().err


def test_the_verb_wants_one_thing_to_measure(photos, capsys):
    assert main(["evaluate", str(photos)]) == 2
    assert "--model" in capsys.readouterr().err
    assert main(["evaluate", str(photos), "--model", "nowhere.onnx"]) == 4
    assert main(["evaluate", str(photos), str(photos), "--size", "64"]) == 2
    assert main(["evaluate", str(photos), str(photos), "--limit", "-1"]) == 2
    assert main(["evaluate", str(photos), str(photos), "--json", "none/figures.json"]) == 3
    said = capsys.readouterr().err
    assert "--size is for --model" in said
    assert "folder does not exist" in said
    assert "PSNR" not in said  # nothing was measured in vain


def test_counterparts_have_the_same_name_or_else_the_same_stem(tmp_path):
    truth, output = tmp_path / "truth", tmp_path / "output"
    for folder, names in (
        (truth, ("a.jpg", "a.png", "b.jpg")),
        (output, ("a.jpg", "a.png", "b.png")),
    ):
        folder.mkdir()
        for name in names:
            colorlab.write(folder / name, photo(1))
    files = evaluation.photo_files(truth)
    wanted = dict(zip(files, [output / name for name in ("a.jpg", "a.png", "b.png")], strict=True))
    assert evaluation.counterparts(files, truth, output) == wanted
    listing = output / "list.txt"
    listing.write_text("a.jpg\na.png\nb.png\n")
    assert evaluation.counterparts(files, truth, listing) == wanted
    listing.write_text("a.jpg\n")
    with pytest.raises(InputNotFoundError, match="no colorized counterpart") as caught:
        evaluation.counterparts(files, truth, listing)
    assert caught.value.path == str(output / "b")


def noisy(_path, truth, _grey):
    noise = np.random.default_rng(7).integers(-20, 20, truth.shape)
    return np.clip(truth + noise, 0, 255).astype(np.uint8)


def test_photos_are_fitted_as_the_protocol_says():
    wide = np.zeros((60, 120, 3), np.uint8)
    wide[:, 30:90] = 200
    assert evaluation.fitted(wide, 0, "crop") is wide
    assert evaluation.fitted(wide, 30, "keep").shape == (30, 60, 3)
    assert evaluation.fitted(wide, 90, "keep").shape == wide.shape
    crop = evaluation.fitted(wide, 30, "crop")
    assert crop.shape == (30, 30, 3)
    assert (crop == 200).all()
    stretched = evaluation.fitted(wide, 90, "stretch")
    assert stretched.shape == (90, 90, 3)
    assert stretched.mean() == pytest.approx(100, abs=1)


def test_hashes_differ_with_whatever_figures_depend_on(photos):
    files = evaluation.photo_files(photos)
    found = {
        evaluation.evaluate(chosen, noisy, root=photos, short_side=side, fit=fit).protocol["hash"]
        for chosen in (files, files[:1])
        for side in (40, 64)
        for fit in evaluation.FITS
    }
    assert len(found) == 2 * 2 * 3


def test_workers_change_nothing(photos):
    files = evaluation.photo_files(photos) * 4
    seen = []
    one = evaluation.evaluate(files, noisy, root=photos)
    many = evaluation.evaluate(files, noisy, root=photos, workers=3, on_measured=seen.append)
    assert many == one
    assert [photo.row for photo in seen] == one.rows
    assert one.rows[0]["ssim"] < 0.99


def test_the_summary_and_its_intervals():
    scores = evaluation.Scores()
    for seed in range(30):
        truth = photo(seed)
        scores.add(str(seed), truth, noisy(None, truth, None))
    summary, intervals, rows = scores.summary(), scores.intervals(), scores.rows
    cf, cf_truth = (np.array([row[key] for row in rows]) for key in ("cf", "cf_truth"))
    assert summary["delta_cf"] == pytest.approx(abs(cf.mean() - cf_truth.mean()))
    assert summary["delta_cf_per_photo"] == pytest.approx(np.abs(cf - cf_truth).mean())
    assert summary["cf_share"] == pytest.approx(cf.mean() / cf_truth.mean())
    assert summary["cf_absolute"] < summary["cf"]
    assert summary["max_delta_l"] == max(row["max_delta_l"] for row in rows)
    assert set(summary) - set(intervals) == {"max_delta_l"}
    for key, (low, high) in intervals.items():
        assert low <= summary[key] <= high, key
    psnr = np.array([row["psnr"] for row in rows])
    low, high = intervals["psnr"]
    assert high - low == pytest.approx(2 * 1.96 * psnr.std() / np.sqrt(30), rel=0.15)


def test_the_rebalanced_auc_by_its_formula():
    first, second = photo(1), photo(2)
    scores = evaluation.Scores()
    scores.add("x", first, second)
    truth, output = (colorlab.rgb_to_lab(rgb)[..., 1:].reshape(-1, 2) for rgb in (first, second))
    _, classes, sizes = np.unique(
        np.round(truth / 10), axis=0, return_inverse=True, return_counts=True
    )
    weights = 1 / sizes[classes]  # the inverse of each class's frequency
    distance = np.linalg.norm(truth - output, axis=1)
    share = [np.average(distance <= threshold, weights=weights) for threshold in range(151)]
    expected = np.trapezoid(share) / 150 * 100
    assert scores.summary()["auc_rebalanced"] == pytest.approx(expected, abs=1e-4)


def test_the_interval_of_the_rebalanced_auc_is_that_of_photos_drawn_again():
    scores, measured = evaluation.Scores(), []
    for seed in range(12):
        truth = photo(seed)
        output = noisy(None, truth, None) if seed % 2 else photo(seed + 100)
        scores.add(str(seed), truth, output)
        measured.append((str(seed), truth, output))
    rng = np.random.default_rng(3)
    again = []
    for _ in range(150):
        redrawn = evaluation.Scores()
        for number in rng.integers(0, 12, 12):
            redrawn.add(*measured[number])
        again.append(redrawn.summary()["auc_rebalanced"])
    low, high = scores.intervals()["auc_rebalanced"]
    spread = np.std(again)
    assert np.quantile(again, [0.025, 0.975]) == pytest.approx([low, high], abs=0.6 * spread)
    assert spread > 0.1


def test_the_page_is_whole_and_its_pictures_are_chosen(photos, tmp_path, capsys):
    for seed in range(30):
        colorlab.write(photos / f"more{seed}.png", photo(seed))
    out, page = tmp_path / "figures.json", tmp_path / "page.html"
    words = ["evaluate", str(photos), "--model", "default", "--fit", "crop", "--short-side", "64"]
    assert main([*words, "--json", str(out), "--html", str(page)]) == 0
    text, figures = page.read_text(), json.loads(out.read_text())
    assert figures["protocol"]["short_side"] == 64
    assert figures["protocol"]["resize"].startswith("largest centred square")
    assert text.count("<img") == 2 * 12 * 3
    worst = max(figures["photos"], key=lambda row: row["delta_e00"])
    assert f"{worst['name']}: ΔE00 {worst['delta_e00']:.2f}" in text
    assert figures["protocol"]["hash"] in text
    assert 'src="http' not in text
    assert page.stat().st_size < 5e6
    assert "FID" not in capsys.readouterr().err
    assert main([*words, "--inception", str(tmp_path / "none.onnx")]) == 4
    assert "none.onnx" in capsys.readouterr().err
    assert main([*words, "--html", str(page)]) == 3


def test_colorized_photos_of_the_protocols_size_are_taken_as_they_are(photos, tmp_path):
    output = tmp_path / "colorized"
    for path in evaluation.photo_files(photos):
        target = output / path.relative_to(photos).with_suffix(".png")
        target.parent.mkdir(parents=True, exist_ok=True)
        small = (
            evaluation.truth_at(path, 32, "crop") if path.name == "a.png" else colorlab.read(path)
        )
        colorlab.write(target, small)
    out = tmp_path / "figures.json"
    words = ["evaluate", str(photos), str(output), "--fit", "crop", "--short-side", "32"]
    assert main([*words, "--json", str(out)]) == 0
    assert json.loads(out.read_text())["summary"]["psnr"] == 100
