"""Small videos for tests, made with PyAV."""

import contextlib
from fractions import Fraction

import numpy as np
import pytest

av = pytest.importorskip("av", reason="PyAV is not installed (extra video)")

RATE = 25
SIZE = (96, 128)  # height and width


def scene(seed, size=SIZE):
    """A grey picture with smooth areas and edges, 0..255, float32."""
    coarse = np.random.default_rng(seed).integers(40, 216, (4, 4)).astype(np.float32)
    return np.kron(coarse, np.ones((size[0] // 4, size[1] // 4), np.float32))


def film(count, seed=1, *, noise=4.0, exposure=3.0, mover=True, size=SIZE):
    """Luma planes, uint8 (count, H, W): a still scene, grain, breathing light, a moving square."""
    rng = np.random.default_rng(seed)
    still = scene(seed, size)
    planes = []
    for number in range(count):
        picture = still.copy()
        if mover:
            left = number * 3 % (size[1] - 20)
            picture[10:30, left : left + 20] = 235
        picture += exposure * np.sin(number / 3) + rng.normal(0, noise, size)
        planes.append(np.clip(np.rint(picture), 16, 235).astype(np.uint8))
    return np.stack(planes)


def write(
    path,
    lumas,
    *,
    codec="ffv1",
    pix_fmt="yuv420p",
    times=None,
    time_base=Fraction(1, RATE),
    options=None,
    sound=None,
    tags=None,
    rotation=None,
    aspect=None,
    metadata=None,
    container=None,
):
    """A video of these luma planes, without colour; `times` are pts, in units of the time base."""
    height, width = lumas.shape[1:]
    with av.open(str(path), "w", format=container) as file:
        video = file.add_stream(
            codec,
            rate=RATE,
            options=options or {},
            width=width,
            height=height,
            time_base=time_base,
        )
        video.pix_fmt = pix_fmt
        for name, value in (tags or {}).items():
            setattr(video.codec_context, name, value)
        if aspect is not None:
            video.codec_context.sample_aspect_ratio = aspect
        if rotation is not None:
            video.set_display_rotation(rotation)
        file.metadata.update(metadata or {})
        audio = file.add_stream(sound, rate=48000) if sound else None
        if audio is not None:
            audio.metadata["language"] = "deu"
        for number, luma in enumerate(lumas):
            frame = grey_frame(luma, pix_fmt)
            for name, value in (tags or {}).items():
                setattr(frame, name, value)
            frame.pts = number if times is None else times[number]
            frame.time_base = time_base
            file.mux(video.encode(frame))
        if audio is not None:
            for packet in hum(audio, 48000 * len(lumas) // RATE):
                file.mux(packet)
        file.mux(video.encode(None))
    return path


def join(path, *sources, chapters=()):
    """The first stream of each file in one, with the descriptions of the first file."""
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(av.open(str(source))) for source in sources]
        out = stack.enter_context(av.open(str(path), "w"))
        streams = [out.add_stream_from_template(each.streams[0], opaque=True) for each in files]
        out.metadata.update(files[0].metadata)
        out.set_chapters(list(chapters))
        for source, stream in zip(files, streams, strict=True):
            for packet in source.demux(source.streams[0]):
                if packet.dts is not None:
                    packet.stream = stream
                    out.mux(packet)


def grey_frame(luma, pix_fmt):
    """A frame of a luma plane with chroma of none."""
    frame = av.VideoFrame(luma.shape[1], luma.shape[0], pix_fmt)
    for index, plane in enumerate(frame.planes):
        rows = np.frombuffer(plane, luma.dtype).reshape(plane.height, -1)
        rows[:, : plane.width] = luma if index == 0 else 128 if luma.itemsize == 1 else 512
    return frame


def hum(stream, samples):
    """Packets of a tone."""
    for start in range(0, samples, 1024):
        wave = (0.1 * np.sin((start + np.arange(1024)) * 0.05)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(np.stack([wave, wave]), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
        yield from stream.encode(frame)
    yield from stream.encode(None)


def frames(path):
    """Decoded frames of a video."""
    with av.open(str(path)) as file:
        return list(file.decode(video=0))


def plane(frame, index=0):
    """A plane's codes."""
    part = frame.planes[index]
    dtype = np.uint8 if frame.format.components[0].bits == 8 else np.uint16
    return np.frombuffer(part, dtype).reshape(part.height, -1)[:, : part.width]


def chroma(frame):
    """Cb and Cr less their middle, (2, h, w)."""
    middle = 1 << (frame.format.components[0].bits - 1)
    return np.stack([plane(frame, 1), plane(frame, 2)]).astype(int) - middle


def packets(path, kind):
    """(bytes, presentation time in seconds) of a stream's packets."""
    with av.open(str(path)) as file:
        stream = next(each for each in file.streams if each.type == kind)
        found = [each for each in file.demux(stream) if each.dts is not None]
        return [(bytes(each), each.pts * each.time_base) for each in found]
