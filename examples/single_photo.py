"""Colours one photo, says how well its lightness was kept, and writes other versions beside it.

python single_photo.py PHOTO OUTPUT [--candidates K]
"""

import argparse
from pathlib import Path

import colorlab


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--candidates", type=int, default=1)
    args = parser.parse_args()

    pixels, metadata = colorlab.read(args.photo, with_metadata=True)
    with colorlab.Colorizer() as colorizer:
        note = colorlab.Provenance(colorizer.card.name, colorizer.card.version)
        if args.candidates == 1:
            versions = [colorizer.colorize(pixels)]
        else:
            versions = colorizer.candidates(pixels, args.candidates)
    for number, rgb in enumerate(versions):
        target = args.output.with_stem(f"{args.output.stem}-{number}") if number else args.output
        colorlab.write(target, rgb, metadata=metadata, provenance=note)
        print(f"{target}: L* differs by {rgb.certificate.max_delta_l:.2f} at most")


if __name__ == "__main__":
    main()
