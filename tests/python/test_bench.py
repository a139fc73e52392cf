"""Benchmarks: results are right, absent peers are named, reports say what was found."""

import base64
import json
import re

import generators
import numpy as np
import pytest
from colorlab import bootstrap, html_report, read, write
from colorlab.bench import archive, files, kernels, pipeline, report, scaling, suites
from colorlab.bench.pictures import picture
from colorlab.bench.plots import Curves
from colorlab.bench.race import OURS, Case, Competitor, Race, Result, measure
from colorlab.cli.main import main
from colorlab.errors import ColorlabError

pytestmark = pytest.mark.filterwarnings("default")  # the peers' warnings are theirs


def doubling(*competitors, threads=1):
    return Case(
        "made up", "double", "Doubling", "small", threads, 2.0, "M/s",
        lambda: np.arange(4.0),
        competitors,
        lambda numbers, result: float(np.abs(result - 2 * numbers).max()),
        "units",
    )  # fmt: skip


def right(numbers, threads):
    return lambda: numbers + numbers


def wrong(numbers, threads):
    return lambda: numbers * 2 + 0.5


@pytest.mark.parametrize(
    "case",
    [
        *kernels.cases(("256",)),
        *files.cases(("256",)),
        *archive.cases(("256",)),
        *pipeline.cases({"256": 2}),
    ],
    ids=lambda case: f"{case.suite}: {case}",
)
def test_every_competitor_gives_the_right_result(case):
    names = [each.name for each in case.competitors]
    result = measure(case, seconds=0)  # raises for a wrong result
    assert names[0] == OURS
    assert sorted([*result.seconds, *result.absent]) == sorted(names)
    assert result.errors[OURS] <= case.competitors[0].tolerance
    assert all(len(seconds) == 5 for seconds in result.seconds.values())


def test_a_wrong_result_is_never_timed():
    ours, off = Competitor(OURS, right, 0), Competitor("peer", wrong, 0.1)
    with pytest.raises(ColorlabError, match=r"peer is off by 0\.5 units, at most 0\.1"):
        Race(doubling(ours, off))


def test_absent_peers_are_named_and_the_single_threaded_left_out():
    ours = Competitor(OURS, right, 0)
    absent = Competitor("absent", wrong, 0, ("no_such_module",))
    slow = Competitor("slow", right, 0, largest=1.0)
    alone = Competitor("alone", right, 0, threaded=False)
    assert measure(doubling(ours, absent, slow, alone), seconds=0).absent == ["absent"]
    race = Race(doubling(ours, absent, slow, alone))
    assert list(race.peers) == ["alone"]
    assert list(Race(doubling(ours, alone, threads=0)).peers) == []


def test_the_ratio_is_that_of_the_medians_with_its_interval():
    case = doubling(Competitor(OURS, right), Competitor("peer", right))
    ours, peer = [1.0, 2.0, 1.1, 0.9, 1.0], [3.0, 6.0, 3.2, 2.9, 3.0]
    result = Result(case, {OURS: ours, "peer": peer}, {OURS: 0.0}, []).as_dict()
    first, second = result["competitors"]
    assert first["speed"] == 2.0
    assert second["ratio"] == pytest.approx(3.0)
    assert second["ratio_low"] <= 3.0 <= second["ratio_high"]
    assert second["ratio_low"] > 2.4  # rounds are drawn in pairs: the slow one is slow for both
    assert "ratio" not in first
    assert second["error"] is None


def test_the_bootstrap_agrees_with_theory():
    sample = np.random.default_rng(0).normal(5, 2, 900)
    low, high = bootstrap.interval(lambda x: x.mean(axis=1), sample)
    half = 1.96 * sample.std() / np.sqrt(900)
    assert low == pytest.approx(sample.mean() - half, abs=0.1 * half)
    assert high == pytest.approx(sample.mean() + half, abs=0.1 * half)
    assert bootstrap.interval(lambda x: x.mean(axis=1), sample) == (low, high)
    assert bootstrap.interval(lambda x: x.mean(axis=1), [3.0]) == (3.0, 3.0)


def test_reports_for_terminals_documents_and_browsers():
    case = doubling(Competitor(OURS, right), Competitor("<peer>", right))
    curves = Curves("n", "Speed", "size", "M/s", {"ours": [[1.0, 2.0], [2.0, 3.0]]})
    found = report.assemble([measure(case, seconds=0)], [curves])
    assert json.loads(json.dumps(found)) == found
    assert "Doubling, small, one thread (M/s)" in report.as_text(found)
    assert re.search(r"\| <peer> \|.*\|", report.as_markdown(found))
    pytest.importorskip("matplotlib")
    page = report.as_html(found)
    assert page.count("<svg") == 2
    assert "&lt;peer&gt;" in page
    assert "<peer>" not in page
    assert 'name="viewport"' in page
    assert not re.search(r'(src|href)="?https?:', page)  # xlink namespaces are no requests


def test_pictures_in_a_page_are_small_copies():
    image = np.zeros((64, 128, 3), np.uint16)
    image[:, 64:] = 65535
    text = html_report.picture(image, side=32, alt='"<x>"')
    encoded = re.search(r"base64,([^\"]*)", text).group(1)
    small = read(base64.b64decode(encoded))
    assert small.shape == (16, 32, 3)
    assert small[:, :14].max() < 8
    assert small[:, 18:].min() > 247
    assert "&quot;&lt;x&gt;&quot;" in text
    assert text in html_report.table(["a"], [[text]])


def test_memory_of_a_process_is_measured(tmp_path):
    write(tmp_path / "a.jpg", np.full((64, 64), 99, np.uint8))
    assert 20e6 < scaling.peak_memory(tmp_path / "a.jpg", tmp_path / "b.jpg") < 2e9
    assert (tmp_path / "b.jpg").exists()
    with pytest.raises(ColorlabError, match="no such file"):
        scaling.peak_memory(tmp_path / "none.jpg", tmp_path / "c.jpg")


def test_the_verb_writes_its_report(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    out, page = tmp_path / "b.json", tmp_path / "b.html"
    words = ["bench", "--suite", "kernels", "--match", "recolor, 256, 1", "--seconds", "0"]
    words += ["--json", str(out), "--html", str(page)]
    assert main(words) == 0
    (case,) = json.loads(out.read_text())["cases"]
    assert case["competitors"][0]["name"] == OURS
    assert "MP/s" in capsys.readouterr().out
    assert page.stat().st_size < 5e6
    assert main(words) == 3
    assert "already" in capsys.readouterr().err
    assert main(["bench", "--match", "no such case"]) == 2


def test_suites_are_named_once():
    names = [f"{case.suite}: {case}" for case in suites.cases()]
    assert len(names) == len(set(names))


def test_generators_side_by_side(tmp_path, capsys):
    photos = tmp_path / "photos"
    photos.mkdir()
    for seed in range(3):
        write(photos / f"{seed}.png", picture((48, 64), seed))
    generators.save(generators.constant(), tmp_path / "first.onnx")
    generators.save(generators.by_lightness(), tmp_path / "second.onnx")
    names = [str(tmp_path / each) for each in ("first.onnx", "second.onnx")]
    out, page = tmp_path / "m.json", tmp_path / "m.html"
    words = ["bench", "models", *names, "--data", str(photos)]
    assert main([*words, "--json", str(out), "--html", str(page)]) == 0
    first, second = json.loads(out.read_text())["models"]
    assert (first["label"], second["label"]) == ("first", "second")
    assert first["bytes"] == (tmp_path / "first.onnx").stat().st_size
    assert first["protocol"] == second["protocol"]
    assert first["summary"]["psnr"] != second["summary"]["psnr"]
    assert page.read_text().count("<img") == 3 * 4
    assert "first" in capsys.readouterr().out
    assert main(["bench", "models", "none.onnx", "--data", str(photos)]) == 4
