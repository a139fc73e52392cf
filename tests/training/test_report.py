"""What a run shows: its log, the plot, sheets of samples, lists, the page."""

import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("matplotlib")

from colorlab import image_io
from colorlab.training import checkpoint, config, report, report_page
from matplotlib.figure import Figure


def test_a_log_drops_what_its_checkpoint_does_not_know(tmp_path):
    (tmp_path / "metrics.jsonl").write_text('{"step": 1}\n{"step": 2}\n{"step": 3}\n{"ste')
    assert [row["step"] for row in report.MetricsLog(tmp_path, 2).rows()] == [1, 2]


def test_a_plot_of_few_rows_shows_its_points(tmp_path, monkeypatch):
    """A curve of one point, without a mark on it, would be an empty panel."""
    drawn = []
    save = Figure.savefig

    def keep(figure, *args, **options):
        drawn.append([line for axis in figure.axes for line in axis.get_lines()])
        save(figure, *args, **options)

    monkeypatch.setattr(Figure, "savefig", keep)
    log = report.MetricsLog(tmp_path, 0)
    log.append({"step": 8, "loss": 6.5, "ab_error": 20.0, "discriminator_accuracy": 0.5})
    log.plot()
    for step in range(9, 60):
        log.append({"step": step, "loss": 6.5, "ab_error": 20.0, "discriminator_accuracy": 0.5})
    log.plot()
    single, many = drawn
    assert [line.get_xydata().tolist() for line in single] == [[[8, 6.5]], [[8, 20]], [[8, 0.5]]]
    assert all(line.get_marker() == "o" for line in single)
    assert [len(line.get_xydata()) for line in many] == [52] * 3
    assert image_io.read(tmp_path / "losses.png").shape[2] == 3


def test_no_rows_make_no_plot(tmp_path):
    log = report.MetricsLog(tmp_path, 0)
    log.plot()
    log.append({"step": 1, "images_per_second": 3.0})
    log.plot()
    assert not (tmp_path / "losses.png").exists()


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("side", [32, 128])
def test_every_sample_is_on_the_sheet_and_large_enough(count, side):
    rng = np.random.default_rng(count)
    lightness = np.full((count, side, side, 1), 0.2, np.float32)
    ab = rng.uniform(-0.2, 0.2, (count, 1, 1, 2)).astype(np.float32)
    ab = np.broadcast_to(ab, (count, side, side, 2))
    sheet = report.triptych_sheet(lightness, ab, -ab[:, ::4, ::4], 110.0)
    shown = 96 if side == 32 else side
    rows, columns = -(-count // 2), min(count, 2)
    assert sheet.shape == (rows * shown, columns * 3 * shown, 3)
    for number in range(count):
        y, x = (number // 2 + 0.5) * shown, number % 2 * 3 * shown
        grey, truth, found = (
            sheet[int(y), int(x + (i + 0.5) * shown)].astype(int) for i in range(3)
        )
        assert np.ptp(grey) == 0
        assert np.ptp(truth) > 3
        assert np.abs((truth - grey) + (found - grey)).max() < 25  # opposite colours
    if count == 3:
        assert (sheet[shown:, 3 * shown :] == 255).all()


def test_unreadable_photos_of_all_parts_of_a_run_are_listed_once(tmp_path):
    path = tmp_path / "unreadable.tsv"
    report.write_unreadable(tmp_path, [])
    assert not path.exists()
    report.write_unreadable(tmp_path, [("b.png", "broken")])
    report.write_unreadable(tmp_path, [])
    report.write_unreadable(tmp_path, [("a\udce9.png", "text"), ("b.png", "broken")])
    assert path.read_bytes() == b"b.png\tbroken\na\xe9.png\ttext\n"


def test_the_page_shows_the_latest_sheet_first_whatever_its_step(tmp_path):
    checkpoint.write_config(tmp_path, config.Config())
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "mine.png").write_bytes(b"")
    sheet = np.zeros((4, 4, 3), np.uint8)
    for step in (400, 999_600, 1_000_000):
        report.write_triptychs(tmp_path, step, sheet)
    text = report_page.write(tmp_path, [], []).read_text()
    places = [text.index(f">step {step}<") for step in (1_000_000, 999_600, 400)]
    assert places == sorted(places)
