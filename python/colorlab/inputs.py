"""Whatever a caller holds a photo in, as pixels."""

from __future__ import annotations

import os
import sys
from typing import Any, Protocol, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from colorlab import image_io
from colorlab.errors import CorruptImageError, DTypeError, InvalidArgumentError, ShapeError

__all__ = ["ArrayLike", "ImageLike", "pil_pixels", "to_pixels"]


class ArrayLike(Protocol):
    """Anything that NumPy can look into: a tensor, a DataFrame's values, a PIL image."""

    def __array__(self) -> npt.NDArray[Any]: ...


class DLPackArray(Protocol):
    """Anything that shares its memory by DLPack."""

    def __dlpack__(self, *, stream: Any = None) -> Any: ...

    def __dlpack_device__(self) -> Any: ...


ImageLike: TypeAlias = npt.NDArray[Any] | ArrayLike | DLPackArray | image_io.Source

_DTYPES = (np.uint8, np.uint16, np.float32)


def to_pixels(image: ImageLike, *, limits: image_io.Limits | None = None) -> npt.NDArray[Any]:
    """The pixels of a photo: (H, W) or (H, W, 3), uint8, uint16 or float32, C-contiguous.

    Args:
        image: an array (H, W), (H, W, 1) or (H, W, 3) of sRGB-encoded grey or RGB: uint8, uint16,
            or float32 in 0..1; any object with `__array__` or `__dlpack__` that holds such pixels;
            a PIL image; a path, the bytes of a file, or a binary file object. Alpha of files and of
            PIL images is dropped. A grey array stays grey.
        limits: of decoding, see `colorlab.read`.

    Raises:
        ShapeError, DTypeError: no such pixels.
        InvalidArgumentError: nothing that holds a photo.
        InputError, ImageError: as `colorlab.read`; a PIL image that cannot be decoded.
    """
    if isinstance(image, np.ndarray):
        return _checked(image)
    if isinstance(image, str | os.PathLike | bytes | bytearray | memoryview):
        return _without_alpha(image_io.read(image, mode="unchanged", limits=limits))
    if _is_pil_image(image):
        return _checked(pil_pixels(image))
    if hasattr(image, "__array__"):
        return _checked(np.asarray(image))
    if hasattr(image, "__dlpack__"):
        return _checked(np.from_dlpack(cast(Any, image)))
    if hasattr(image, "read"):
        return _without_alpha(image_io.read(image, mode="unchanged", limits=limits))
    raise InvalidArgumentError(
        f"cannot take a photo from {type(image).__name__}",
        hint="Give an array, a PIL image, a path, bytes or a binary file object",
    )


def _checked(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] != 3):
        hint = None
        if pixels.ndim == 3 and pixels.shape[2] in (2, 4):
            hint = "Drop the alpha channel: image[..., :-1]"
        elif pixels.ndim == 3 and pixels.shape[0] in (1, 3):
            hint = "Channels come last: numpy.moveaxis(image, 0, -1)"
        elif pixels.ndim == 4:
            hint = "For many images use colorize_batch, or a list"
        raise ShapeError(
            f"an image is (H, W), (H, W, 1) or (H, W, 3), not {pixels.shape}", hint=hint
        )
    if pixels.size == 0:
        raise ShapeError(f"an image has at least one pixel, not {pixels.shape}")
    if pixels.dtype.newbyteorder("=") not in _DTYPES:
        hint = "Convert it, as image.astype(numpy.float32), with values in 0..1"
        if pixels.dtype.kind in "iu":
            hint = "Convert values of 0..255, as image.astype(numpy.uint8)"
        raise DTypeError(f"an image is uint8, uint16 or float32, not {pixels.dtype}", hint=hint)
    if not pixels.dtype.isnative:
        pixels = pixels.astype(pixels.dtype.newbyteorder("="))
    return np.ascontiguousarray(pixels)


def _without_alpha(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if pixels.ndim == 3 and pixels.shape[2] in (2, 4):
        pixels = pixels[..., :-1]
    return _checked(pixels)


def _is_pil_image(image: object) -> bool:
    module = sys.modules.get("PIL.Image")  # a PIL image exists only where it was imported
    return module is not None and isinstance(image, module.Image)


def pil_pixels(image: Any) -> npt.NDArray[Any]:
    """Of a PIL image: uint8 (H, W) or (H, W, 3), or uint16 (H, W); alpha is dropped.

    Raises:
        DTypeError: its mode has no fixed range.
        CorruptImageError: PIL, which decodes a file when it is first asked for pixels, cannot.
    """
    if image.mode in ("I", "F"):
        raise DTypeError(
            f'a PIL image of mode "{image.mode}" has no fixed range',
            hint='Convert it to "L", "I;16" or "RGB", or give an array',
        )
    try:
        if image.mode.startswith("I;16"):
            return np.asarray(image).astype(np.uint16)
        return np.asarray(image.convert("L" if image.mode in ("L", "LA", "1") else "RGB"))
    except (OSError, SyntaxError, ValueError) as error:  # as PIL's decoders raise
        path = getattr(image, "filename", None)
        raise CorruptImageError(
            f"PIL cannot decode it: {error}", path=os.fsdecode(path) if path else None
        ) from error
