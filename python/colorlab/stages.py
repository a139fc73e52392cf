"""The three stages of colouring a photo, for those who overlap them: prepare, predict, finish.

Prepare reads a photo and makes the network's input; predict is the network; finish brings its
colour to full size and joins it with the photo. The first and the last come in two kinds: for
photos that are held, and for rows of files that never are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from colorlab import _core, image_io
from colorlab.arguments import whole
from colorlab.errors import (
    ColorlabError,
    DTypeError,
    InvalidArgumentError,
    OutOfMemoryError,
    ShapeError,
)
from colorlab.inputs import ImageLike, to_pixels
from colorlab.model.card import MAX_SIZE, ModelCard
from colorlab.model.classes import ColorClasses
from colorlab.recoloring import Prepared, PreparedRows, Ready, recolor
from colorlab.render import render_size
from colorlab.result import Certificate, ColorizedImage, Preserve
from colorlab.rows import ChromaWriter, RowReader, RowWriter, turned, turned_back
from colorlab.session import GeneratorSession

__all__ = ["Size", "Stages", "checked_size"]

Size = int | Literal["auto"]


class Stages:
    """What a `Colorizer` does, stage by stage.

    Args:
        session: the network.
        size: short side, pixels, at which it sees a photo unless a call says otherwise.
        batch: photos per pass; halved when memory runs out.
        threads: of the core for the pixels; 0 lets it choose.
        limits: of decoding files.
    """

    def __init__(
        self,
        session: GeneratorSession,
        *,
        size: Size,
        batch: int,
        threads: int,
        limits: dict[str, int] | None,
    ) -> None:
        self._session: GeneratorSession | None = session
        self._size = size
        self._batch = batch
        self._threads = threads
        self._limits = limits

    @property
    def limits(self) -> image_io.Limits | None:
        """Of decoding files."""
        return self._limits

    @property
    def size(self) -> Size:
        """Short side, pixels, at which the network sees photos unless a call says otherwise."""
        return self._size

    @property
    def batch_size(self) -> int:
        """Photos per pass of the network at present; less than asked for after memory ran out."""
        return self._batch

    # Prepare

    def prepare(
        self, image: ImageLike, *, size: Size | None = None, threads: int | None = None
    ) -> Prepared:
        """The first stage: reads the photo and makes the network's input.

        Args:
            image, size: as for `colorize`.
            threads: for the pixels; None is as many as the colorizer has.

        Raises:
            InputError, ImageError, ShapeError, DTypeError, InvalidArgumentError: as `colorize`.
        """
        pixels = to_pixels(image, limits=self._limits)
        height, width = self._render_size(pixels.shape[:2], size)
        tensor = _core.preprocess(pixels, height, width, threads=self._core_threads(threads))
        return Prepared(pixels, tensor)

    def prepare_rows(self, rows: RowReader, *, size: Size | None = None) -> PreparedRows:
        """The first stage for a photo that is never held: reads its rows once.

        Its colours are those of `prepare`, bit for bit, unless an orientation has to turn it (then
        to rounding).

        Raises:
            ImageError: damaged rows. InvalidArgumentError: no such size.
        """
        height, width = self._render_size(rows.upright, size)
        stored = (width, height) if rows.orientation >= 5 else (height, width)
        # Colour mostly comes at the network's own size or a fraction of it.
        sizes = [(max(1, stored[0] // part), max(1, stored[1] // part)) for part in (1, 2, 4)]
        guides = rows.reduce_lightness(sizes)
        plane = np.ascontiguousarray(turned(guides[0], rows.orientation), dtype=np.float32)
        return PreparedRows(rows, _as_tensor(plane), tuple(guides))

    # Predict

    def predict(
        self, photos: Sequence[Ready], *, threads: int | None = None
    ) -> list[npt.NDArray[np.float32]]:
        """The second stage: the network's colour for photos that are prepared.

        Args:
            photos: of any sizes; those of one render size share a pass.
            threads: of the CPU for each pass; None is as many as the colorizer has.

        Returns:
            For each photo a* and b*, float32 (h, w, 2), at the network's output size.

        Raises:
            OutOfMemoryError: memory ran out even for one photo alone.
            ModelIncompatibleError: the generator broke its contract.
        """
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
        """The colour of one photo, and how unsure the generator is of it.

        Args:
            threads: as for `predict`.

        Returns:
            a* and b*, float32 (h, w, 2), and `ColorClasses.spread`, in a*b* units.

        Raises:
            ModelIncompatibleError: the generator gives no distribution over colours.
            OutOfMemoryError: as `predict`.
        """
        ab, logits, classes = self._run_with_classes(photo, threads)
        return ab, classes.spread(logits)

    def predict_ab(
        self, lightness: npt.NDArray[Any], *, size: Size | None = None
    ) -> npt.NDArray[np.float32]:
        """Only the network: colour for a lightness.

        Args:
            lightness: L*, 0..100, (H, W) of any float type; reduced to the render size here.
            size: as of the constructor.

        Returns:
            a* and b*, float32 (h, w, 2), at the network's output size.

        Raises:
            ShapeError, DTypeError: no such lightness.
            InvalidArgumentError: it is not finite, or there is no such size.
            OutOfMemoryError, ModelIncompatibleError: as `predict`.
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
        if not np.isfinite(plane).all():
            raise InvalidArgumentError("lightness must be finite, 0..100")
        return self._run([_as_tensor(plane)])[0]

    # Finish

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
        """The third stage: brings the colour to full size and joins it with the photo.

        Args:
            ab: a* and b*, float32 (h, w, 2), from `predict`.
            saturation, preserve, out: as for `colorize`.
            threads: for the pixels; None is as many as the colorizer has.

        Returns:
            RGB (H, W, 3) of the photo's dtype, with its `certificate`.

        Raises:
            ShapeError, DTypeError, InvalidArgumentError: `ab` or `out` is not as described.
        """
        return recolor(
            photo.pixels,
            _saturated(ab, saturation),
            preserve=preserve,
            out=out,
            threads=self._core_threads(threads),
        )

    def finish_chroma(
        self,
        photo: Prepared,
        ab: npt.NDArray[np.float32],
        *,
        saturation: float = 1.0,
        threads: int | None = None,
    ) -> tuple[npt.NDArray[np.uint8], Certificate]:
        """The third stage for a grey JPEG whose luma is kept bit for bit.

        Args:
            photo: uint8 (H, W).
            ab, saturation, threads: as for `finish`.

        Returns:
            Cb and Cr, uint8 (ceil(H/2), ceil(W/2), 2), for `colorlab.add_chroma`, and the
            certificate of its file.

        Raises:
            ShapeError, DTypeError: the photo or `ab` is not as described.
        """
        cbcr, measured = _core.chroma_for_luma(
            photo.pixels, _saturated(ab, saturation), threads=self._core_threads(threads)
        )
        return cbcr, Certificate.of_copied_luma(measured)

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
        """The third stage for a photo that is never held: reads its rows again and writes them.

        Args:
            ab, saturation, preserve, threads: as for `finish`.
            out: as for `RowReader.recolor`; left to be finished. A `ChromaWriter` keeps luma,
                whatever `preserve` is.

        Raises:
            ImageError: damaged rows. ShapeError, DTypeError: `ab` or `out` is not as described.
            OutputError: rows cannot be written.
        """
        turned_ab = turned_back(_saturated(ab, saturation), photo.rows.orientation)
        stored = np.ascontiguousarray(turned_ab)
        used = self._core_threads(threads)
        if isinstance(out, ChromaWriter):
            return photo.rows.add_chroma(out, stored, threads=used)
        guide = next((each for each in photo.guides if each.shape == stored.shape[:2]), None)
        return photo.rows.recolor(out, stored, guide=guide, preserve=preserve, threads=used)

    # What they share

    def _open_session(self) -> GeneratorSession:
        session = self._session
        if session is None:
            raise InvalidArgumentError("this colorizer is closed", code="closed")
        return session

    def _core_threads(self, threads: int | None) -> int:
        return self._threads if threads is None else threads

    def _render_size(self, shape: tuple[int, ...], size: Size | None) -> tuple[int, int]:
        card = self._open_session().card
        size = self._size if size is None else checked_size(size, card)
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

    def _run_with_classes(
        self, photo: Ready, threads: int | None = None
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], ColorClasses]:
        """Of one photo a*b* (h, w, 2), the logits (Q, h, w), and what classes they are of."""
        session = self._open_session()
        ab, logits = session.run_with_classes(photo.tensor, threads=threads)
        classes = session.card.classes
        assert classes is not None  # run_with_classes refuses
        return np.ascontiguousarray(ab[0].transpose(1, 2, 0)), logits[0], classes


def checked_size(size: Any, card: ModelCard) -> Size:
    """A render size that a generator can see, as it was or as Python's own number.

    Raises:
        InvalidArgumentError: it is no such size.
    """
    if isinstance(size, str) and size == "auto":
        return "auto"
    besides = ' pixels for this generator, or "auto"'
    return whole("size", size, least=card.stride, most=MAX_SIZE, besides=besides)


def _as_tensor(lightness: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The network's input (1, 1, h, w) = L*/50 - 1, of L* (h, w)."""
    return lightness[None, None] / np.float32(50) - np.float32(1)


def _saturated(ab: npt.NDArray[np.float32], saturation: float) -> npt.NDArray[np.float32]:
    return ab if saturation == 1.0 else ab * np.float32(saturation)
