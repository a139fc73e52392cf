"""What a photograph's file says besides its pixels; the note on machine-made colour."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Metadata", "Provenance"]


@dataclass(frozen=True, slots=True)
class Metadata:
    """Blocks of metadata in the forms that JPEG, PNG, TIFF and WebP all carry; empty means none.

    `read(..., with_metadata=True)` and `read_metadata` fill it so that it fits upright pixels: the
    orientation in `exif` and `xmp` is 1, and the thumbnail, which shows the old pixels, is
    unlinked. `write(..., metadata=...)` carries it into the new file.
    """

    exif: bytes = field(default=b"", repr=False)  #: a TIFF structure, without "Exif\\0\\0"
    xmp: bytes = field(default=b"", repr=False)  #: one packet, UTF-8
    iptc: bytes = field(default=b"", repr=False)  #: IPTC-IIM records
    icc: bytes = field(default=b"", repr=False)  #: the profile of the samples in the file read
    comment: bytes = b""  #: JPEG's COM, PNG's tEXt "Comment"
    dpi: tuple[float, float] | None = None  #: dots per inch, x and y
    orientation: int = 1  #: 1..8 as the file read had it; the pixels read are upright already


@dataclass(frozen=True, slots=True)
class Provenance:
    """The note that a photograph's colour is machine-made.

    It is written into XMP (IPTC's DigitalSourceType "compositeWithTrainedAlgorithmicMedia" and the
    names below) and, in JPEG and PNG, as a sentence into the comment.
    """

    model: str  #: the generator's name
    version: str = ""  #: the generator's version
    software: str = "colorlab"  #: name and version of the program
