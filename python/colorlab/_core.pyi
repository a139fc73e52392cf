# The native module's face; every function is documented where the package shows it.
import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal, overload

import numpy as np
import numpy.typing as npt

__version__: str

_Bytes = bytes | bytearray | memoryview
_Float = npt.NDArray[np.float32]
_Path = str | os.PathLike[str]

# color
def rgb_to_lab(rgb: npt.NDArray[Any], out: _Float | None = None, threads: int = 0) -> _Float: ...
def lab_to_rgb(
    lab: _Float,
    dtype: str = "uint8",
    gamut: str = "chroma",
    out: npt.NDArray[Any] | None = None,
    threads: int = 0,
) -> npt.NDArray[Any]: ...
def lightness(
    image: npt.NDArray[Any],
    out: _Float | None = None,
    threads: int = 0,
    scale: float = 1.0,
    offset: float = 0.0,
) -> _Float: ...
def delta_e(
    lab1: npt.NDArray[Any], lab2: npt.NDArray[Any], formula: str = "2000", threads: int = 0
) -> npt.NDArray[np.float64]: ...
def colorfulness(rgb: npt.NDArray[Any], variant: str = "hasler", threads: int = 0) -> float: ...
def cpu_targets() -> list[str]: ...
def active_target() -> str: ...
def force_target(name: str) -> None: ...
def build_info() -> dict[str, Any]: ...
def codec_versions() -> dict[str, str]: ...

# resample and pipeline
def preprocess(image: npt.NDArray[Any], height: int, width: int, threads: int = 0) -> _Float: ...
@overload
def recolor(
    image: npt.NDArray[Any],
    ab: _Float,
    preserve: str = "lightness",
    upsample: str = "guided",
    out: npt.NDArray[Any] | None = None,
    threads: int = 0,
    *,
    certify: Literal[False],
) -> tuple[npt.NDArray[Any], None]: ...
@overload
def recolor(
    image: npt.NDArray[Any],
    ab: _Float,
    preserve: str = "lightness",
    upsample: str = "guided",
    out: npt.NDArray[Any] | None = None,
    threads: int = 0,
    certify: Literal[True] = True,
) -> tuple[npt.NDArray[Any], dict[str, float]]: ...
def chroma_for_luma(
    grey: npt.NDArray[np.uint8],
    ab: npt.NDArray[np.float32],
    upsample: str = "guided",
    threads: int = 0,
) -> tuple[npt.NDArray[np.uint8], dict[str, float]]: ...
def upsample_ab(
    ab_low: _Float, lightness: _Float, upsample: str = "guided", threads: int = 0
) -> _Float: ...
def resize_area(image: _Float, height: int, width: int, threads: int = 0) -> _Float: ...

# tile
_Bounds = tuple[int, int, int, int]

def plan_tiles(
    height: int, width: int, tile: int = 512, halo: int = 0, overlap: int = 0
) -> list[tuple[int, int, _Bounds, _Bounds]]: ...
def blend_windows(
    height: int, width: int, tile: int, overlap: int
) -> tuple[list[_Float], list[_Float]]: ...

# io
def probe(data: _Bytes, limits: Mapping[str, int] | None = None) -> dict[str, Any]: ...
def decode(
    data: _Bytes,
    mode: str = "rgb",
    on_truncated: str = "error",
    limits: Mapping[str, int] | None = None,
    colors: str = "srgb",
    reduce: int = 1,
) -> npt.NDArray[Any]: ...
def read_metadata(data: _Bytes, limits: Mapping[str, int] | None = None) -> dict[str, Any]: ...
def with_provenance(
    metadata: dict[str, Any], software: str, model: str, version: str
) -> dict[str, Any]: ...
def encode_jpeg(
    image: npt.NDArray[Any], quality: int = 92, metadata: dict[str, Any] | None = None
) -> bytes: ...
def encode_png(
    image: npt.NDArray[Any], compression: int = 1, metadata: dict[str, Any] | None = None
) -> bytes: ...
def encode_tiff(
    image: npt.NDArray[Any], compression: int = 1, metadata: dict[str, Any] | None = None
) -> bytes: ...
def encode_webp(
    image: npt.NDArray[Any],
    quality: int = 92,
    lossless: bool = False,
    metadata: dict[str, Any] | None = None,
) -> bytes: ...
def add_chroma_to_jpeg(
    data: _Bytes,
    cbcr: npt.NDArray[np.uint8],
    quality: int = 92,
    metadata: dict[str, Any] | None = None,
    limits: Mapping[str, int] | None = None,
    decoded: bool = False,
) -> bytes: ...
def srgb_icc(channels: int = 3) -> bytes: ...
def srgb_to_icc(image: npt.NDArray[Any], icc: _Bytes) -> npt.NDArray[Any]: ...
def read_file(path: _Path, limits: Mapping[str, int] | None = None) -> bytes: ...
def write_file_atomically(
    path: _Path,
    data: _Bytes,
    overwrite: bool = False,
    permissions: int | None = None,
    modified: int | None = None,
) -> None: ...

class RowWriter:
    def __init__(
        self,
        path: _Path,
        format: str,
        height: int,
        width: int,
        channels: int,
        bits: int = 8,
        metadata: dict[str, Any] | None = None,
        quality: int = 92,
        compression: int = 1,
        orientation: int = 1,
        tile: tuple[int, int] = (0, 0),
        overwrite: bool = False,
        permissions: int | None = None,
        modified: int | None = None,
    ) -> None: ...
    def write(self, rows: npt.NDArray[Any]) -> None: ...
    def finish(self) -> None: ...
    def abandon(self) -> None: ...
    def cancel(self) -> None: ...

class ChromaWriter:
    def __init__(
        self,
        source: _Path,
        path: _Path,
        metadata: dict[str, Any] | None = None,
        quality: int = 92,
        orientation: int = 1,
        overwrite: bool = False,
        permissions: int | None = None,
        modified: int | None = None,
        limits: Mapping[str, int] | None = None,
    ) -> None: ...
    def finish(self) -> None: ...
    def abandon(self) -> None: ...

def may_copy_luma(path: _Path, limits: Mapping[str, int] | None = None) -> bool: ...

class RowReader:
    def __init__(
        self,
        path: _Path,
        mode: str = "unchanged",
        on_truncated: str = "error",
        limits: Mapping[str, int] | None = None,
        colors: str = "srgb",
        band_rows: int = 0,
    ) -> None: ...
    @property
    def height(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def channels(self) -> int: ...
    @property
    def bits(self) -> int: ...
    @property
    def format(self) -> Literal["jpeg", "png", "webp", "tiff", "bmp"]: ...
    @property
    def orientation(self) -> int: ...
    @property
    def animated(self) -> bool: ...
    @property
    def whole_because(self) -> str: ...
    @property
    def fits_in_memory(self) -> bool: ...
    @property
    def tile(self) -> tuple[int, int]: ...
    def metadata(self) -> dict[str, Any]: ...
    def next(self) -> npt.NDArray[Any] | None: ...
    def rewind(self) -> None: ...
    def reduce_lightness(self, sizes: list[tuple[int, int]]) -> list[_Float]: ...
    def recolor(
        self,
        out: RowWriter,
        ab: _Float,
        guide: _Float | None = None,
        preserve: str = "lightness",
        upsample: str = "guided",
        threads: int = 0,
    ) -> dict[str, float]: ...
    def add_chroma(
        self, out: ChromaWriter, ab: _Float, upsample: str = "guided", threads: int = 0
    ) -> dict[str, float]: ...
    def cancel(self) -> None: ...

# loader
def index_photos(sources: Sequence[_Path]) -> list[tuple[str, str, int, int]]: ...

class PhotoLoader:
    def __init__(
        self,
        items: Sequence[tuple[str, str, int, int]],
        *,
        batch: int = 16,
        crop: int = 128,
        min_scale: float = 0.6,
        flip: bool = True,
        ab_scale: float = 110.0,
        seed: int = 0,
        first_sample: int = 0,
        threads: int = 1,
        queue: int = 4,
        weights: Sequence[float] | None = None,
        film: Mapping[str, float] = {},
    ) -> None: ...
    def next(self) -> tuple[_Float, _Float]: ...
    def failed(self) -> list[tuple[str, str]]: ...
    @property
    def next_sample(self) -> int: ...
