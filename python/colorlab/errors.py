"""Every error that colorlab raises on purpose.

Each is a `ColorlabError` with a `code` (a stable name for programs), the `path` of the file
concerned (or None) and a `hint` on what to do (or None). `str(error)` reads "path: reason. hint".
"""

from __future__ import annotations

from typing import ClassVar, Self, TypeVar

__all__ = [
    "ColorlabError",
    "CorruptImageError",
    "DTypeError",
    "ImageError",
    "ImageTooLargeError",
    "InputError",
    "InputNotFoundError",
    "InvalidArgumentError",
    "ModelError",
    "ModelIncompatibleError",
    "ModelIntegrityError",
    "ModelNotFoundError",
    "OperationCancelled",
    "OutOfMemoryError",
    "OutputError",
    "ShapeError",
    "TrainingError",
    "TruncatedImageError",
    "UnsupportedFormatError",
]


class ColorlabError(Exception):
    """The root of the tree: catches everything that colorlab raises on purpose."""

    default_code: ClassVar[str] = "error"

    def __init__(
        self,
        reason: str,
        *,
        code: str | None = None,
        path: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code or self.default_code
        self.path = path or None
        self.hint = hint or None

    def __str__(self) -> str:
        text = f"{self.path}: {self.reason}" if self.path else self.reason
        return f"{text.rstrip('.')}. {self.hint}" if self.hint else text

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.reason, self.code, self.path, self.hint)

    def with_path(self, path: str | None) -> Self:
        """The same error, naming a file; keeps a path that is already there."""
        return _rebuild(type(self), self.reason, self.code, self.path or path, self.hint)


_Error = TypeVar("_Error", bound=ColorlabError)


def _rebuild(
    cls: type[_Error], reason: str, code: str, path: str | None, hint: str | None
) -> _Error:
    return cls(reason, code=code, path=path, hint=hint)


class ImageError(ColorlabError):
    """An image could not be decoded or encoded."""

    default_code = "image"


class UnsupportedFormatError(ImageError):
    """The data are no image of a format that colorlab reads or writes."""

    default_code = "unsupported_format"


class CorruptImageError(ImageError):
    """The data are damaged."""

    default_code = "corrupt_image"


class TruncatedImageError(ImageError):
    """The data end early; on_truncated="fill" reads the part that is there."""

    default_code = "truncated_image"


class ImageTooLargeError(ImageError):
    """The image is over a limit, which was checked before any memory was taken."""

    default_code = "image_too_large"


class ModelError(ColorlabError):
    """A generator could not be used."""

    default_code = "model"


class ModelNotFoundError(ModelError):
    """There is no model of this name or at this path."""

    default_code = "model_not_found"


class ModelIntegrityError(ModelError):
    """The model's bytes are not those that its checksum promises."""

    default_code = "model_integrity"


class ModelIncompatibleError(ModelError):
    """The model does not keep the contract between generators and colorlab."""

    default_code = "model_incompatible"


class ShapeError(ColorlabError, ValueError):
    """An array has the wrong shape."""

    default_code = "shape"


class DTypeError(ColorlabError, TypeError):
    """An array has the wrong type of elements."""

    default_code = "dtype"


class InputError(ColorlabError):
    """An input cannot be read, or an argument makes no sense."""

    default_code = "input_unreadable"


class InputNotFoundError(InputError, FileNotFoundError):
    """There is no such file; also a FileNotFoundError."""

    default_code = "file_not_found"


class InvalidArgumentError(InputError, ValueError):
    """An argument is outside what is possible; also a ValueError."""

    default_code = "invalid_argument"


class OutputError(ColorlabError):
    """An output exists already (code "output_exists") or cannot be written."""

    default_code = "output_unwritable"


class TrainingError(ColorlabError):
    """Training cannot start or go on."""

    default_code = "training"


class OutOfMemoryError(ColorlabError, MemoryError):
    """The machine or the GPU has too little memory for this; also a MemoryError."""

    default_code = "out_of_memory"


class OperationCancelled(ColorlabError):
    """The work was stopped on request."""

    default_code = "cancelled"


_FROM_CORE: tuple[type[ColorlabError], ...] = (
    UnsupportedFormatError,
    CorruptImageError,
    TruncatedImageError,
    ImageTooLargeError,
    ShapeError,
    DTypeError,
    InputError,
    InputNotFoundError,
    InvalidArgumentError,
    OutputError,
    OperationCancelled,
)
_BY_CODE = {cls.default_code: cls for cls in _FROM_CORE} | {"output_exists": OutputError}


def from_core(code: str, message: str, path: str, hint: str) -> ColorlabError:
    """The exception for an error of the native core; empty texts mean none."""
    return _BY_CODE.get(code, ColorlabError)(message, code=code, path=path, hint=hint)
