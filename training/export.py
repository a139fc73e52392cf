"""A run's averaged generator as an ONNX file of format 1, proven equal on real photos."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
import onnx
import onnxruntime
from colorlab import _core, evaluation
from colorlab.errors import ColorlabError, OutputError, TrainingError
from colorlab.model import card as model_card
from numpy.typing import NDArray

from . import architectures, calibrate, checkpoint, data, evaluate, models, onnx_writer
from .config import Config, ModelConfig

Storage = Literal["float32", "float16", "int8"]

# Largest |difference| of the output, over its scale of -1..1, from Keras.
TOLERANCE = {"float32": 1e-4, "float16": 1e-2}
INT8_TOLERANCE = 0.3  # change of mean dE00 against the truth, from float32
SIDE = 512  # of the photos for parity and int8, their short one, pixels
PARITY_PHOTOS = 16
INT8_PHOTOS = 64  # for calibrating activations; as many others for the gate
CALIBRATION_PHOTOS = 120

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Options:
    """What may be said about an export; the defaults suit a first look at a run."""

    name: str = "unet-lite0"  #: in the card
    version: str = "1"
    licence: str = ""
    storage: Storage = "float32"  #: of the weights; int8 computes in integers, too
    temperature: float | None = None  #: in place of those in the run's configuration
    gain: float | None = None
    default_size: int | None = None
    calibrate: Sequence[Path] = ()  #: folders of colour photos to fit temperature and gain on
    cf_share: float = 0.78  #: colourfulness that calibration aims at, as a share of the truth's
    validate: Sequence[Path] = ()  #: folders of colour photos to measure on, for the card
    photos: Sequence[Path] = ()  #: for parity and int8; else the run's own
    limit: int = 0  #: of photos per validation folder; 0 takes all
    best: bool = False  #: the best validated step instead of the last
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class Exported:
    """What `export` wrote and how far it is from Keras."""

    path: Path
    bytes: int
    storage: Storage
    largest_difference: float  #: of the output, scale -1..1, over `photos` photos
    photos: int
    temperature: float
    gain: float
    delta_e00_change: float | None = None  #: int8 only: mean dE00 against the truth, from float32
    metrics: dict[str, Any] = field(default_factory=dict)  #: by name of the validation folder


def export(
    runs: Path | Sequence[Path],
    path: Path,
    options: Options,
    *,
    narrate: Callable[[str], None] = lambda _: None,
) -> Exported:
    """Writes the generator of a run, or the mean of several, to `path`, all or nothing.

    Raises:
        TrainingError: no run, no photos, or outputs that differ by more than TOLERANCE (int8: dE00
            that changes by more than INT8_TOLERANCE); nothing is written then.
        OutputError: the file exists or cannot be written.
    """
    if path.exists() and not options.overwrite:
        raise OutputError(
            "the file exists already", code="output_exists", path=str(path), hint="Use --overwrite."
        )
    if options.calibrate and options.gain is not None:
        raise TrainingError("calibration finds the gain: give one, or photos to calibrate on")
    runs = [runs] if isinstance(runs, Path) else list(runs)
    trained = checkpoint.load_mean(runs, best=options.best)
    given = {key: getattr(options, key) for key in ("temperature", "gain", "default_size")}
    chosen = {key: value for key, value in given.items() if value is not None}
    config = replace(trained.config, model=replace(trained.config.model, **chosen))
    if options.calibrate:
        config = _calibrated(trained.generator, config, options, narrate)
    inference = models.inference_model(trained.generator, config)
    classes = architectures.color_classes(config.model)
    exported = _write_graph(inference, classes is not None, half=options.storage == "float16")
    count = 2 * INT8_PHOTOS if options.storage == "int8" else PARITY_PHOTOS
    images = _photos(options.photos, trained, count)
    tensors = [_tensor(image) for image in images]
    change = None
    if options.storage == "int8":
        exported, change = _quantized(exported, images, tensors, config.model.ab_scale)
        narrate(f"int8: mean dE00 changes by {change:+.3f}, allowed is {INT8_TOLERANCE}")
    content = exported.SerializeToString()
    tensors = evaluation.spread(tensors, PARITY_PHOTOS)
    worst = _largest_difference(inference, content, tensors)
    tolerance = TOLERANCE.get(options.storage, float("inf"))
    narrate(
        f"parity with Keras on {len(tensors)} photos: largest difference {worst:.2e}"
        + (f", allowed is {tolerance:.0e}" if np.isfinite(tolerance) else "")
    )
    if not worst <= tolerance:
        raise TrainingError(
            f"the exported network differs from Keras by {worst:.2g}, allowed is {tolerance:.0e}",
            path=str(runs[0]),
        )
    measured = {
        folder.absolute().name: _measure(folder, content, config.model, options.limit)
        for folder in options.validate
    }
    for name, row in measured.items():
        summary = row["summary"]
        narrate(
            f"{name}: PSNR {summary['psnr']:.2f} dB, dE00 {summary['delta_e00']:.2f}, "
            f"CF {summary['cf_share']:.0%} of the truth's, {row['protocol']['photos']} photos"
        )
    model_card.attach(
        exported,
        model_card.ModelCard(
            name=options.name,
            version=options.version,
            ab_scale=config.model.ab_scale,
            stride=models.STRIDE,
            default_size=config.model.default_size,
            licence=options.licence,
            training=_shareable(config.as_dict()) | {"steps": trained.step, "runs": len(runs)},
            data_hash=trained.data_hash,
            metrics=measured,
            classes=classes,
        ),
    )
    content = exported.SerializeToString()
    _core.write_file_atomically(os.fspath(path), content, overwrite=options.overwrite)
    return Exported(
        path,
        len(content),
        options.storage,
        worst,
        len(tensors),
        config.model.temperature,
        config.model.gain,
        change,
        measured,
    )


def _write_graph(inference: keras.Model, with_classes: bool, *, half: bool) -> onnx.ModelProto:
    return onnx_writer.write(
        inference,
        input_name=model_card.INPUT_NAME,
        output_name=model_card.OUTPUT_NAME,
        limit=1.0,
        also={model_card.CLASSES_NAME: "logits"} if with_classes else None,
        half=half,
    )


def _calibrated(
    generator: keras.Model, config: Config, options: Options, narrate: Callable[[str], None]
) -> Config:
    photos = [p for folder in options.calibrate for p in evaluation.photo_files(folder)]
    given = options.temperature
    found = calibrate.calibrate(
        generator,
        config.model,
        evaluation.spread(photos, CALIBRATION_PHOTOS),
        cf_share=options.cf_share,
        temperatures=calibrate.TEMPERATURES if given is None else (given,),
        narrate=narrate,
    )
    best = found.best
    model = replace(config.model, temperature=best.temperature, gain=best.gain)
    return replace(config, model=model)


def _quantized(
    exported: onnx.ModelProto, images: list[Any], tensors: list[Floats], ab_scale: float
) -> tuple[onnx.ModelProto, float]:
    """The int8 network and how much its mean dE00 against the truth is above that of float32.

    Every other photo serves for calibrating the ranges, the rest for the comparison.
    """
    from . import quantize

    half = len(images) // 2
    if half < 1:
        raise TrainingError("int8 needs at least two photos", hint="Give some with --photos.")
    quantized = quantize.quantize(exported, tensors[: 2 * half : 2])
    errors = []
    for network in (exported, quantized):
        predict = evaluate.onnx_predictor(network.SerializeToString(), ab_scale)
        scores = evaluation.Scores()
        for image, tensor in zip(images[1 : 2 * half : 2], tensors[1 : 2 * half : 2], strict=True):
            grey = evaluation.to_grey(image)
            scores.add("photo", image, evaluate.join(grey, predict(tensor)))
        errors.append(scores.summary()["delta_e00"])
    change = errors[1] - errors[0]
    if not change <= INT8_TOLERANCE:
        raise TrainingError(
            f"int8 raises the mean dE00 by {change:.2f}, allowed is {INT8_TOLERANCE}",
            hint="Export without --int8, or give more photos like yours with --photos.",
        )
    return quantized, change


def _measure(folder: Path, content: bytes, model: ModelConfig, limit: int) -> dict[str, Any]:
    photos = evaluation.spread(evaluation.photo_files(folder), limit)
    predict = evaluate.onnx_predictor(content, model.ab_scale)
    return evaluate.measure(
        predict, photos, root=evaluation.root_of(folder), size=model.default_size
    )


def _shareable(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration without the paths of the machine it ran on."""
    manifest = config["data"]["manifest"]
    return config | {"data": config["data"] | {"manifest": Path(manifest).name}}


def _photos(given: Sequence[Path], trained: checkpoint.Run, count: int) -> list[NDArray[np.uint8]]:
    """Up to `count` photos, uint8 RGB, spread over those given, else over the run's own; at most
    SIDE pixels on their short side."""
    try:
        if given:
            source: data.Source = data.PhotoSource(data.index(given), trained.config)
        else:
            source = data.open_source([Path(s) for s in trained.sources], trained.config)
        return source.photos(count, short_side=SIDE)
    except ColorlabError as error:
        raise TrainingError(
            f"parity cannot be checked without photos: {error}", hint="Give some with --photos."
        ) from error


def _tensor(image: NDArray[np.uint8]) -> Floats:
    """The network's input [1,1,H,W] of a photo."""
    return evaluate.network_input(evaluation.to_grey(image), SIDE)


def _largest_difference(inference: keras.Model, content: bytes, tensors: list[Floats]) -> float:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    worst = 0.0
    for tensor in tensors:
        expected = inference(tensor.transpose(0, 2, 3, 1), training=False)
        expected = np.clip(np.asarray(expected), -1, 1)
        (found,) = session.run([model_card.OUTPUT_NAME], {model_card.INPUT_NAME: tensor})
        difference = np.abs(found.transpose(0, 2, 3, 1) - expected).max()
        worst = max(worst, float(difference)) if np.isfinite(difference) else float("inf")
    return worst
