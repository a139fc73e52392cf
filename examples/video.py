"""Frames of a video through the network, smoothed in time, as RGB pictures. Needs av.

python video.py VIDEO FOLDER          writes every tenth frame; for whole videos: colorlab video
"""

import argparse
from pathlib import Path

import av
import colorlab
from colorlab.video.smoothing import AbSmoother


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("video")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=10)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)

    smoother = AbSmoother(0.8)
    with av.open(args.video) as file, colorlab.Colorizer() as colorizer:
        for number, frame in enumerate(file.decode(video=0)):
            grey = frame.to_ndarray(format="gray")
            lightness = colorlab.lightness(grey)
            # Every frame is predicted, or there would be nothing to smooth.
            ab = smoother.smooth(colorizer.predict_ab(lightness), lightness)
            if number % args.every == 0:
                rgb = colorlab.recolor(grey, ab, preserve="luma")
                colorlab.write(args.folder / f"{number:06}.jpg", rgb, overwrite=True)
    print(
        f"{smoother.cuts} cuts, flicker {smoother.flicker.before:.2f} -> "
        f"{smoother.flicker.after:.2f}"
    )


if __name__ == "__main__":
    main()
