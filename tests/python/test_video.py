"""A video into colour: luma kept, everything else carried over, nothing half-written."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from fractions import Fraction
from pathlib import Path

import clips
import colorlab
import generators
import numpy as np
import pytest
from colorlab import errors
from colorlab.video import colorize_video, output_path

# By the lightness: grain and light make it flicker as a true network does.
MODEL = generators.by_lightness().SerializeToString()


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    generators.save(generators.by_lightness(), tmp_path / "m.onnx")
    return tmp_path


def color(source, output, **options):
    return colorize_video(source, output, **({"model": MODEL, "threads": 1} | options))


def left_over(folder="."):
    return [path.name for path in Path(folder).iterdir() if ".tmp" in path.name]


# What is kept


@pytest.mark.parametrize(
    ("pix_fmt", "dtype"),
    [("yuv420p", np.uint8), ("yuv444p", np.uint8), ("yuv420p10le", np.uint16), ("gray", np.uint8)],
)
def test_luma_is_kept_code_for_code(place, pix_fmt, dtype):
    film = clips.film(6).astype(dtype) * (4 if dtype == np.uint16 else 1)
    clips.write("in.mkv", film, pix_fmt=pix_fmt)
    report = color("in.mkv", "out.mkv", codec="ffv1")
    assert report.frames == 6
    assert (report.width, report.height) == (128, 96)
    found = clips.frames("out.mkv")
    for frame, luma in zip(found, film, strict=True):
        np.testing.assert_array_equal(clips.plane(frame), luma)
        assert np.abs(clips.chroma(frame)).mean() > 3
    assert found[0].format.name == ("yuv420p10le" if dtype == np.uint16 else "yuv420p")
    assert 0 <= report.reduced_chroma < 1


def test_colours_are_those_of_the_photo(place):
    # Without noise, and each frame alone, a frame is what a grey photo of preserve="luma" becomes.
    film = clips.film(3, noise=0, exposure=0)
    clips.write("in.mkv", film, tags={"color_range": 2, "colorspace": 5})
    color("in.mkv", "out.mkv", codec="ffv1", smoothing=0)
    with colorlab.Colorizer(MODEL, threads=1) as colorizer:
        for frame, luma in zip(clips.frames("out.mkv"), film, strict=True):
            photo = colorizer.prepare(luma)
            cbcr, _ = colorizer.finish_chroma(photo, colorizer.predict([photo])[0])
            wanted = cbcr.transpose(2, 0, 1).astype(int) - 128
            assert np.abs(clips.chroma(frame) - wanted).mean() < 1  # moved by half a pixel
            assert np.abs(wanted).mean() > 3


def test_a_video_that_was_in_colour_keeps_its_luma_and_loses_its_colour(place):
    film = clips.film(3, noise=0)
    clips.write("in.mkv", film)
    clips.write("blank.mkv", np.full_like(film, 128))
    with clips.av.open("red.mkv", "w") as file:
        video = file.add_stream("ffv1", rate=25, width=128, height=96)
        for luma in film:
            frame = clips.grey_frame(luma, "yuv420p")
            np.frombuffer(frame.planes[2], np.uint8)[:] = 190
            file.mux(video.encode(frame))
        file.mux(video.encode(None))
    color("in.mkv", "a.mkv", codec="ffv1")
    color("red.mkv", "b.mkv", codec="ffv1")
    for first, second in zip(clips.frames("a.mkv"), clips.frames("b.mkv"), strict=True):
        for index in range(3):
            np.testing.assert_array_equal(clips.plane(first, index), clips.plane(second, index))


def test_pictures_without_a_luma_plane(place):
    film = clips.film(3, noise=0)
    rgb = np.repeat(film[..., None], 3, axis=3)
    with clips.av.open("in.mkv", "w") as file:
        video = file.add_stream("ffv1", rate=25, width=128, height=96)
        video.pix_fmt = "bgr0"
        for picture in rgb:
            file.mux(video.encode(clips.av.VideoFrame.from_ndarray(picture, "rgb24")))
        file.mux(video.encode(None))
    color("in.mkv", "out.mkv", codec="ffv1")
    for frame, grey in zip(clips.frames("out.mkv"), film, strict=True):
        assert np.abs(clips.plane(frame) - (16 + grey * (219 / 255))).max() < 2


def test_times_of_frames_are_kept_also_at_a_variable_rate(place):
    times = [900, 4500, 5400, 12345, 18000, 18001, 40000]
    base = Fraction(1, 90000)
    clips.write("in.mp4", clips.film(7), codec="libx264", times=times, time_base=base, sound="aac")
    wanted = [float(each.pts * each.time_base) for each in clips.frames("in.mp4")]
    assert np.ptp(np.diff(wanted)) > 0.1
    for output in ("out.mp4", "out.mov"):
        color("in.mp4", output)
        assert [float(each.pts * each.time_base) for each in clips.frames(output)] == wanted
    # Matroska counts milliseconds, and from the sound's first sample, which comes before zero.
    color("in.mp4", "out.mkv")
    found = [float(each.pts * each.time_base) for each in clips.frames("out.mkv")]
    shift = clips.packets("out.mkv", "audio")[0][1] - clips.packets("in.mp4", "audio")[0][1]
    np.testing.assert_allclose(found, np.array(wanted) + float(shift), rtol=0, atol=0.0011)
    with clips.av.open("in.mp4") as first, clips.av.open("out.mp4") as second:
        assert second.streams.video[0].duration == first.streams.video[0].duration


@pytest.mark.parametrize("codec", ["h264", "hevc", "vp9", "ffv1"])
def test_frames_of_one_time_come_one_after_the_other(place, codec):
    times = [0, 40, 80, 80, 81, 120, 120, 160]
    clips.write("in.mkv", clips.film(8), times=times, time_base=Fraction(1, 1000))
    assert [each.pts for each in clips.frames("in.mkv")] == times
    color("in.mkv", "out.mkv", codec=codec)
    found = [each.pts for each in clips.frames("out.mkv")]
    assert found == [0, 40, 80, 81, 82, 120, 121, 160]


def test_sound_is_copied_packet_by_packet(place):
    clips.write("in.mp4", clips.film(20), codec="libx264", sound="aac")
    color("in.mp4", "out.mp4")
    wanted = clips.packets("in.mp4", "audio")
    assert len(wanted) > 15
    assert clips.packets("out.mp4", "audio") == wanted
    with clips.av.open("out.mp4") as file:
        assert file.streams.audio[0].metadata["language"] == "deu"


def test_subtitles_chapters_and_descriptions_are_copied(place):
    Path("words.srt").write_text("1\n00:00:00,100 --> 00:00:00,400\nHello\n")
    clips.write("plain.mkv", clips.film(20), metadata={"title": "Harbour", "comment": "Reel 7."})
    base = Fraction(1, 1000)
    chapter = {"id": 1, "start": 0, "end": 400, "time_base": base, "metadata": {"title": "I"}}
    clips.join("in.mkv", "plain.mkv", "words.srt", chapters=[chapter])
    color("in.mkv", "out.mkv")
    assert clips.packets("out.mkv", "subtitle")[0][0].startswith(b"Hello")
    with clips.av.open("out.mkv") as file:
        metadata = {key.lower(): value for key, value in file.metadata.items()}
        assert metadata["title"] == "Harbour"
        assert metadata["comment"].startswith("Reel 7. The colour of this video is machine-made")
        assert [each["metadata"] for each in file.chapters()] == [{"title": "I"}]
    color("in.mkv", "bare.mkv", provenance=False)
    with clips.av.open("bare.mkv") as file:
        assert "machine-made" not in str(file.metadata)
    # MP4 holds no SubRip: that is told, and the rest is done.
    report = color("in.mkv", "out.mp4")
    assert [note for note in report.notes if "subtitle" in note]


@pytest.mark.parametrize("turn", [90, 180, -90])
def test_rotation_is_kept_and_the_network_sees_the_picture_upright(place, turn):
    clips.write("in.mp4", clips.film(2), codec="libx264", rotation=turn)
    (first, *_) = clips.frames("in.mp4")
    shapes = []
    with colorlab.Colorizer(MODEL) as colorizer:
        prepare = colorizer.prepare
        colorizer.prepare = lambda grey, **more: shapes.append(grey) or prepare(grey, **more)
        colorize_video("in.mp4", "out.mp4", colorizer=colorizer)
    (frame, *_) = clips.frames("out.mp4")
    assert frame.rotation == first.rotation
    assert (frame.rotation - turn) % 360 == 0
    assert (frame.width, frame.height) == (128, 96)
    assert shapes[0].shape == ((96, 128) if turn == 180 else (128, 96))
    upright = np.rot90(clips.plane(first), turn // 90)
    assert np.abs(shapes[0] - (upright - 16.0) * 255 / 219).max() < 1.2


def test_tags_of_colour_and_the_shape_of_pixels_are_kept(place):
    tags = {"color_range": 1, "colorspace": 6, "color_primaries": 6, "color_trc": 6}
    aspect = Fraction(16, 11)
    clips.write("in.mp4", clips.film(3), codec="libx264", tags=tags, aspect=aspect)
    color("in.mp4", "out.mp4")
    (frame, *_) = clips.frames("out.mp4")
    assert {name: getattr(frame, name) for name in tags} == tags
    with clips.av.open("out.mp4") as file:
        assert file.streams.video[0].sample_aspect_ratio == aspect


def test_what_is_not_tagged_is_told_in_the_output(place):
    clips.write("in.mp4", clips.film(3), codec="libx264")
    color("in.mp4", "out.mp4")
    (frame, *_) = clips.frames("out.mp4")
    tags = (frame.color_range, frame.colorspace, frame.color_primaries, frame.color_trc)
    assert tags == (1, 6, 1, 1)  # a small picture: BT.601's matrix, sRGB's primaries


@pytest.mark.parametrize(
    ("codec", "output"), [("hevc", "a.mov"), ("vp9", "a.webm"), ("av1", "a.mkv"), ("h264", "a.m4v")]
)
def test_codecs_and_containers(place, codec, output):
    film = clips.film(4, noise=0)
    clips.write("in.mkv", film)
    report = color("in.mkv", output, codec=codec, crf=12)
    assert report.codec == codec
    found = clips.frames(output)
    assert len(found) == 4
    for frame, luma in zip(found, film, strict=True):
        assert np.abs(clips.plane(frame).astype(int) - luma).mean() < 3
        assert np.abs(clips.chroma(frame)).mean() > 3


def test_pictures_of_one_bit(place):
    film = np.where(clips.film(2, noise=0) > 128, 255, 0).astype(np.uint8)
    with clips.av.open("in.nut", "w") as file:
        video = file.add_stream("rawvideo", rate=25, width=128, height=96)
        video.pix_fmt = "monow"
        for luma in film:
            frame = clips.av.VideoFrame.from_ndarray(luma, "gray").reformat(format="monow")
            file.mux(video.encode(frame))
        file.mux(video.encode(None))
    color("in.nut", "out.mkv", codec="ffv1")
    for frame, luma in zip(clips.frames("out.mkv"), film, strict=True):
        assert np.corrcoef(clips.plane(frame).ravel(), luma.ravel())[0, 1] > 0.9


def test_an_interlaced_video_is_told(place):
    options = {"flags": "+ildct+ilme", "x264-params": "interlaced=1"}
    clips.write("in.mkv", clips.film(2), codec="libx264", options=options)
    assert any("interlaced" in note for note in color("in.mkv", "out.mkv").notes)
    clips.write("plain.mkv", clips.film(2), codec="libx264")
    assert not color("plain.mkv", "progressive.mkv").notes


def test_odd_sizes(place):
    film = np.ascontiguousarray(clips.film(3)[:, :95, :127])
    clips.write("in.mkv", film)
    report = color("in.mkv", "out.mp4")
    assert (report.width, report.height) == (126, 94)
    assert "127 x 95" in report.notes[0]
    assert color("in.mkv", "out.mkv", codec="ffv1").width == 127
    np.testing.assert_array_equal(clips.plane(clips.frames("out.mkv")[2]), film[2])


# Time


def test_a_still_scene_flickers_at_most_half_as_much_as_frame_by_frame(place):
    clips.write("in.mkv", clips.film(24, noise=5, exposure=4, mover=True, size=(240, 320)))
    color("in.mkv", "alone.mkv", codec="ffv1", smoothing=0, model="default")
    report = color("in.mkv", "smooth.mkv", codec="ffv1", model="default")

    def flicker(path):
        """Mean change of a*b* from frame to frame, below the square's way."""
        still = [frame.to_ndarray(format="rgb24")[60:] for frame in clips.frames(path)]
        ab = np.stack([colorlab.rgb_to_lab(each)[..., 1:] for each in still])
        return np.linalg.norm(np.diff(ab, axis=0), axis=-1).mean()

    assert flicker("alone.mkv") > 2
    assert flicker("smooth.mkv") <= 0.5 * flicker("alone.mkv")
    assert report.flicker.after <= 0.5 * report.flicker.before
    assert report.cuts == 0


def test_colours_do_not_bleed_over_a_cut(place):
    first = clips.film(10, seed=1, mover=False)
    second = clips.film(10, seed=2, mover=False)
    clips.write("in.mkv", np.concatenate([first, second]))
    clips.write("second.mkv", second)
    assert color("in.mkv", "out.mkv", codec="ffv1").cuts == 1
    color("second.mkv", "alone.mkv", codec="ffv1")
    # From the cut on, it is as if the first scene had not been.
    for frame, alone in zip(clips.frames("out.mkv")[10:], clips.frames("alone.mkv"), strict=True):
        for index in range(3):
            np.testing.assert_array_equal(clips.plane(frame, index), clips.plane(alone, index))


def test_batches_do_not_change_the_result(place):
    clips.write("in.mkv", clips.film(7), sound="aac")
    color("in.mkv", "one.mkv", codec="ffv1")
    color("in.mkv", "three.mkv", codec="ffv1", batch_size=3)
    for first, second in zip(clips.frames("one.mkv"), clips.frames("three.mkv"), strict=True):
        for index in range(3):
            np.testing.assert_array_equal(clips.plane(first, index), clips.plane(second, index))
    assert clips.packets("one.mkv", "audio") == clips.packets("three.mkv", "audio")


# Failure


def test_an_output_that_exists_is_left_alone_and_the_input_always(place):
    clips.write("in.mp4", clips.film(2), codec="libx264")
    Path("out.mp4").write_text("mine")
    with pytest.raises(errors.OutputError) as refused:
        color("in.mp4", "out.mp4")
    assert refused.value.code == "output_exists"
    assert Path("out.mp4").read_text() == "mine"
    color("in.mp4", "out.mp4", overwrite=True)
    assert len(clips.frames("out.mp4")) == 2
    os.link("in.mp4", "link.mp4")
    before = Path("in.mp4").read_bytes()
    for output in ("in.mp4", "link.mp4", "./in.mp4"):
        with pytest.raises(errors.InvalidArgumentError) as refused:
            color("in.mp4", output, overwrite=True)
        assert refused.value.code == "output_is_input"
    assert Path("in.mp4").read_bytes() == before


def test_names_as_long_as_the_file_system_takes(place):
    clips.write("in.mkv", clips.film(2))
    name = "n" * 251 + ".mkv"
    assert color("in.mkv", name).frames == 2
    assert len(clips.frames(name)) == 2


def test_a_video_that_cannot_be_read_makes_no_folder(place):
    with pytest.raises(errors.InputNotFoundError):
        color("gone.mkv", "new/folder/out.mkv")
    clips.write("in.mkv", clips.film(2))
    Path("file").write_text("no folder")
    with pytest.raises(errors.OutputError) as refused:
        color("in.mkv", "file/out.mkv")
    assert refused.value.path == "file"
    assert not Path("new").exists()
    assert color("in.mkv", "new/folder/out.mkv").frames == 2


def test_a_file_that_appears_meanwhile_is_not_replaced(place):
    clips.write("in.mkv", clips.film(3))

    def appear(done, expected):
        Path("out.mkv").write_text("mine")

    with pytest.raises(errors.OutputError) as refused:
        color("in.mkv", "out.mkv", on_frame=appear)
    assert refused.value.code == "output_exists"
    assert Path("out.mkv").read_text() == "mine"
    assert not left_over()


@pytest.mark.parametrize("frame", [1, 5])
def test_a_stop_leaves_nothing_and_no_threads(place, frame):
    clips.write("in.mkv", clips.film(30), sound="aac")
    threads = threading.active_count()

    def stop(done, expected):
        assert expected == pytest.approx(30, abs=2)
        if done == frame:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        color("in.mkv", "out.mkv", on_frame=stop)
    assert sorted(path.name for path in place.iterdir()) == ["in.mkv", "m.onnx"]
    assert threading.active_count() == threads


def test_a_network_that_fails_leaves_nothing(place):
    clips.write("in.mkv", clips.film(3))
    hungry = generators.hungry(0).SerializeToString()
    with pytest.raises(errors.OutOfMemoryError):
        color("in.mkv", "out.mkv", model=hungry)
    assert not Path("out.mkv").exists()
    assert not left_over()


def test_what_is_no_video(place):
    Path("text.mp4").write_text("this is no video")
    Path("empty.mp4").write_bytes(b"")
    Path("folder.mp4").mkdir()
    clips.write(
        "deep.mkv",
        clips.film(2).astype(np.uint16) * 4,
        pix_fmt="yuv420p10le",
        tags={"color_trc": 16},
    )
    with clips.av.open("sound.mka", "w", format="matroska") as file:
        stream = file.add_stream("aac", rate=48000)
        for packet in clips.hum(stream, 4096):
            file.mux(packet)
    for name, kind in (
        ("gone.mp4", errors.InputNotFoundError),
        ("http://127.0.0.1:9/a.mp4", errors.InputNotFoundError),
        ("folder.mp4", errors.InputError),
        ("text.mp4", errors.UnsupportedFormatError),
        ("empty.mp4", errors.UnsupportedFormatError),
        ("sound.mka", errors.UnsupportedFormatError),
        ("deep.mkv", errors.UnsupportedFormatError),
    ):
        with pytest.raises(kind) as refused:
            color(name, "out.mp4")
        assert refused.value.path == name
    assert not Path("out.mp4").exists()
    assert not left_over()


def test_a_playlist_opens_no_address(place):
    Path("list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises((errors.UnsupportedFormatError, errors.InputError)):
        color("list.m3u8", "out.mp4")


def test_a_damaged_video_is_reported(place):
    clips.write("in.mkv", clips.film(30))
    data = bytearray(Path("in.mkv").read_bytes())
    middle = len(data) // 2
    data[middle : middle + 4000] = np.random.default_rng(0).bytes(4000)
    Path("in.mkv").write_bytes(data)
    with pytest.raises(errors.CorruptImageError, match="damaged") as refused:
        color("in.mkv", "out.mkv")
    assert refused.value.path == "in.mkv"
    assert not Path("out.mkv").exists()
    assert not left_over()


def test_frames_over_the_limit(place):
    clips.write("in.mkv", clips.film(2))
    with pytest.raises(errors.ImageTooLargeError):
        color("in.mkv", "out.mkv", limits={"max_pixels": 5000})


def test_sound_that_the_container_cannot_hold(place):
    clips.write("in.mkv", clips.film(2), sound="aac")
    with pytest.raises(errors.InvalidArgumentError, match="sound") as refused:
        color("in.mkv", "out.webm")
    assert "mkv" in refused.value.hint
    assert not Path("out.webm").exists()


def test_streams_of_unknown_codecs(place):
    Path("words.srt").write_text("1\n00:00:00,010 --> 00:00:00,070\nHello\n")
    clips.write("film.mkv", clips.film(2))
    clips.join("in.mkv", "film.mkv", "words.srt")
    data = Path("in.mkv").read_bytes()
    Path("in.mkv").write_bytes(data.replace(b"S_TEXT/UTF8", b"S_TEXT/UTF9"))
    (note,) = color("in.mkv", "out.mkv").notes
    assert "subtitle" in note
    clips.write("loud.mkv", clips.film(2), sound="aac")
    Path("loud.mkv").write_bytes(Path("loud.mkv").read_bytes().replace(b"A_AAC", b"A_XYZ"))
    with pytest.raises(errors.InvalidArgumentError, match="unknown codec") as refused:
        color("loud.mkv", "out.mkv", overwrite=True)
    assert "-an" in refused.value.hint


def test_a_side_of_one_pixel(place):
    clips.write("in.mkv", np.full((2, 1, 8), 90, np.uint8))
    with pytest.raises(errors.InvalidArgumentError, match="even sizes") as refused:
        color("in.mkv", "out.mkv")
    assert "ffv1" in refused.value.hint
    assert color("in.mkv", "out.mkv", codec="ffv1").height == 1


@pytest.mark.parametrize(
    "options",
    [
        {"codec": "gif"},
        {"crf": 52},
        {"crf": -1},
        {"codec": "ffv1", "crf": 3},
        {"smoothing": 1},
        {"saturation": -1},
        {"output": "out.avi"},
        {"output": "out"},
        {"output": "out.webm", "codec": "h264"},
    ],
)
def test_arguments_are_checked(place, options):
    clips.write("in.mkv", clips.film(2))
    with pytest.raises(errors.InvalidArgumentError):
        color("in.mkv", **({"output": "out.mkv"} | options))
    assert sorted(path.name for path in place.iterdir()) == ["in.mkv", "m.onnx"]


def test_where_a_video_goes(place):
    Path("there").mkdir()
    assert output_path("a/b.mp4", "c.mkv") == "c.mkv"
    assert output_path("a/b.mp4", "there") == "there/b.mp4"
    assert output_path("a/b.mpg", "new/") == "new/b.mkv"


def test_without_pyav_it_says_what_to_install(place, monkeypatch):
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "av" else find(name, *more)
    )
    with pytest.raises(errors.ColorlabError, match="PyAV") as refused:
        color("in.mkv", "out.mkv")
    assert refused.value.code == "extra_missing"
    assert "video" in refused.value.hint


# The command line


def command(*words):
    return [sys.executable, "-m", "colorlab", "video", *words, "--model", "m.onnx"]


def test_the_verb(place):
    clips.write("in.mp4", clips.film(8), codec="libx264", sound="aac")
    done = subprocess.run(command("in.mp4", "-o", "out/", "--json"), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout)
    assert (row["status"], row["frames"], row["output"]) == ("ok", 8, "out/in.mp4")
    assert row["flicker"]["before"] > row["flicker"]["after"]
    assert "8 frames" in done.stderr
    again = subprocess.run(
        command("in.mp4", "-o", "out/", "--json"), capture_output=True, text=True
    )
    assert again.returncode == 3
    assert json.loads(again.stdout)["code"] == "output_exists"


def stopped(number):
    """The exit code of a run that gets a signal once it has begun to write."""
    with subprocess.Popen(
        command("in.mkv", "-o", "out.mkv", "--codec", "ffv1", "--threads", "1"),
        stderr=subprocess.PIPE,
    ) as process:
        while not left_over() and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(number)
        return process.wait(20)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_what_a_killed_run_left_is_removed_by_the_next(place):
    clips.write("in.mkv", clips.film(60, size=(480, 640)))
    assert stopped(signal.SIGKILL) == -signal.SIGKILL
    (left,) = left_over()
    process = left.split("-")[1]
    running = left.replace(process, str(os.getppid()))
    Path(running).write_bytes(b"of a run that goes on")
    clips.write("short.mkv", clips.film(2))
    color("short.mkv", "other.mkv")
    assert sorted(left_over()) == sorted([left, running])
    color("short.mkv", "out.mkv")
    assert left_over() == [running]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_stop_it_and_leave_nothing(place, number, code):
    clips.write("in.mkv", clips.film(60, size=(480, 640)))
    digest = hashlib.sha256(Path("in.mkv").read_bytes()).digest()
    assert stopped(number) == code
    assert sorted(path.name for path in place.iterdir()) == ["in.mkv", "m.onnx"]
    assert hashlib.sha256(Path("in.mkv").read_bytes()).digest() == digest
