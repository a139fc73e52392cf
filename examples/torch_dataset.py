"""Lightness and ab of colour photos as tensors, for training with PyTorch. Needs torch.

python torch_dataset.py PHOTOS
"""

import argparse
from pathlib import Path

import colorlab
import torch
from colorlab.interop.torch import LightnessAb
from torch.utils.data import DataLoader, Dataset


class ColorPhotos(Dataset):
    """Crops: lightness [1, size, size] = L*/50 - 1, and ab [2, size, size] / 110.

    The conversion is exact and releases the GIL; workers need nothing but paths.
    """

    def __init__(self, folder: Path, size: int = 128) -> None:
        kinds = (".jpg", ".png", ".webp")
        self.paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in kinds)
        self.size = size
        self.transform = LightnessAb()

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        rgb = colorlab.read(self.paths[index], mode="rgb")
        top, left = (
            int(torch.randint(0, max(1, side - self.size + 1), ())) for side in rgb.shape[:2]
        )
        crop = rgb[top : top + self.size, left : left + self.size]
        return self.transform(crop)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--size", type=int, default=64)
    args = parser.parse_args()
    for lightness, ab in DataLoader(
        ColorPhotos(args.photos, args.size), batch_size=2, num_workers=1
    ):
        print(
            tuple(lightness.shape),
            tuple(ab.shape),
            f"mean chroma {110 * ab.norm(dim=1).mean():.1f}",
        )


if __name__ == "__main__":
    main()
