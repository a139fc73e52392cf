"""The page of an evaluation: figures with intervals, the protocol, photos side by side."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from colorlab import html_report as page
from colorlab.evaluation import Measured

__all__ = ["METRICS", "Gallery", "as_html"]

#: key in the summary, what a person calls it, format
METRICS = (
    ("psnr", "PSNR, dB", ".2f"),
    ("ssim", "SSIM", ".4f"),
    ("delta_e00", "ΔE00", ".2f"),
    ("delta_e76", "ΔE76", ".2f"),
    ("auc", "AuC, %", ".2f"),
    ("auc_rebalanced", "AuC rebalanced, %", ".2f"),
    ("cf", "CF", ".2f"),
    ("cf_truth", "CF of the truth", ".2f"),
    ("cf_share", "CF, share of the truth's", ".3f"),
    ("delta_cf", "ΔCF, of means", ".2f"),
    ("delta_cf_per_photo", "ΔCF, mean per photo", ".2f"),
    ("cf_absolute", "CF absolute", ".2f"),
    ("cf_absolute_truth", "CF absolute of the truth", ".2f"),
    ("delta_cf_absolute", "ΔCF absolute, of means", ".2f"),
    ("delta_cf_absolute_per_photo", "ΔCF absolute, mean per photo", ".2f"),
    ("grey_fraction", "grey pixels, share", ".3f"),
    ("edge_bleed", "edge bleed, ab", ".2f"),
    ("mean_delta_l", "|ΔL*|, mean", ".3f"),
    ("max_delta_l", "|ΔL*|, largest", ".2f"),
)
_SHOWN = 12  # photos with pictures from either end
_LISTED = 1000  # photos in the table; the JSON has all
_SIDE = 176  # of a picture, pixels


@dataclass(slots=True)
class Gallery:
    """Pictures of the photos farthest from and nearest to the truth, by mean ΔE00; the rest go."""

    _worst: list[tuple[float, str, list[str]]] = field(default_factory=list)
    _best: list[tuple[float, str, list[str]]] = field(default_factory=list)

    def add(self, photo: Measured) -> None:
        """Looks at one more."""
        error, name = float(photo.row["delta_e00"]), str(photo.row["name"])
        wanted = [
            (heap, key)
            for heap, key in ((self._worst, error), (self._best, -error))
            if len(heap) < _SHOWN or key > heap[0][0]
        ]
        if not wanted:
            return
        shown = [page.picture(p, side=_SIDE) for p in (photo.grey, photo.output, photo.truth)]
        for heap, key in wanted:
            heapq.heappush(heap, (key, name, shown))
            if len(heap) > _SHOWN:
                heapq.heappop(heap)

    def parts(self) -> Iterator[str]:
        """For a page."""
        for title, heap in (("Farthest", self._worst), ("Nearest", self._best)):
            yield page.heading(f"{title} from the truth")
            rows = [
                (*pictures, f"{name}: ΔE00 {abs(error):.2f}")
                for error, name, pictures in sorted(heap, reverse=True)
            ]
            yield page.table(("grey", "colorized", "truth", "photo"), rows)


def as_html(result: dict[str, Any], gallery: Gallery) -> str:
    """The page of what `Evaluation.as_dict` gave."""
    return page.page("colorlab: evaluation", _parts(result, gallery))


def _parts(result: dict[str, Any], gallery: Gallery) -> Iterator[str]:
    protocol = result["protocol"]
    yield page.paragraph(
        f"{protocol['photos']} photos, protocol {protocol['hash']}. Two figures may be compared if "
        "and only if their protocols' hashes are the same."
    )
    yield page.table(("", "mean", "95 %", "all grey"), _figures(result))
    for name, found in result.get("fid", {}).items():
        if isinstance(found, dict):
            yield page.paragraph(f"FID ({name}): {found['fid']:.3f}; {found['preprocessing']}")
    yield page.paragraph("Intervals are of the bootstrap over photos.", note=True)
    if result["failed"]:
        yield page.heading("Not measured")
        yield page.table(("photo", "why"), ((f["name"], f["reason"]) for f in result["failed"]))
    yield from gallery.parts()
    yield page.heading("Protocol")
    yield page.table(("", ""), ((key, str(value)) for key, value in protocol.items()))
    yield page.heading("Photos")
    rows = sorted(result["photos"], key=lambda row: -row["delta_e00"])
    if len(rows) > _LISTED:
        yield page.paragraph(f"The {_LISTED} of {len(rows)} with the largest ΔE00.", note=True)
    columns = [each for each in METRICS if each[0] in rows[0]]
    lines = [
        [str(row["name"]), *(f"{row[key]:{form}}" for key, _, form in columns)]
        for row in rows[:_LISTED]
    ]
    yield page.folded(
        "every photo's figures", [page.table(["photo", *(name for _, name, _ in columns)], lines)]
    )


def _figures(result: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for key, name, form in METRICS:
        low, high = result["intervals"].get(key, ("", ""))
        ends = f"{low:{form}} to {high:{form}}" if low != "" else ""
        grey = result["all_grey"][key]
        yield name, f"{result['summary'][key]:{form}}", ends, f"{grey:{form}}"
