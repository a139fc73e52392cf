"""A page to try colorlab in a browser: a photo in, a slider between before and after, the file to
take home in its own depth and with its metadata. Needs the extra `gradio`.

python gradio_app.py [--port 7860]
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import colorlab
import gradio as gr
import numpy as np
from PIL import Image

LIMITS = {"max_pixels": 50_000_000}
KEPT = {".png", ".tif", ".tiff"}  # formats of any depth
ALSO_8_BIT = {".jpg", ".jpeg", ".webp"}
SHOWN = 1600  # pixels on the long side of what the browser gets to show


def shown(pixels: np.ndarray) -> Image.Image:
    """8 bits, and no more pixels than a screen shows."""
    eight = (pixels // 257).astype(np.uint8) if pixels.dtype == np.uint16 else pixels
    return Image.fromarray(eight).reduce(-(-max(pixels.shape[:2]) // SHOWN))


def build(colorizer: colorlab.Colorizer, folder: Path) -> gr.Blocks:
    """The page; results are written to `folder`."""

    def colorize(photo: str | None, saturation: float, preserve: str) -> tuple[Any, Any, str]:
        if photo is None:
            return None, None, ""
        try:
            pixels, metadata = colorlab.read(photo, with_metadata=True, limits=LIMITS)
            rgb = colorizer.colorize(pixels, saturation=saturation, preserve=preserve)
        except colorlab.ColorlabError as error:
            raise gr.Error(f"{Path(photo).name}: {error}", print_exception=False) from error
        suffix = Path(photo).suffix.lower()
        if suffix not in KEPT | (ALSO_8_BIT if rgb.dtype == np.uint8 else set()):
            suffix = ".png"
        result = Path(tempfile.mkdtemp(dir=folder)) / f"{Path(photo).stem}-colour{suffix}"
        note = colorlab.Provenance(colorizer.card.name, colorizer.card.version)
        colorlab.write(result, rgb, metadata=metadata, provenance=note)
        kept = rgb.certificate
        said = f"{kept.preserve} kept: L* differs by {kept.max_delta_l:.2f} of 100 at most"
        return (shown(pixels), shown(rgb)), str(result), said

    with gr.Blocks(title="colorlab", analytics_enabled=False) as page:
        gr.Markdown("# Black and white into colour\nThe colours are plausible guesses, not facts.")
        with gr.Row():
            with gr.Column(scale=1):
                photo = gr.File(label="A photograph", file_types=["image"], type="filepath")
                saturation = gr.Slider(0, 2, 1, step=0.05, label="Saturation")
                preserve = gr.Radio(
                    [("film or scan", "lightness"), ("made grey by a program", "luma")],
                    value="lightness",
                    label="Where its grey is from",
                )
                result = gr.File(label="In colour", interactive=False)
                certificate = gr.Markdown()
            with gr.Column(scale=3):
                slider = gr.ImageSlider(label="Before and after", interactive=False)
        gr.on(
            [photo.change, saturation.release, preserve.change],
            colorize,
            [photo, saturation, preserve],
            [slider, result, certificate],
            api_name="colorize",
        )
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=7860)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, colorlab.Colorizer() as colorizer:
        build(colorizer, Path(folder)).launch(server_port=args.port, allowed_paths=[folder])


if __name__ == "__main__":
    main()
