"""The colorizer: a photo's pixels to the network and back, at two resolutions.

The network sees the photo's lightness at a small size and answers with colour; the colour is
brought to full size along the edges of the photo, and joined with its own lightness.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, Self, overload

import numpy as np
import numpy.typing as npt

from colorlab import _core, image_io, streaming
from colorlab.errors import (
    ColorlabError,
    DTypeError,
    InvalidArgumentError,
    OutOfMemoryError,
    ShapeError,
)
from colorlab.inputs import ImageLike, to_pixels
from colorlab.model import registry
from colorlab.model.card import ModelCard
from colorlab.recoloring import Prepared, PreparedRows, Ready, check_finish, recolor
from colorlab.render import render_size
from colorlab.result import Certificate, ColorizedImage, Preserve
from colorlab.rows import ChromaWriter, RowReader, RowWriter, turned, turned_back
from colorlab.session import Device, GeneratorSession, Precision

__all__ = ["Colorizer", "Prepared", "PreparedRows", "colorize", "recolor"]

_GPU_BATCH = 8  # on a CPU a batch gains nothing: passes side by side fill the cores better
# Of memory, for one pixel that the network sees: measured with the bundled generator.
_BYTES_PER_PIXEL = 480
_LARGE = 1 << 16  # pixels on a side: no network sees more
MAX_CANDIDATES = 24


class Colorizer:
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
        size: int | Literal["auto"] = "auto",
        batch_size: int | Literal["auto"] = "auto",
        precision: Precision = "auto",
        limits: image_io.Limits | None = None,
        sha256: str | None = None,
        adapter: str | None = None,
        trust_model: bool = False,
    ) -> None:
        verified = registry.load(model, sha256=sha256, adapter=adapter, trust=trust_model)
        _check_size(size, verified.card)
        if batch_size != "auto" and (not isinstance(batch_size, int) or batch_size < 1):
            raise InvalidArgumentError(
                f'batch_size must be at least 1 or "auto", not {batch_size!r}'
            )
        self._session: GeneratorSession | None = GeneratorSession(
            verified, device=device, threads=threads, precision=precision
        )
        self._size = size
        self._limits: dict[str, int] | None = dict(limits) if limits is not None else None
        self._threads = threads or 0  # to the core, 0 means choose
        default_batch = _GPU_BATCH if self._session.device == "cuda" else 1
        self._batch = default_batch if batch_size == "auto" else batch_size
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

    @property
    def limits(self) -> image_io.Limits | None:
        """Of decoding files."""
        return self._limits

    @property
    def size(self) -> int | Literal["auto"]:
        """Short side, pixels, at which the network sees photos unless a call says otherwise."""
        return self._size

    @property
    def batch_size(self) -> int:
        """Photos per pass of the network at present; less than asked for after memory ran out."""
        return self._batch

    def passes_at_once(
        self, *, memory: int = streaming.DEFAULT_MEMORY, size: int | Literal["auto"] | None = None
    ) -> int:
        """How many passes of the network, side by side, colour the most photos per second.

        On a CPU that is one per core, each with a thread of its own: threads that share a pass wait
        for each other at every layer. A device, and a foreign generator whose needs are unknown,
        take one pass at a time.

        Args:
            memory: bytes that all passes may take together.
            size: as of the constructor.
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
        size: int | Literal["auto"] | None = None,
        out: npt.NDArray[Any] | None = None,
    ) -> ColorizedImage: ...

    @overload
    def colorize(
        self,
        image: list[Any] | tuple[Any, ...],
        *,
        saturation: float = 1.0,
        preserve: Preserve = "lightness",
        size: int | Literal["auto"] | None = None,
    ) -> list[ColorizedImage]: ...

    def colorize(
        self,
        image: Any,
        *,
        saturation: float = 1.0,
        preserve: Preserve = "lightness",
        size: int | Literal["auto"] | None = None,
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
            size: as of the constructor, for this photo.
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
        size: int | Literal["auto"] | None = None,
        on_error: Literal["raise"] = "raise",
    ) -> Iterator[ColorizedImage]: ...

    @overload
    def colorize_batch(
        self,
        images: Iterable[ImageLike],
        *,
        saturation: float = 1.0,
        preserve: Preserve = "lightness",
        size: int | Literal["auto"] | None = None,
        on_error: Literal["return"],
    ) -> Iterator[ColorizedImage | ColorlabError]: ...

    def colorize_batch(
        self,
        images: Iterable[ImageLike],
        *,
        saturation: float = 1.0,
        preserve: Preserve = "lightness",
        size: int | Literal["auto"] | None = None,
        on_error: Literal["raise", "return"] = "raise",
    ) -> Iterator[Any]:
        """Colours a stream of photos, one result per photo, in their order.

        A few photos are held at a time, as memory allows, so the stream may be endless: on a CPU
        one per core, each coloured by a thread of its own; else `batch_size`, of which those of one
        render size go through the network together.

        Args:
            images: as for `colorize`; taken as results are asked for, those few ahead, so an array
                must not be written to before its result is there.
            on_error: "raise" ends the stream at the first photo that fails; "return" gives the
                error in that photo's place and goes on.
        """
        check_finish(saturation, preserve)
        if on_error not in ("raise", "return"):
            raise InvalidArgumentError(f'on_error must be "raise" or "return", not {on_error!r}')
        self._open_session()
        return self._stream(iter(images), saturation, preserve, size, on_error == "return")

    def candidates(
        self,
        image: ImageLike,
        count: int = 5,
        *,
        saturation: float = 1.0,
        preserve: Preserve = "lightness",
        size: int | Literal["auto"] | None = None,
    ) -> list[ColorizedImage]:
        """Different plausible colourings of one photo, out of one pass of the network.

        The first is that of `colorize`; see `ColorClasses.alternatives` for the others. The same
        photo gives the same candidates every time.

        Args:
            image, saturation, preserve, size: as for `colorize`.
            count: how many, 1..24.

        Raises:
            ModelIncompatibleError: the generator gives no distribution over colours.
        """
        check_finish(saturation, preserve)
        if not isinstance(count, int) or not 1 <= count <= MAX_CANDIDATES:
            raise InvalidArgumentError(f"candidates are 1..{MAX_CANDIDATES}, not {count!r}")
        photo = self.prepare(image, size=size)
        session = self._open_session()
        ab, logits = session.run_with_classes(photo.tensor)
        classes = session.card.classes
        assert classes is not None  # run_with_classes refuses
        own = np.ascontiguousarray(ab[0].transpose(1, 2, 0))
        return [
            self.finish(photo, each, saturation=saturation, preserve=preserve)
            for each in classes.alternatives(own, logits[0], count)
        ]

    def predict_ab(
        self, lightness: npt.NDArray[Any], *, size: int | Literal["auto"] | None = None
    ) -> npt.NDArray[np.float32]:
        """Only the network: colour for a lightness.

        Args:
            lightness: L*, 0..100, float32 (H, W); reduced to the render size here.
            size: as of the constructor.

        Returns:
            a* and b*, float32 (h, w, 2), at the network's output size.
        """
        if not isinstance(lightness, np.ndarray) or lightness.dtype.kind != "f":
            kind = getattr(lightness, "dtype", type(lightness).__name__)
            raise DTypeError(f"lightness is L* in floats, 0..100, not {kind}")
        if lightness.ndim != 2 or lightness.size == 0:
            raise ShapeError(f"lightness is (H, W), not {lightness.shape}")
        height, width = self._render_size(lightness.shape, size)
        plane = np.ascontiguousarray(lightness, dtype=np.float32)
        if plane.shape != (height, width):
            plane = _core.resize_area(plane, height, width, threads=self._threads)
        tensor = plane.reshape(1, 1, height, width) / np.float32(50) - np.float32(1)
        return self._run([tensor])[0]

    # The three stages of `colorize`, for those who overlap them

    def prepare(
        self,
        image: ImageLike,
        *,
        size: int | Literal["auto"] | None = None,
        threads: int | None = None,
    ) -> Prepared:
        """The first stage: reads the photo and makes the network's input."""
        pixels = to_pixels(image, limits=self._limits)
        height, width = self._render_size(pixels.shape[:2], size)
        tensor = _core.preprocess(pixels, height, width, threads=self._core_threads(threads))
        return Prepared(pixels, tensor)

    def predict(
        self, photos: Sequence[Ready], *, threads: int | None = None
    ) -> list[npt.NDArray[np.float32]]:
        """The second stage: a*b* (h, w, 2) for each photo; equal sizes share a pass."""
        by_shape: dict[tuple[int, ...], list[int]] = {}
        for number, photo in enumerate(photos):
            by_shape.setdefault(photo.tensor.shape, []).append(number)
        results: dict[int, npt.NDArray[np.float32]] = {}
        for numbers in by_shape.values():
            tensors = [photos[number].tensor for number in numbers]
            results |= zip(numbers, self._run(tensors, threads), strict=True)
        return [results[number] for number in range(len(photos))]

    def predict_each(
        self, photos: Sequence[Ready], *, threads: int | None = None
    ) -> Sequence[npt.NDArray[np.float32] | ColorlabError]:
        """As `predict`, but a photo that fails gets its error and the others their colour."""
        try:
            return self.predict(photos, threads=threads)
        except ColorlabError as error:
            if len(photos) == 1:
                return [error]
        return [each for photo in photos for each in self.predict_each([photo], threads=threads)]

    def predict_with_spread(
        self, photo: Ready, *, threads: int | None = None
    ) -> tuple[npt.NDArray[np.float32], float]:
        """a*b* (h, w, 2) of one photo, and how unsure the generator is: `ColorClasses.spread`.

        Raises:
            ModelIncompatibleError: the generator gives no distribution over colours.
        """
        session = self._open_session()
        ab, logits = session.run_with_classes(photo.tensor, threads=threads)
        classes = session.card.classes
        assert classes is not None  # run_with_classes refuses
        return np.ascontiguousarray(ab[0].transpose(1, 2, 0)), classes.spread(logits[0])

    def finish(
        self,
        photo: Prepared,
        ab: npt.NDArray[np.float32],
        *,
        saturation: float = 1.0,
        preserve: Preserve = "lightness",
        out: npt.NDArray[Any] | None = None,
        threads: int | None = None,
    ) -> ColorizedImage:
        """The third stage: brings the colour to full size and joins it with the photo."""
        if saturation != 1.0:
            ab = ab * np.float32(saturation)
        return recolor(
            photo.pixels, ab, preserve=preserve, out=out, threads=self._core_threads(threads)
        )

    def finish_chroma(
        self,
        photo: Prepared,
        ab: npt.NDArray[np.float32],
        *,
        saturation: float = 1.0,
        threads: int | None = None,
    ) -> tuple[npt.NDArray[np.uint8], Certificate]:
        """The third stage for a grey JPEG whose luma is kept bit for bit: Cb and Cr, uint8
        (ceil(H/2), ceil(W/2), 2), for `image_io.add_chroma`, and the certificate of its file.
        """
        if saturation != 1.0:
            ab = ab * np.float32(saturation)
        cbcr, measured = _core.chroma_for_luma(
            photo.pixels, ab, threads=self._core_threads(threads)
        )
        # Luma is not encoded again.
        kept: dict[str, Any] = {**measured, "max_delta_luma": 0.0, "mean_delta_luma": 0.0}
        return cbcr, Certificate(preserve="luma", lossless=True, **kept)

    # The first and the third stage for photos that are never held

    def prepare_rows(
        self, rows: RowReader, *, size: int | Literal["auto"] | None = None
    ) -> PreparedRows:
        """As `prepare`, reading the photo once; its colours are the same, bit for bit, unless an
        orientation has to turn it (then to rounding)."""
        height, width = self._render_size(rows.upright, size)
        stored = (width, height) if rows.orientation >= 5 else (height, width)
        # Colour mostly comes at the network's own size or a fraction of it.
        sizes = [(max(1, stored[0] // part), max(1, stored[1] // part)) for part in (1, 2, 4)]
        guides = rows.reduce_lightness(sizes)
        plane = np.ascontiguousarray(turned(guides[0], rows.orientation), dtype=np.float32)
        tensor = plane.reshape(1, 1, height, width) / np.float32(50) - np.float32(1)
        return PreparedRows(rows, tensor, tuple(guides))

    def finish_rows(
        self,
        photo: PreparedRows,
        ab: npt.NDArray[np.float32],
        out: RowWriter | ChromaWriter,
        *,
        saturation: float = 1.0,
        preserve: Preserve = "lightness",
        threads: int | None = None,
    ) -> Certificate:
        """As `finish`, reading the photo again and writing it as it lies; `out` is left to be
        finished. A `ChromaWriter` keeps luma, whatever `preserve` is."""
        if saturation != 1.0:
            ab = ab * np.float32(saturation)
        ab = np.ascontiguousarray(turned_back(ab, photo.rows.orientation))
        guide = next((each for each in photo.guides if each.shape == ab.shape[:2]), None)
        used = self._core_threads(threads)
        if isinstance(out, ChromaWriter):
            return photo.rows.add_chroma(out, ab, threads=used)
        return photo.rows.recolor(out, ab, guide=guide, preserve=preserve, threads=used)

    # Lifetime

    def close(self) -> None:
        """Lets go of the network; using the colorizer afterwards is an error."""
        self._session = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[object, ...]:
        if self._session is None:
            raise _closed()
        return _rebuild, (self.arguments,)

    def _open_session(self) -> GeneratorSession:
        session = self._session
        if session is None:
            raise _closed()
        return session

    def _core_threads(self, threads: int | None) -> int:
        return self._threads if threads is None else threads

    def _render_size(
        self, shape: tuple[int, ...], size: int | Literal["auto"] | None
    ) -> tuple[int, int]:
        card = self._open_session().card
        if size is None:
            size = self._size
        _check_size(size, card)
        short = card.default_size if size == "auto" else size
        if card.square:
            side = max(1, short // card.stride) * card.stride
            return side, side
        return render_size(shape[0], shape[1], size=short, stride=card.stride)

    def _run(
        self, tensors: Sequence[npt.NDArray[np.float32]], threads: int | None = None
    ) -> list[npt.NDArray[np.float32]]:
        """Tensors of one shape through the network, in batches that memory allows."""
        session = self._open_session()
        results: list[npt.NDArray[np.float32]] = []
        while len(results) < len(tensors):
            batch = tensors[len(results) : len(results) + self._batch]
            try:
                tensor = np.concatenate(batch) if len(batch) > 1 else batch[0]
                ab = session.run(tensor, threads=threads)
            except OutOfMemoryError:
                if len(batch) == 1:
                    raise
                self._batch = max(1, len(batch) // 2)
                continue
            results.extend(np.ascontiguousarray(ab.transpose(0, 2, 3, 1)))
        return results

    def _stream(
        self,
        images: Iterator[ImageLike],
        saturation: float,
        preserve: Preserve,
        size: int | Literal["auto"] | None,
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
    size: int | Literal["auto"] = "auto",
    device: Device = "auto",
    threads: int | None = None,
) -> Any:
    """Colours one photo or a list of them; for many calls make a `Colorizer`, which loads once.

    Arguments and result as of `Colorizer` and `Colorizer.colorize`.
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


def _closed() -> InvalidArgumentError:
    return InvalidArgumentError("this colorizer is closed", code="closed")


def _check_size(size: object, card: ModelCard) -> None:
    if size == "auto":
        return
    if not isinstance(size, int) or isinstance(size, bool) or not card.stride <= size <= 8192:
        raise InvalidArgumentError(
            f'size must be "auto" or {card.stride}..8192 pixels for this generator, not {size!r}'
        )
