"""Colours sample photos, and any photos given, and shows them before and after.

    python script/make_demo.py [PHOTO...] [--model MODEL] [--output FOLDER]

Writes FOLDER/index.html, one file that needs nothing else, and FOLDER/sheet.png. The samples are
photographs in the public domain or under CC0 that come with scikit-image; their colours are taken
away first, so that the guess can be compared with the truth.
"""

from __future__ import annotations

import argparse
import base64
import html
import io
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import colorlab
import numpy as np
from PIL import Image

# Name, file inside scikit-image, title, and whose it is.
SAMPLES = (
    ("rocket", "rocket.jpg", "Rocket launch", "SpaceX, public domain"),
    ("chelsea", "chelsea.png", "Chelsea", "Stefan van der Walt, CC0"),
    ("astronaut", "astronaut.png", "Eileen Collins", "NASA, public domain"),
    ("coffee", "coffee.png", "Coffee", "Rachel Michetti, CC0"),
)
SHEET_HEIGHT = 300  # of a photo on the sheet, pixels
PAGE_WIDTH = 1200  # of a photo on the page at most, pixels
ROW_WIDTH = 1000  # of the README's picture, pixels
GAP = 8


@dataclass
class Shown:
    """One photo: before, after, and the truth where it is known."""

    title: str
    credit: str
    before: np.ndarray[Any, Any]
    after: np.ndarray[Any, Any]
    truth: np.ndarray[Any, Any] | None
    mean_delta_l: float


def main() -> int:
    arguments = parse()
    try:
        with colorlab.Colorizer(arguments.model) as colorizer:
            shown = [sample(colorizer, *each) for each in SAMPLES]
            failed = 0
            for path in arguments.photos:
                try:
                    shown.append(given(colorizer, path))
                except colorlab.ColorlabError as error:
                    failed += 1
                    print(f"demo: {error}", file=sys.stderr)
            card = colorizer.card
    except colorlab.ColorlabError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 4 if isinstance(error, colorlab.ModelError) else 3
    folder = arguments.output
    folder.mkdir(parents=True, exist_ok=True)
    colorlab.write(folder / "sheet.png", sheet(shown), overwrite=True)
    (folder / "index.html").write_text(page(shown, f"{card.name} {card.version}"), encoding="utf-8")
    if arguments.row is not None:
        write_row(arguments.row, shown[: len(SAMPLES)])
    print(folder / "index.html")
    print(folder / "sheet.png")
    print(f"demo: {len(shown)} photos coloured", file=sys.stderr)
    return 1 if failed else 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("photos", nargs="*", type=Path, metavar="PHOTO")
    parser.add_argument("--model", default="default", help="a bundled generator, or an ONNX file")
    root = Path(__file__).resolve().parents[1]
    parser.add_argument("--output", type=Path, default=root / "demo", metavar="FOLDER")
    parser.add_argument(
        "--row", type=Path, metavar="JPEG", help="write the samples as the README's picture, too"
    )
    return parser.parse_args()


def sample(colorizer: colorlab.Colorizer, name: str, file: str, title: str, credit: str) -> Shown:
    import skimage.data

    folder = skimage.data.__file__
    truth = colorlab.read(Path(folder).parent / file)
    # Grey of the same L*, as a scan of panchromatic film shows it.
    lab = colorlab.rgb_to_lab(truth)
    lab[..., 1:] = 0
    before = colorlab.lab_to_rgb(lab)
    after = colorizer.colorize(before)
    return Shown(title, credit, before, after, truth, delta_l(after))


def given(colorizer: colorlab.Colorizer, path: Path) -> Shown:
    before = colorlab.read(path)
    after = colorizer.colorize(before)
    return Shown(path.name, "", to_8_bits(before), to_8_bits(after), None, delta_l(after))


def delta_l(after: Any) -> float:
    return float(after.certificate.mean_delta_l)


def to_8_bits(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    if pixels.dtype == np.uint8:
        return np.asarray(pixels)
    return ((np.asarray(pixels, dtype=np.uint32) + 128) // 257).astype(np.uint8)


def sheet(shown: list[Shown]) -> np.ndarray[Any, Any]:
    """Two rows of all photos at one height: before above after."""
    rows = []
    for picture in ("before", "after"):
        parts: list[np.ndarray[Any, Any]] = []
        for each in shown:
            pixels = getattr(each, picture)
            width = max(1, round(pixels.shape[1] * SHEET_HEIGHT / pixels.shape[0]))
            parts += [resized(pixels, SHEET_HEIGHT, width), blank(SHEET_HEIGHT, GAP)]
        rows += [np.concatenate(parts[:-1], axis=1)]
    return np.concatenate([rows[0], blank(GAP, rows[0].shape[1]), rows[1]])


def write_row(path: Path, shown: list[Shown]) -> None:
    """The sheet of the samples alone, small enough for a README."""
    pixels = sheet(shown)
    height = round(pixels.shape[0] * ROW_WIDTH / pixels.shape[1])
    path.parent.mkdir(parents=True, exist_ok=True)
    colorlab.write(path, resized(pixels, height, ROW_WIDTH), quality=85, overwrite=True)


def blank(height: int, width: int) -> np.ndarray[Any, Any]:
    return np.full((height, width, 3), 255, np.uint8)


def resized(pixels: np.ndarray[Any, Any], height: int, width: int) -> np.ndarray[Any, Any]:
    """At another size, for looking at."""
    image = Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(image)


def page(shown: list[Shown], generator: str) -> str:
    """A page that holds its pictures; a slider moves between before and after."""
    figures = "\n".join(figure(each) for each in shown)
    return PAGE.format(generator=html.escape(generator), figures=figures)


def figure(each: Shown) -> str:
    caption = html.escape(each.title + (f" ({each.credit})" if each.credit else ""))
    truth = ""
    if each.truth is not None:
        truth = f'<details><summary>the true colours</summary><img src="{data(each.truth)}" alt="">'
        truth += "</details>"
    return FIGURE.format(
        before=data(each.before),
        after=data(each.after),
        caption=caption,
        change=f"{each.mean_delta_l:.2f}",
        truth=truth,
    )


def data(pixels: np.ndarray[Any, Any]) -> str:
    height, width = pixels.shape[:2]
    if width > PAGE_WIDTH:
        pixels = resized(pixels, max(1, round(height * PAGE_WIDTH / width)), PAGE_WIDTH)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


FIGURE = """\
<figure>
<div class="pair">
<img src="{after}" alt="{caption}, coloured">
<img class="before" src="{before}" alt="{caption}, as it was">
<input type="range" min="0" max="100" value="50" aria-label="before and after">
</div>
<figcaption>{caption}. Mean change of lightness: {change} of 100.</figcaption>
{truth}
</figure>"""

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>colorlab: before and after</title>
<style>
body {{ margin: 0 auto; max-width: 44rem; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; }}
figure {{ margin: 2rem 0; }}
.pair {{ position: relative; --cut: 50%; }}
img {{ display: block; width: 100%; }}
.before {{ position: absolute; inset: 0; clip-path: inset(0 calc(100% - var(--cut)) 0 0); }}
.pair input {{ position: absolute; inset: auto 0 .5rem; width: 100%; margin: 0; }}
figcaption, details {{ color: #555; font-size: .9rem; }}
</style>
</head>
<body>
<h1>colorlab</h1>
<p>Left of the slider the photo as it was, right of it coloured by {generator}. Only the colours
are guessed; they are plausible, not true. The lightness is the photo's own.</p>
{figures}
<script>
for (const slider of document.querySelectorAll(".pair input")) {{
  slider.oninput = () => slider.parentElement.style.setProperty("--cut", slider.value + "%");
}}
</script>
</body>
</html>
"""

if __name__ == "__main__":
    sys.exit(main())
