"""Draws the plots of color-science.md into docs/images: python docs/make_plots.py."""

from pathlib import Path

import colorlab
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

IMAGES = Path(__file__).parent / "images"
HUES = {
    "red": (255, 0, 0),
    "orange": (255, 140, 0),
    "yellow": (255, 255, 0),
    "green": (0, 160, 0),
    "cyan": (0, 255, 255),
    "blue": (0, 0, 255),
    "magenta": (255, 0, 255),
    "skin": (224, 172, 140),
}


def which_grey() -> None:
    """Colours, the grey of their lightness, and the grey of their luma, side by side."""
    colors = np.array([list(HUES.values())], np.uint8)
    lab = colorlab.rgb_to_lab(colors)
    neutral = np.concatenate([lab[..., :1], np.zeros_like(lab[..., 1:])], -1)
    lightness = colorlab.lab_to_rgb(neutral)
    luma = np.round(colors @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)
    luma = np.repeat(luma[..., None], 3, 2)
    figure, axis = plt.subplots(figsize=(8, 2.6))
    axis.imshow(np.concatenate([colors, lightness, luma]), aspect="auto", interpolation="nearest")
    axis.set_yticks(range(3), ["colour", "grey of its L*", "grey of its luma Y′"])
    axis.set_xticks(range(len(HUES)), list(HUES))
    for row, pixels in ((1, lightness), (2, luma)):
        for column, value in enumerate(pixels[0, :, 0]):
            shade = "black" if value > 120 else "white"
            axis.text(column, row, value, ha="center", va="center", color=shade)
    axis.tick_params(length=0)
    save(figure, "which-grey.png")


def gamut() -> None:
    """The a*b* plane at three lightnesses: what sRGB can show, and what it cannot."""
    axis = np.linspace(-110, 110, 441, dtype=np.float32)
    a, b = np.meshgrid(axis, axis)
    figure, plots = plt.subplots(1, 3, figsize=(9, 3.3), sharey=True)
    for plot, level in zip(plots, (30, 60, 90), strict=True):
        lab = np.stack([np.full_like(a, level), a, b], -1)
        shown = colorlab.lab_to_rgb(lab, dtype="float32", gamut="clip")
        inside = np.abs(colorlab.rgb_to_lab(shown) - lab).max(-1) < 0.5
        shown[~inside] = 0.92
        plot.imshow(shown, extent=(-110, 110, -110, 110), origin="lower")
        plot.set_title(f"L* = {level}")
        plot.set_xlabel("a*")
    plots[0].set_ylabel("b*")
    save(figure, "gamut.png")


def save(figure: plt.Figure, name: str) -> None:
    figure.tight_layout()
    figure.savefig(IMAGES / name, dpi=90)
    plt.close(figure)


if __name__ == "__main__":
    which_grey()
    gamut()
