"""The colorizer: a photo's pixels to the network and back, at two resolutions.

The network sees the photo's lightness at a small size and answers with colour; the colour is
brought to full size along the edges of the photo, and joined with its own lightness.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal, Self, overload

import numpy.typing as npt

from colorlab import image_io, streaming
from colorlab.arguments import choice, whole
from colorlab.errors import ColorlabError, InvalidArgumentError
from colorlab.inputs import ImageLike
from colorlab.model import registry
from colorlab.model.card import ModelCard
from colorlab.recoloring import Prepared, PreparedRows, check_finish, recolor
from colorlab.result import ColorizedImage, Preserve
from colorlab.session import Device, GeneratorSession, Precision
from colorlab.stages import Size, Stages, checked_size

__all__ = ["Colorizer", "Prepared", "PreparedRows", "colorize", "recolor"]

_GPU_BATCH = 8  # on a CPU a batch gains nothing: passes side by side fill the cores better
# Of memory, for one pixel that the network sees: measured with the bundled generator.
_BYTES_PER_PIXEL = 480
_LARGE = 1 << 16  # pixels on a side: no network sees more
MAX_CANDIDATES = 24


class Colorizer(Stages):
    """Colours black-and-white photos with one generator.

    May be used from many threads at once, be pickled, and be used in processes that were forked or
    spawned after it was made (on CUDA: spawned). Closes as a context manager.

    Args:
        model: a bundled name, the path of an ONNX generator (format 1), or its bytes.
        device: "cuda", "cpu", or "auto": CUDA where it can be used, else the CPU.
        threads: at most so many for the network and for the pixels; None is every core that this
            process may run on. Results do not depend on it.
        size: short side, pixels, at which the network sees a photo; "auto" is what the generator
            says it is best at. The result has the photo's own size whatever this is.
        batch_size: photos per pass of the network; "auto" is 1 on a CPU and 8 on CUDA. Halved by
            itself when memory runs out.
        precision: "auto", or "float32" to forbid TensorFloat-32 on CUDA.
        limits: of decoding files, see `colorlab.read`.
        sha256: checksum that the generator must have.
        adapter: what a foreign generator's input and output mean: "ddcolor", "deoldify", "eccv16"
            or "siggraph17"; None reads MODEL.onnx.toml beside it, see docs/foreign-models.md.
        trust_model: allow custom operators, and tensors in other files.

    Raises:
        ModelNotFoundError, ModelIntegrityError, ModelIncompatibleError: no generator to use.
        ModelError: code "runtime_missing" without ONNX Runtime.
        InvalidArgumentError: an argument makes no sense, or there is no such device here.
    """

    def __init__(
        self,
        model: registry.ModelSource = "default",
        *,
        device: Device = "auto",
        threads: int | None = None,
        size: Size = "auto",
        batch_size: int | Literal["auto"] = "auto",
        precision: Precision = "auto",
        limits: image_io.Limits | None = None,
        sha256: str | None = None,
        adapter: str | None = None,
        trust_model: bool = False,
    ) -> None:
        verified = registry.load(model, sha256=sha256, adapter=adapter, trust=trust_model)
        size = checked_size(size, verified.card)
        if batch_size != "auto":
            batch_size = whole("batch_size", batch_size, besides=' or "auto"')
        session = GeneratorSession(verified, device=device, threads=threads, precision=precision)
        default_batch = _GPU_BATCH if session.device == "cuda" else 1
        super().__init__(
            session,
            size=size,
            batch=default_batch if batch_size == "auto" else batch_size,
            threads=threads or 0,  # to the core, 0 means choose
            limits=image_io.plain_limits(limits),
        )
        #: What another process needs to make the same: the generator by name, not its megabytes.
        self.arguments: dict[str, Any] = {
            "model": _portable(model, verified.path),
            "device": device,
            "threads": threads,
            "size": size,
            "batch_size": batch_size,
            "precision": precision,
            "limits": self._limits,
            "sha256": verified.sha256,
            "adapter": adapter,
            "trust_model": trust_model,
        }

    # What it is

    @property
    def card(self) -> ModelCard:
        """What the generator says about itself."""
        return self._open_session().card

    @property
    def sha256(self) -> str:
        """Checksum of the generator's file."""
        return self._open_session().model.sha256

    @property
    def file_size(self) -> int:
        """Bytes of the generator's file."""
        return len(self._open_session().model.data)

    @property
    def device(self) -> Literal["cpu", "cuda"]:
        """Where the network runs."""
        return self._open_session().device

    @property
    def threads(self) -> int:
        """How many threads the network may use on a CPU."""
        return self._open_session().threads

    def passes_at_once(
        self, *, memory: int = streaming.DEFAULT_MEMORY, size: Size | None = None
    ) -> int:
        """How many passes of the network, side by side, colour the most photos per second.

        On a CPU that is one per core, each with a thread of its own: threads that share a pass wait
        for each other at every layer. A device, and a foreign generator whose needs are unknown,
        take one pass at a time.

        Args:
            memory: bytes that all passes may take together.
            size: as of the constructor.

        Raises:
            InvalidArgumentError: there is no such size.
        """
        session = self._open_session()
        if session.device == "cuda" or session.model.adapter is not None:
            return 1
        height, width = self._render_size((_LARGE, _LARGE * 4 // 3), size)
        needed = self._batch * height * width * _BYTES_PER_PIXEL
        return max(1, min(session.threads, memory // needed))

    def __repr__(self) -> str:
        if self._session is None:
            return "Colorizer(closed)"
        card = self._session.card
        return f"Colorizer({card.name!r} {card.version}, device={self._session.device!r})"

    # What it does

    @overload
    def colorize(
        self,
        image: ImageLike,
        *,
        saturation: float = 1.0,
        preserve: Preserve = "lightness",
        size: Size | None = None,
        out: npt.NDArray[Any] | None = None,
    ) -> ColorizedImage: ...

    @overload
    def colorize(
        self,
        image: list[Any] | tuple[Any, ...],
        *,
        saturation: float = 1.0,
        preserve: Preserve = "lightness",
        size: Size | None = None,
    ) -> list[ColorizedImage]: ...

    def colorize(
        self,
        image: Any,
        *,
        saturation: float = 1.0,
        preserve: Preserve = "lightness",
        size: Size | None = None,
        out: npt.NDArray[Any] | None = None,
    ) -> ColorizedImage | list[ColorizedImage]:
        """Colours one photo, or a list of them.

        Args:
            image: an array (H, W), (H, W, 1) or (H, W, 3) of sRGB-encoded grey or RGB (uint8,
                uint16, or float32 in 0..1), anything with `__array__` or `__dlpack__` that holds
                such pixels, a PIL image, a path, a file's bytes, or a binary file object; or a list
                or tuple of these. Of a photo in colour, only its lightness is used.
            saturation: multiplies the colour, 0..10; 0 gives grey.
            preserve: "lightness" keeps the displayed L* (film, scans), "luma" keeps Y' (BT.601),
                which suits files that were desaturated digitally.
            size: as of the constructor, for this photo; None is the constructor's.
            out: where the result goes: (H, W, 3), C-contiguous, of the photo's dtype; no list.

        Returns:
            RGB (H, W, 3) of the photo's size and dtype, with its `certificate`; a list for a list.

        Raises:
            InputError, ImageError: the photo cannot be read.
            ShapeError, DTypeError, InvalidArgumentError: no such pixels or argument.
            OutOfMemoryError: memory ran out even for this photo alone.
            ModelIncompatibleError: the generator broke its contract.
        """
        if isinstance(image, list | tuple):
            if out is not None:
                raise InvalidArgumentError("out= takes one image, not a list")
            batch = self.colorize_batch(image, saturation=saturation, preserve=preserve, size=size)
            return list(batch)
        check_finish(saturation, preserve)
        prepared = self.prepare(image, size=size)
        (ab,) = self.predict([prepared])
        return self.finish(prepared, ab, saturation=saturation, preserve=preserve, out=out)

    __call__ = colorize

    @overload
    def colorize_batch(
        self,
        images: Iterable[ImageLike],
        *,
        saturation: float = 1.0,
        preserve: Preserve = "lightness",
        size: Size | None = None,
        on_error: Literal["raise"] = "raise",
    ) -> Iterator[ColorizedImage]: ...

    @overload
    def colorize_batch(
        self,
        images: Iterable[ImageLike],
        *,
        saturation: float = 1.0,
        preserve: Preserve = "lightness",
        size: Size | None = None,
        on_error: Literal["return"],
    ) -> Iterator[ColorizedImage | ColorlabError]: ...

    def colorize_batch(
        self,
        images: Iterable[ImageLike],
        *,
        saturation: float = 1.0,
        preserve: Preserve = "lightness",
        size: Size | None = None,
        on_error: Literal["raise", "return"] = "raise",
    ) -> Iterator[Any]:
        """Colours a stream of photos, one result per photo, in their order.

        A few photos are held at a time, as memory allows, so the stream may be endless: on a CPU
        one per core, each coloured by a thread of its own; else `batch_size`, of which those of one
        render size go through the network together.

        Args:
            images: as for `colorize`; taken as results are asked for, those few ahead, so an array
                must not be written to before its result is there.
            saturation, preserve, size: as for `colorize`.
            on_error: "raise" ends the stream at the first photo that fails; "return" gives the
                error in that photo's place and goes on.

        Returns:
            An iterator of what `colorize` gives.

        Raises:
            InvalidArgumentError: no such argument; at once, before the first result is asked for.
            ColorlabError: as `colorize`, from the iterator, with on_error="raise".
        """
        check_finish(saturation, preserve)
        choice("on_error", on_error, ("raise", "return"))
        if isinstance(images, str | bytes | bytearray | memoryview | os.PathLike):
            raise InvalidArgumentError("images is one photo", hint="Use colorize, or a list of it")
        self._open_session()
        return self._stream(iter(images), saturation, preserve, size, on_error == "return")

    def candidates(
        self,
        image: ImageLike,
        count: int = 5,
        *,
        saturation: float = 1.0,
        preserve: Preserve = "lightness",
        size: Size | None = None,
    ) -> list[ColorizedImage]:
        """Different plausible colourings of one photo, out of one pass of the network.

        The first is that of `colorize`; see `ColorClasses.alternatives` for the others. The same
        photo gives the same candidates every time.

        Args:
            image, saturation, preserve, size: as for `colorize`.
            count: how many, 1..24.

        Returns:
            `count` times RGB (H, W, 3) of the photo's dtype.

        Raises:
            ModelIncompatibleError: the generator gives no distribution over colours.
            ColorlabError: as `colorize`.
        """
        check_finish(saturation, preserve)
        count = whole("count", count, most=MAX_CANDIDATES)
        photo = self.prepare(image, size=size)
        ab, logits, classes = self._run_with_classes(photo)
        return [
            self.finish(photo, each, saturation=saturation, preserve=preserve)
            for each in classes.alternatives(ab, logits, count)
        ]

    # Lifetime

    def close(self) -> None:
        """Lets go of the network; may be called again, but any other use is then an error
        (InvalidArgumentError, code "closed")."""
        self._session = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[object, ...]:
        self._open_session()
        return _rebuild, (self.arguments,)

    def _stream(
        self,
        images: Iterator[ImageLike],
        saturation: float,
        preserve: Preserve,
        size: Size | None,
        keep_errors: bool,
    ) -> Iterator[ColorizedImage | ColorlabError]:
        passes = self.passes_at_once(size=size) if self._batch == 1 else 1
        prepare = partial(self.prepare, size=size)
        threads = 1 if passes > 1 else None
        finish = partial(self.finish, saturation=saturation, preserve=preserve, threads=threads)
        for result in streaming.stream(self, images, prepare, finish, passes=passes):
            if isinstance(result, ColorlabError) and not keep_errors:
                raise result
            yield result


def colorize(
    image: Any,
    *,
    model: registry.ModelSource = "default",
    saturation: float = 1.0,
    preserve: Preserve = "lightness",
    size: Size = "auto",
    device: Device = "auto",
    threads: int | None = None,
) -> Any:
    """Colours one photo or a list of them; for many calls make a `Colorizer`, which loads once.

    Args:
        image, saturation, preserve: as for `Colorizer.colorize`.
        model, size, device, threads: as for `Colorizer`.

    Returns:
        RGB (H, W, 3) of the photo's size and dtype, with its `certificate`; a list for a list.

    Raises:
        ColorlabError: as `Colorizer` and `Colorizer.colorize`.
    """
    with Colorizer(model, size=size, device=device, threads=threads) as colorizer:
        return colorizer.colorize(image, saturation=saturation, preserve=preserve)


def _portable(model: registry.ModelSource, path: str | None) -> str | bytes:
    """The model as another process finds it: by name, by absolute path, or as its bytes."""
    if isinstance(model, bytes | bytearray | memoryview):
        return bytes(model)
    if isinstance(model, str) and model in registry.names():
        return model
    return str(Path(path or model).absolute())


def _rebuild(arguments: dict[str, Any]) -> Colorizer:
    return Colorizer(**arguments)
