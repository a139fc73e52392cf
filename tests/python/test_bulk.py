"""Many photos: plans, journals, resuming after any end, bounded memory, reports."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import colorlab
import generators
import numpy as np
import pytest
from colorlab import errors, image_io
from colorlab.bulk import BulkReport, Outcome, Review, execute, make_plan, plan, runner
from colorlab.bulk.journal import Journal, journal_path, print_of
from colorlab.bulk.plan import Job
from colorlab.bulk.runner import Settings
from colorlab.colorizer import Colorizer
from PIL import Image
from trees import tree, write_noise

MODEL = generators.by_lightness().SerializeToString()


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The current folder, with 24 photos in "in"."""
    monkeypatch.chdir(tmp_path)
    generators.save(generators.by_lightness(), tmp_path / "m.onnx")
    write_noise("in", 24, 60, 80, wider=1)
    return tmp_path


def bulk(*arguments, **options):
    return colorlab.bulk(*arguments, **({"model": "m.onnx", "threads": 1} | options))


# Results


def test_the_report_counts_and_the_results_are_those_of_the_colorizer(place):
    Path("in/bad.jpg").write_text("text")
    seen = []
    report = bulk("in", "out", on_outcome=seen.append)
    assert (report.done, report.failed, report.skipped, report.exit_code) == (24, 1, 0, 1)
    assert len(seen) == 25
    assert report.seconds > 0
    (failure,) = report.failures
    assert failure.path == "in/bad.jpg"
    assert isinstance(failure.error, errors.UnsupportedFormatError)
    with Colorizer(MODEL) as colorizer:
        for outcome in seen:
            if outcome.status == "ok":
                alone = colorizer.colorize(outcome.path)
                np.testing.assert_array_equal(image_io.read(outcome.output), alone)
                assert outcome.certificate == alone.certificate


def test_results_do_not_depend_on_workers_batches_or_memory(place):
    bulk("in", "one", workers=1)
    bulk("in", "two", workers=3, batch_size=4, threads=3)
    bulk("in", "three", workers=2, max_memory=1)
    assert tree("one") == tree("two") == tree("three")


def test_a_folder_that_another_worker_makes_meanwhile_is_no_obstacle(place, monkeypatch):
    access = os.access

    def late(path, mode):
        allowed = access(path, mode)
        Path(path).mkdir(parents=True, exist_ok=True)
        return allowed

    monkeypatch.setattr(os, "access", late)
    assert bulk("in", "out", workers=1).done == 24


def test_memory_bounds_how_many_photos_are_in_hand(place, monkeypatch):
    held, most = set(), []
    read, write = runner.read_photo, runner.write_photo

    def counting_read(path, **options):
        held.add(path)
        most.append(len(held))
        return read(path, **options)

    def counting_write(path, *arguments, **options):
        write(path, *arguments, **options)
        held.discard(path.replace("out", "in", 1))

    monkeypatch.setattr(runner, "read_photo", counting_read)
    monkeypatch.setattr(runner, "write_photo", counting_write)
    bulk("in", "out", workers=2, max_memory=1)
    assert max(most) <= 3  # each worker may begin one more before the first is counted


def test_stopping_at_the_first_failure(place):
    Path("in/0/00.png").write_text("text")
    report = bulk("in", "out", on_error="stop", workers=1)
    assert report.stopped
    assert report.failed == 1
    assert report.done < 23


def test_an_exception_of_the_caller_stops_the_work_and_leaves_no_threads(place):
    def fail(outcome):
        raise RuntimeError("enough")

    before = threading.active_count()
    with pytest.raises(RuntimeError, match="enough"):
        bulk("in", "out", on_outcome=fail)
    assert threading.active_count() == before
    assert len(tree("out")) < 24


def test_a_fault_in_a_thread_reaches_the_caller(place, monkeypatch):
    def broken(path, **options):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(runner, "read_photo", broken)
    with pytest.raises(ZeroDivisionError, match="a bug"):
        bulk("in", "out")


def test_arguments_are_checked(place):
    with Colorizer(MODEL) as colorizer, pytest.raises(errors.InvalidArgumentError, match="model"):
        colorlab.bulk("in", "out", colorizer=colorizer, model="m.onnx")
    for options in ({"quality": 101}, {"on_error": "ignore"}, {"workers": 0}, {"max_memory": 0}):
        with pytest.raises(errors.InvalidArgumentError):
            bulk("in", "out", **options)
    assert not Path("out").exists()


def test_numbers_may_be_those_of_numpy(place):
    options = {"saturation": np.float32(1.5), "quality": np.int64(90), "workers": np.int64(1)}
    assert bulk("in/0", "out", format="jpg", **options).done == 8
    assert bulk("in/0", "out", format="jpg", resume=True, saturation=1.5, quality=90).skipped == 8


def test_a_colorizer_given_stays_open(place):
    with Colorizer(MODEL) as colorizer:
        assert colorlab.bulk("in/0", "out", colorizer=colorizer).done == 8
        assert colorizer.colorize("in/0/00.png").shape == (60, 80, 3)


# Plans


def test_every_format_offered_can_be_written(tmp_path):
    for extension in plan.FORMATS.values():
        path = tmp_path / f"x{extension}"
        colorlab.write(path, np.zeros((8, 8, 3), np.uint8))
        assert colorlab.read(path).shape == (8, 8, 3)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_odd_things_in_folders_are_left_alone(place):
    os.mkfifo("in/pipe.png")
    Path("in/loop").symlink_to(".")
    Path("in/dangling.png").symlink_to("nowhere")
    made = make_plan(["in"], "out")
    assert len(made.jobs) == 25
    assert made.ignored == 1
    report = bulk("in", "out")
    assert (report.done, report.failed) == (24, 1)
    assert isinstance(report.failures[0].error, errors.InputNotFoundError)


# Journals


def test_after_a_complete_run_only_new_photos_are_done(place):
    bulk("in", "out")
    before = tree("out")
    assert journal_path("out").parent == place
    assert (bulk("in", "out", resume=True).done, tree("out")) == (0, before)
    Image.fromarray(np.full((9, 9), 7, np.uint8)).save("in/new.png")
    report = bulk("in", "out", resume=True)
    assert (report.done, report.skipped, report.exit_code) == (1, 24, 0)
    assert bulk("in", "out").exit_code == 3  # without resume nothing is known, nothing replaced
    assert tree("out").items() > before.items()


def test_failures_leave_a_journal_and_only_they_are_done_again(place):
    good = Path("in/1/01.png").read_bytes()
    Path("in/1/01.png").write_bytes(good[:100])
    assert bulk("in", "out").failed == 1
    Path("in/1/01.png").write_bytes(good)
    report = bulk("in", "out", resume=True)
    assert (report.done, report.skipped, report.failed) == (1, 23, 0)


def test_changed_photos_and_vanished_results_are_done_again(place):
    Path("in/bad.png").write_text("text")
    bulk("in", "out")
    Path("out/0/00.png").unlink()
    Image.fromarray(np.full((9, 9), 7, np.uint8)).save("in/1/01.png")
    report = bulk("in", "out", resume=True)
    assert (report.done, report.skipped, report.failed) == (2, 22, 1)
    assert image_io.read("out/1/01.png").shape == (9, 9, 3)


def test_a_photo_that_changes_while_it_is_coloured_is_done_again(place, monkeypatch):
    write = runner.write_photo

    def late(path, *arguments, **options):
        if path == "out/1/01.png":
            Image.fromarray(np.full((9, 9), 7, np.uint8)).save("in/1/01.png")
        write(path, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(runner, "write_photo", late)
        assert bulk("in", "out").done == 24
    assert image_io.read("out/1/01.png").shape == (60, 81, 3)
    report = bulk("in", "out", resume=True)
    assert (report.done, report.skipped) == (1, 23)
    assert image_io.read("out/1/01.png").shape == (9, 9, 3)


def test_two_runs_do_not_write_into_one_folder(place):
    refusals = []

    def second(_outcome):
        if refusals:
            return
        for resume in (False, True):
            with pytest.raises(errors.OutputError) as refused:
                bulk("in", "out", resume=resume)
            refusals.append((refused.value.code, refused.value.path))
        assert bulk("in/0/00.png", "other").done == 1

    assert bulk("in", "out", on_outcome=second).done == 24
    assert refusals == [("output_in_use", "out")] * 2
    assert bulk("in", "out", resume=True).skipped == 24


def test_a_resumed_run_never_touches_what_others_put_there(place):
    Path("in/bad.png").write_text("text")
    Path("out/0").mkdir(parents=True)
    Path("out/0/00.png").write_bytes(b"precious")
    for resume in (False, True):
        report = bulk("in", "out", resume=resume)
        assert {each.error.code for each in report.failures} == {
            "output_exists",
            "unsupported_format",
        }
    assert Path("out/0/00.png").read_bytes() == b"precious"


def test_a_file_that_appears_during_a_run_is_never_replaced(place, monkeypatch):
    write = runner.write_photo

    def late(path, *arguments, **options):
        if path == "out/1/01.png":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_text("mine")
        write(path, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(runner, "write_photo", late)
        (failure,) = bulk("in", "out").failures
    assert failure.error.code == "output_exists"
    assert bulk("in", "out", resume=True).failures[0].error.code == "output_exists"
    assert Path("out/1/01.png").read_text() == "mine"


def test_other_settings_cannot_resume(place):
    Path("in/bad.png").write_text("text")
    bulk("in", "out")
    with pytest.raises(errors.InvalidArgumentError, match="other settings") as caught:
        bulk("in", "out", resume=True, saturation=0.5)
    assert caught.value.code == "settings_differ"


def test_every_torn_journal_can_be_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path, settings = tmp_path / "journal", {"s": 1}
    job = Job("a", "b")
    Path("a").write_bytes(b"in")
    Path("b").write_bytes(b"out")
    seen = print_of("a")
    with Journal(path, settings, resume=False) as journal:
        journal.start(job)
        journal.finish(job, seen)
    whole = path.read_bytes()
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        with Journal(path, settings, resume=True) as journal:
            assert journal.is_done(job) == (cut == len(whole))
            journal.finish(job, seen)
        with Journal(path, settings, resume=True) as journal:
            assert journal.is_done(job)


def test_a_damaged_line_only_costs_its_photo(tmp_path):
    path = tmp_path / "journal"
    with Journal(path, {}, resume=False) as journal:
        journal.start(Job("a", str(tmp_path / "b")))
    path.write_bytes(path.read_bytes() + b'{"done": 3}\n\xff\xfe\nnull\n[1]\n')
    with Journal(path, {}, resume=True) as journal:
        assert journal.may_replace(Job("a", str(tmp_path / "b")))


def test_a_line_that_was_cut_short_costs_no_other(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path, job = tmp_path / "journal", Job("in.png", "out.png")
    for name in ("in.png", "out.png"):
        Path(name).write_bytes(b"content")
    with Journal(path, {}, resume=False) as journal:
        whole = journal._file

        class Full:
            """A disk with room for five bytes more."""

            def write(self, data):
                journal._file = whole
                return whole.write(data[:5])

        journal._file = Full()
        with pytest.raises(errors.OutputError, match="cut short"):
            journal.start(Job("other.png", "other-out.png"))
        journal.start(job)
        journal.finish(job, print_of("in.png"))
    with Journal(path, {}, resume=True) as journal:
        assert journal.is_done(job)
        assert journal.may_replace(job)
        assert not journal.may_replace(Job("other.png", "other-out.png"))


def test_killed_at_any_moment_a_resumed_run_ends_as_if_nothing_had_happened(place):
    bulk("in", "expected")
    expected = tree("expected")
    command = [sys.executable, "-m", "colorlab", "colorize", "in", "-o", "out", "--model", "m.onnx"]
    command += ["--resume", "--threads", "1", "--json"]
    kills = 0
    for wait in (0, 1, 4, 9, 15):  # results to wait for before the kill
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            for _ in range(wait):
                process.stdout.readline()
            time.sleep(0.002 * wait)
            process.send_signal(signal.SIGKILL)
        kills += process.returncode == -signal.SIGKILL
        for name, digest in tree("out").items() if Path("out").exists() else ():
            if not name.endswith(".tmp"):
                assert digest == expected[name]
    assert kills >= 3
    assert subprocess.run(command, capture_output=True).returncode == 0
    assert tree("out") == expected


def test_execute_takes_a_plan(place):
    made = make_plan(["in/0/00.png"], "one.png")
    with Colorizer(MODEL) as colorizer:
        assert execute(made, colorizer, Settings()).done == 1
    assert not list(place.glob(".*journal*"))  # there is nothing to resume


# Names


def outputs(made):
    return [job.output for job in made.jobs]


def test_patterns_are_laid_out_below_the_folder_they_start_from(place):
    made = make_plan(["in/**/0*.png"], "out")
    assert len(made.jobs) == 10
    assert outputs(made)[0] == str(Path("out/0/00.png"))
    assert outputs(make_plan(["in/1/*.png"], "out"))[0] == str(Path("out/01.png"))
    Path("in/odd[1].png").write_bytes(Path("in/0/00.png").read_bytes())
    assert outputs(make_plan(["in/odd[1].png"], "out/")) == [str(Path("out/odd[1].png"))]
    with pytest.raises(errors.InvalidArgumentError, match="no photo matches"):
        make_plan(["in/**/*.jpg"], "out")


def test_patterns_leave_out_what_lies_in_the_output_folder(place):
    assert bulk("**/*.png", "in/out").done == 24
    assert len(list(Path("in/out").rglob("*.png"))) == 24
    report = bulk("**/*.png", "in/out", resume=True)
    assert (report.done, report.skipped, report.failed) == (0, 24, 0)
    # A folder that the pattern only starts in, or below, is none that it finds.
    assert (
        len(make_plan(["in/0/*.png"], "in").jobs) == len(make_plan(["in/0/*.png"], ".").jobs) == 8
    )


def test_an_input_without_a_name_is_not_the_current_folder(place):
    with pytest.raises(errors.InvalidArgumentError, match="no name"):
        bulk(["in/0", ""], "out")
    assert not Path("out").exists()


def test_a_single_photo_goes_to_a_file_or_a_folder(place):
    assert outputs(make_plan(["in/0/00.png"], "a.b/c.jpg")) == ["a.b/c.jpg"]
    assert outputs(make_plan(["in/0/00.png"], "scans.2024/")) == [str(Path("scans.2024/00.png"))]
    with pytest.raises(errors.InvalidArgumentError, match=r'"\.2024"') as refused:
        make_plan(["in/0/00.png"], "scans.2024")
    assert f"ends in {os.sep}" in refused.value.hint


def test_templates_name_outputs(place):
    made = make_plan(["in"], "out", name="{parent}/{number:03}-{stem}-colour{ext}", format="jpg")
    assert outputs(made)[:2] == [
        str(Path("out/0/0/001-00-colour.jpg")),
        str(Path("out/0/0/002-03-colour.jpg")),
    ]
    assert outputs(make_plan(["in/0/00.png"], "out", name="{stem}-x")) == [
        str(Path("out/00-x.png"))
    ]
    for template, reason in (
        ("{nothing}", "cannot name"),
        ("{0}", "cannot name"),
        ("{number[0]}", "cannot name"),
        ("../../{stem}{ext}", "no photo in the output folder"),
        ("{stem}{ext}.txt", "no photo in the output folder"),
        ("same{ext}", "both be written"),
    ):
        with pytest.raises(errors.InvalidArgumentError, match=reason):
            make_plan(["in"], "out", name=template)


# The page to review


def test_the_review_shows_the_doubtful_first_and_what_failed(place):
    Path("in/bad.jpg").write_text("text")
    review = Review()
    report = bulk("in", "out", on_outcome=review.add)
    Path("out/0/00.png").unlink()
    text = review.as_html(report)
    assert text.count("<img") == 2 * 24 - 1
    assert "bad.jpg" in text
    assert "does not say how unsure" in text
    assert 'src="http' not in text


def test_uncertainty_is_measured_where_the_generator_tells(place):
    generators.save(generators.classifying(), place / "c.onnx")
    seen = []
    with Colorizer("c.onnx", threads=1) as colorizer:
        execute(
            make_plan(["in"], "out"),
            colorizer,
            Settings(uncertainty=True),
            on_outcome=seen.append,
        )
        plain = colorizer.colorize("in/0/00.png")
        _, spread = colorizer.predict_with_spread(colorizer.prepare("in/0/00.png"))
    assert spread > 0
    assert [each.uncertainty for each in seen] == pytest.approx([spread] * 24)
    assert seen[0].as_dict()["uncertainty"] == pytest.approx(spread, abs=1e-3)
    np.testing.assert_array_equal(colorlab.read("out/0/00.png"), plain)


def test_the_review_is_in_the_order_of_doubt_and_of_time():
    review = Review()
    for number in range(40):
        doubt, seconds = float(number * 7 % 40), float(number * 11 % 40)
        name = f"<{number}>.png"
        review.add(
            Outcome(f"in{name}", f"out{name}", "ok", None, None, seconds, (3, 4), uncertainty=doubt)
        )
    text = review.as_html(BulkReport(done=40))
    shown = [float(x) for x in re.findall(r"out&lt;\d+&gt;\.png: (\d+\.\d)<", text)]
    assert shown == [float(n) for n in range(39, -1, -1)]
    assert re.findall(r"<td>4x3</td><td>([\d.]+)</td>", text)[:2] == ["39.00", "38.00"]


# Luma


def test_luma_of_a_grey_jpeg_is_kept_bit_for_bit(place):
    Path("grey").mkdir()
    rng = np.random.default_rng(3)
    pixels = np.repeat(np.repeat(rng.integers(30, 226, (9, 13), dtype=np.uint8), 8, 0), 8, 1)
    Image.fromarray(pixels).save("grey/odd.jpg", quality=88)
    Image.fromarray(pixels[:71, :95]).save("grey/progressive.jpg", progressive=True)
    Image.fromarray(pixels).convert("RGB").save("grey/rgb.jpg")
    Image.fromarray(pixels).save("grey/lossless.png")
    outcomes = {}
    report = bulk(
        "grey",
        "out",
        preserve="luma",
        on_outcome=lambda outcome: outcomes.update({Path(outcome.path).name: outcome}),
    )
    assert report.exit_code == 0
    for name, outcome in outcomes.items():
        certificate = outcome.certificate
        assert certificate.preserve == "luma"
        assert certificate.lossless == (name in ("odd.jpg", "progressive.jpg"))
        before, after = (image_io.read(p, mode="grey") for p in (outcome.path, outcome.output))
        if certificate.lossless:
            np.testing.assert_array_equal(after, before)
            assert certificate.max_delta_luma == 0
        colored = image_io.read(outcome.output).astype(int)
        assert np.abs(colored[..., 0] - colored[..., 2]).mean() > 3
    # The photo in a file that encodes it anew has the same colours.
    lossless = image_io.read("out/odd.jpg").astype(int)
    encoded = image_io.read("out/lossless.png").astype(int)
    assert np.abs(lossless - encoded).mean() < 6


def test_the_limits_that_let_a_grey_jpeg_in_let_its_chroma_in(place, monkeypatch):
    Image.new("L", (90, 40), 99).save("grey.jpg")
    given = []
    original = image_io.add_chroma

    def spy(*arguments, **options):
        given.append(options["limits"])
        return original(*arguments, **options)

    monkeypatch.setattr(image_io, "add_chroma", spy)
    limits = {"max_pixels": 1 << 30}
    with Colorizer("m.onnx", limits=limits) as colorizer:
        plan = make_plan(["grey.jpg"], "out/")
        assert execute(plan, colorizer, Settings(preserve="luma")).exit_code == 0
    assert given == [limits]
