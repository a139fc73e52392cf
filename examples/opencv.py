"""OpenCV keeps BGR; colorlab takes and gives RGB. Needs opencv-python-headless.

python opencv.py PHOTO OUTPUT
"""

import argparse

import colorlab
import cv2
import numpy as np


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo")
    parser.add_argument("output")
    args = parser.parse_args()

    grey = cv2.imread(args.photo, cv2.IMREAD_GRAYSCALE)
    rgb = colorlab.colorize(grey)
    bgr = np.ascontiguousarray(rgb[..., ::-1])
    cv2.imwrite(args.output, bgr)


if __name__ == "__main__":
    main()
