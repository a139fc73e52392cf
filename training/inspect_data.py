"""A look at photos before training on them: what cannot be read, is nearly grey, or is there twice.

Near-grey photos teach a network to leave things grey, duplicates teach it those photos. Nothing is
deleted: `keep.txt` lists the rest, to train on with --data; photos in tar shards it cannot name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from colorlab import _core, image_io
from colorlab import html_report as page
from colorlab.color import rgb_to_lab
from colorlab.errors import ColorlabError, OutputError
from numpy.typing import NDArray

from . import data, files

THUMB = 64  # side of a thumbnail, pixels
GREY_CHROMA = 4.0  # photos whose mean C* is below are nearly grey
SAME_BITS = 3  # perceptual hashes of 64 bits that differ in at most so many are of one photo
COLUMNS = 12  # of the contact sheet
MOST_SHOWN = 240

Bytes = NDArray[np.uint8]


@dataclass(slots=True)
class Findings:
    """What `inspect` found; photos are numbers into `items`."""

    items: list[data.Item]
    unreadable: list[tuple[int, str]] = field(default_factory=list)
    near_grey: list[int] = field(default_factory=list)
    # Groups, the one to keep first: one that is not nearly grey, where there is one.
    duplicates: list[list[int]] = field(default_factory=list)

    def kept(self) -> list[int]:
        """All but the unreadable and near-grey ones, and one of each group of duplicates."""
        out = {number for number, _ in self.unreadable} | set(self.near_grey)
        out |= {number for group in self.duplicates for number in group[1:]}
        return [number for number in range(len(self.items)) if number not in out]

    def name(self, number: int) -> str:
        source, name, offset, _ = self.items[number]
        return f"{source}/{name}" if offset else source  # a member of a tar, or a file


def inspect(
    sources: Sequence[Path],
    folder: Path,
    *,
    threads: int = 2,
    narrate: Callable[[str], None] = lambda _: None,
) -> Findings:
    """Looks at every photo and writes report.html, contact.png and lists into `folder`.

    Raises:
        TrainingError: no photos. OutputError: `folder` cannot be made, or holds a report already.
    """
    items = data.index(sources)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot be made: {error.strerror}", path=str(folder)) from error
    if (folder / "report.html").exists():
        raise OutputError("holds a report already", code="output_exists", path=str(folder))
    found = Findings(items)
    thumbs: dict[int, Bytes] = {}
    hashes: dict[int, int] = {}
    with ThreadPoolExecutor(threads) as pool:
        for number, result in enumerate(pool.map(_look, items)):
            if isinstance(result, str):
                found.unreadable.append((number, result))
                continue
            thumbs[number] = result
            lab = rgb_to_lab(result)
            if np.hypot(lab[..., 1], lab[..., 2]).mean() < GREY_CHROMA:
                found.near_grey.append(number)
            hashes[number] = perceptual_hash(lab[..., 0])
            if (number + 1) % 1000 == 0:
                narrate(f"{number + 1} of {len(items)} photos")
    grey = set(found.near_grey)
    found.duplicates = [sorted(group, key=grey.__contains__) for group in groups(hashes)]
    _write(found, thumbs, folder)
    return found


def _look(item: data.Item) -> Bytes | str:
    """A thumbnail [THUMB,THUMB,3], or why there is none."""
    try:
        return image_io.resized(data.read(item), THUMB, THUMB)
    except (ColorlabError, OSError) as error:
        return str(error)


def perceptual_hash(l_star: NDArray[np.float32]) -> int:
    """64 bits: whether each cell of an 8 x 9 grid is lighter than the one to its right (dHash)."""
    grid = _core.resize_area(np.ascontiguousarray(l_star[..., None]), 8, 9)[..., 0]
    bits = np.packbits(grid[:, :-1] > grid[:, 1:])
    return int.from_bytes(bits.tobytes(), "big")


def groups(hashes: dict[int, int]) -> Iterator[list[int]]:
    """Photos whose hashes differ in at most SAME_BITS, by their numbers, the first one first.

    Of two such hashes one of SAME_BITS + 1 pieces is equal: only those with a piece in common are
    compared.
    """
    width = 64 // (SAME_BITS + 1)
    buckets: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    members: defaultdict[int, list[int]] = defaultdict(list)
    for number, value in hashes.items():
        keys = [(i, value >> i * width & (1 << width) - 1) for i in range(SAME_BITS + 1)]
        near = (
            other
            for key in keys
            for other in buckets[key]
            if (hashes[other] ^ value).bit_count() <= SAME_BITS
        )
        first = min(near, default=number)
        members[first].append(number)
        if first == number:  # only the first ones are compared with
            for key in keys:
                buckets[key].append(number)
    return (group for group in members.values() if len(group) > 1)


def _write(found: Findings, thumbs: dict[int, Bytes], folder: Path) -> None:
    def listed(name: str, lines: Sequence[str]) -> None:
        files.write_text(folder / name, "".join(f"{line}\n" for line in lines))

    listed("unreadable.tsv", [f"{found.name(n)}\t{reason}" for n, reason in found.unreadable])
    listed("near-grey.txt", [found.name(n) for n in found.near_grey])
    listed("duplicates.txt", ["\t".join(map(found.name, group)) for group in found.duplicates])
    kept = found.kept()
    single = [number for number in kept if not found.items[number][2]]
    listed("keep.txt", [str(Path(found.name(n)).absolute()) for n in single])
    flagged = [*found.near_grey, *(n for group in found.duplicates for n in group)][:MOST_SHOWN]
    parts = [
        page.paragraph(
            f"{len(found.unreadable)} unreadable, {len(found.near_grey)} nearly grey, "
            f"{sum(len(g) - 1 for g in found.duplicates)} duplicates, {len(kept)} to keep."
            " Lists lie beside this page."
        )
    ]
    if len(single) < len(kept):
        told = f"keep.txt names {len(single)} of them: the others lie in tar shards."
        parts.append(page.paragraph(told, note=True))
    if flagged:
        sheet = contact_sheet([thumbs[number] for number in flagged])
        image_io.write(folder / "contact.png", sheet, overwrite=True)
        parts.append(page.heading("Nearly grey, then duplicates in their groups"))
        parts.append(page.embedded(folder / "contact.png", alt="contact sheet"))
        rows = [[str(place), found.name(n)] for place, n in enumerate(flagged, 1)]
        parts.append(page.table(["place", "photo"], rows))
    text = page.page(f"{len(found.items)} photos", parts)
    page.write(folder / "report.html", text, overwrite=True)


def contact_sheet(thumbs: Sequence[Bytes]) -> Bytes:
    """The thumbnails in rows of COLUMNS, white where none is left: uint8 RGB."""
    rows = -(-len(thumbs) // COLUMNS)
    sheet = np.full((rows * THUMB, COLUMNS * THUMB, 3), 255, np.uint8)
    for number, thumb in enumerate(thumbs):
        y, x = divmod(number, COLUMNS)
        sheet[y * THUMB : (y + 1) * THUMB, x * THUMB : (x + 1) * THUMB] = thumb
    return sheet
