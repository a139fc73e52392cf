"""A Hugging Face data set with a column of coloured photos. Needs datasets and pillow.

python hf_datasets.py PHOTOS OUTPUT
"""

import argparse
from pathlib import Path

import colorlab
import datasets
from colorlab.interop.huggingface import colorized


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("output", type=Path)
    args = parser.parse_args()
    paths = sorted(str(p) for p in args.photos.rglob("*") if p.suffix.lower() in (".jpg", ".png"))
    photos = datasets.Dataset.from_dict({"image": paths}).cast_column("image", datasets.Image())

    with colorlab.Colorizer() as colorizer:
        photos = colorized(photos, colorizer)
    photos.save_to_disk(args.output)
    print(photos)


if __name__ == "__main__":
    main()
