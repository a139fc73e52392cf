"""OpenCV keeps BGR; colorlab takes and gives RGB. Needs opencv-python-headless.

python opencv.py PHOTO OUTPUT
"""

import argparse

import cv2
from colorlab.interop.opencv import colorize_bgr


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo")
    parser.add_argument("output")
    args = parser.parse_args()

    grey = cv2.imread(args.photo, cv2.IMREAD_GRAYSCALE)
    colored = colorize_bgr(grey)  # many: colorizer=colorlab.Colorizer()
    if not cv2.imwrite(args.output, colored):
        raise SystemExit(f"cannot write {args.output}")


if __name__ == "__main__":
    main()
