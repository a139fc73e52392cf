"""Generators running in ONNX Runtime: devices found quietly, threads set deliberately."""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import os
import threading
import warnings
import weakref
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from colorlab.arguments import choice, whole
from colorlab.errors import (
    ColorlabError,
    DTypeError,
    InvalidArgumentError,
    ModelError,
    ModelIncompatibleError,
    OutOfMemoryError,
    ShapeError,
)
from colorlab.model.adapter import AdaptedSession
from colorlab.model.card import CLASSES_NAME, INPUT_NAME, OUTPUT_NAME, ModelCard
from colorlab.model.verification import TensorSignature, VerifiedModel, check_contract

__all__ = [
    "Device",
    "GeneratorSession",
    "Precision",
    "available_cores",
    "count_gpus",
    "import_runtime",
]

Device = Literal["auto", "cpu", "cuda"]
Precision = Literal["auto", "float32"]

_CUDA = "CUDAExecutionProvider"
_CPU = "CPUExecutionProvider"
_MAX_OUTPUT = 2.0  # beyond it an output is not "in [-1, 1] with overshoot" but of another scale
_OUT_OF_MEMORY = ("bad_alloc", "failed to allocate", "out of memory", "bfcarena")


def available_cores() -> int:
    """Cores that this process may run on, which a container or taskset can make fewer."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@functools.cache
def count_gpus() -> int:
    """NVIDIA devices that the driver answers for; 0 without a driver. Prints nothing.

    ONNX Runtime's own list of providers tells what was compiled in, not what is there, and asking
    it for a device that is absent prints errors. So the driver is asked first.
    """
    try:
        driver = ctypes.CDLL("nvcuda.dll" if os.name == "nt" else "libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value


class GeneratorSession:
    """One generator, ready to run; may be used by many threads at once and after a fork.

    Args:
        model: a generator whose bytes were checked.
        device: "cuda", "cpu", or "auto": CUDA where a device and onnxruntime-gpu are, else CPU.
        threads: of ONNX Runtime on the CPU; None is every core this process may run on.
        precision: "float32" forbids TensorFloat-32 on CUDA; "auto" allows it.

    Raises:
        ModelError: code "runtime_missing" without ONNX Runtime.
        ModelIncompatibleError: the graph cannot be loaded or breaks the contract.
        OutOfMemoryError: there is too little memory to load it.
        InvalidArgumentError: a device that is not there, or no such choice.
    """

    def __init__(
        self,
        model: VerifiedModel,
        *,
        device: Device = "auto",
        threads: int | None = None,
        precision: Precision = "auto",
    ) -> None:
        choice("device", device, ("auto", "cpu", "cuda"))
        choice("precision", precision, ("auto", "float32"))
        if threads is not None:
            threads = whole("threads", threads, besides=" or None")
        self._model = model
        self._wanted: Device = device
        self._threads = threads or available_cores()
        self._precision: Precision = precision
        self._lock = threading.Lock()
        #: By their number of threads: ONNX Runtime gives a session its threads for ever.
        self._opened: dict[int, Any] = {}
        self._device: Literal["cpu", "cuda"] = "cpu"
        self._current(self._threads)
        _sessions.add(self)

    @property
    def card(self) -> ModelCard:
        """What the generator says about itself."""
        return self._model.card

    @property
    def model(self) -> VerifiedModel:
        """The bytes that run, and their checksum."""
        return self._model

    @property
    def device(self) -> Literal["cpu", "cuda"]:
        """Where it runs."""
        return self._device

    @property
    def threads(self) -> int:
        """How many threads ONNX Runtime may use on the CPU."""
        return self._threads

    def run(
        self, lightness: npt.NDArray[np.float32], *, threads: int | None = None
    ) -> npt.NDArray[np.float32]:
        """One pass of the network.

        Args:
            lightness: float32 (N, 1, H, W), L*/50 - 1, so -1..1; H and W multiples of the card's
                stride.
            threads: of the CPU for this pass, where others run beside it; None is all it may use.

        Returns:
            float32 (N, 2, h, w): a* and b*.

        Raises:
            ShapeError, DTypeError: for another input.
            OutOfMemoryError: the batch is too large for the memory there is.
            ModelIncompatibleError: the output breaks the contract, or the graph cannot run.
        """
        (output,) = self._run([OUTPUT_NAME], lightness, threads)
        return self._check_output(output, lightness.shape)

    def run_with_classes(
        self, lightness: npt.NDArray[np.float32], *, threads: int | None = None
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """One pass of a generator that has classes.

        Args:
            lightness, threads: as for `run`.

        Returns:
            float32 (N, 2, h, w): a* and b*; and float32 (N, Q, h, w): the logits of the classes.

        Raises:
            ModelIncompatibleError: the generator has none; and as `run`.
        """
        if self.card.classes is None:
            raise ModelIncompatibleError(
                "this generator gives one colour per pixel and no distribution over colours",
                path=self._model.path,
                hint="The bundled generators do, and those that `colorlab export` writes",
            )
        output, logits = self._run([OUTPUT_NAME, CLASSES_NAME], lightness, threads)
        ab = self._check_output(output, lightness.shape)
        if logits.shape != (len(ab), len(self.card.classes.centres), *ab.shape[2:]):
            raise ModelIncompatibleError(
                f"the logits are {logits.shape} beside colours of {ab.shape}", path=self._model.path
            )
        return ab, logits

    def _run(
        self, outputs: list[str], lightness: npt.NDArray[np.float32], threads: int | None
    ) -> list[npt.NDArray[Any]]:
        self._check_input(lightness)
        session = self._current(threads or self._threads)
        try:
            if self._device == "cuda" and self._model.adapter is None:
                return self._run_bound(session, outputs, lightness)
            results: list[npt.NDArray[Any]] = session.run(outputs, {INPUT_NAME: lightness})
            return results
        except ColorlabError as error:  # an adapter's
            raise error.with_path(self._model.path) from error
        except Exception as error:  # ONNX Runtime's errors share no base but Exception
            raise self._explain(error, lightness.shape) from error

    def _check_input(self, lightness: npt.NDArray[np.float32]) -> None:
        if lightness.dtype != np.float32:
            raise DTypeError(f"the network's input is float32, not {lightness.dtype}")
        stride = self.card.stride
        if (
            lightness.ndim != 4
            or lightness.shape[1] != 1
            or lightness.size == 0
            or lightness.shape[2] % stride
            or lightness.shape[3] % stride
        ):
            raise ShapeError(
                f"the network's input is (N, 1, H, W) with sides that are multiples of {stride}, "
                f"not {lightness.shape}"
            )

    def _check_output(
        self, output: npt.NDArray[Any], shape: tuple[int, ...]
    ) -> npt.NDArray[np.float32]:
        path = self._model.path
        if output.dtype != np.float32 or output.ndim != 4 or output.shape[:2] != (shape[0], 2):
            raise ModelIncompatibleError(
                f"the output is {output.dtype} {output.shape}, "
                f"the contract says float32 ({shape[0]}, 2, h, w)",
                path=path,
            )
        largest = float(np.abs(output).max(initial=0.0))
        if not largest <= _MAX_OUTPUT:  # NaN as well
            raise ModelIncompatibleError(
                f"the output holds {largest:g}, the contract says -1..1", path=path
            )
        # A gain at export may overshoot a little; that is clipped, as colours beyond are anyway.
        ab: npt.NDArray[np.float32] = np.clip(output, -1.0, 1.0)
        return ab * np.float32(self.card.ab_scale)

    def _run_bound(
        self, session: Any, outputs: list[str], lightness: npt.NDArray[np.float32]
    ) -> list[npt.NDArray[Any]]:
        """Runs with input and output bound to the device: one copy in, one out, none between."""
        binding = session.io_binding()
        binding.bind_cpu_input(INPUT_NAME, np.ascontiguousarray(lightness))
        for name in outputs:
            binding.bind_output(name, "cuda")
        session.run_with_iobinding(binding)
        results: list[npt.NDArray[Any]] = binding.copy_outputs_to_cpu()
        return results

    def _explain(self, error: Exception, shape: tuple[int, ...]) -> ColorlabError:
        if _is_out_of_memory(error):
            return OutOfMemoryError(
                f"too little memory on {self._device} for a batch of {shape[0]} at "
                f"{shape[2]}x{shape[3]} pixels",
                path=self._model.path,
                hint="Use a smaller size or batch_size, or close other programs",
            )
        return ModelIncompatibleError(
            f"the generator failed on an input of {shape}: {_first_line(error)}",
            path=self._model.path,
        )

    # Opening, and opening again after a fork

    def _current(self, threads: int) -> Any:
        with self._lock:
            if self._device == "cuda":
                threads = self._threads  # which its device does not use
            if threads not in self._opened:
                self._opened[threads], self._device = self._open(threads)
            return self._opened[threads]

    def _open(self, threads: int) -> tuple[Any, Literal["cpu", "cuda"]]:
        runtime = import_runtime()
        if self._wanted == "cpu" or self._opened:
            return self._open_on(runtime, [_CPU], threads), "cpu"
        missing = _why_no_cuda(runtime)
        if missing is None:
            try:
                return self._open_cuda(runtime), "cuda"
            except ModelIncompatibleError:
                raise
            except Exception as error:
                missing = _first_line(error)
            if self._wanted == "auto":
                message = f"CUDA cannot be used, running on the CPU: {missing}"
                warnings.warn(message, RuntimeWarning, stacklevel=2)
        if self._wanted == "cuda":
            raise InvalidArgumentError(
                f'device "cuda" cannot be used: {missing}',
                code="device_unavailable",
                hint='device="auto" falls back to the CPU',
            )
        return self._open_on(runtime, [_CPU], threads), "cpu"

    def _open_cuda(self, runtime: Any) -> Any:
        runtime.preload_dlls()
        options: Mapping[str, str] = {"use_tf32": "0" if self._precision == "float32" else "1"}
        session = self._open_on(runtime, [(_CUDA, options), _CPU], self._threads)
        if _CUDA not in session.get_providers():
            raise RuntimeError("ONNX Runtime could not load its CUDA libraries")
        return session

    def _open_on(self, runtime: Any, providers: list[Any], threads: int) -> Any:
        options = runtime.SessionOptions()
        options.log_severity_level = 4  # what is wrong comes as an exception, not on stderr
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.execution_mode = runtime.ExecutionMode.ORT_SEQUENTIAL
        options.enable_mem_pattern = False  # sizes differ from photo to photo
        options.use_deterministic_compute = True
        # Threads that spin while waiting take the cores from decoding, encoding and other sessions.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # These bytes were checked as ONNX: never guess another format from them.
        options.add_session_config_entry("session.load_model_format", "ONNX")
        path = self._model.path
        try:
            session = runtime.InferenceSession(self._source(), options, providers=providers)
        except Exception as error:
            if any(sign in str(error).lower() for sign in ("cuda", "cudnn")):
                raise
            if _is_out_of_memory(error):
                raise OutOfMemoryError(
                    f"too little memory to load it for {threads} threads",
                    path=path,
                    hint="Use fewer threads, or close other programs",
                ) from error
            reason = f"ONNX Runtime cannot load it: {_first_line(error)}"
            raise ModelIncompatibleError(reason, path=path) from error
        if self._model.adapter is not None:
            return AdaptedSession(session, self._model.adapter, path=path)
        check_contract(
            [TensorSignature(each.name, each.type, each.shape) for each in session.get_inputs()],
            [TensorSignature(each.name, each.type, each.shape) for each in session.get_outputs()],
            classes=len(self.card.classes.centres) if self.card.classes else None,
            path=path,
        )
        return session

    def _source(self) -> bytes | str:
        """The bytes that were checked; the path of a trusted model that needs other files."""
        if self._model.summary.external_tensors and self._model.path is not None:
            return self._model.path
        return self._model.data

    def _after_fork(self) -> None:
        """In the child: the parent's threads do not exist here, so its sessions must not be used.

        Nor may they be destroyed, which would wait for them: they are kept for ever, and opened
        anew when they are next needed.
        """
        for session in self._opened.values():
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(session))
        self._opened = {}
        self._lock = threading.Lock()


_sessions: weakref.WeakSet[GeneratorSession] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for session in list(_sessions):
        session._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


def import_runtime() -> Any:
    """ONNX Runtime; raises ModelError with code "runtime_missing" where it is not installed."""
    if importlib.util.find_spec("onnxruntime") is None:
        raise ModelError(
            "ONNX Runtime is not installed, which runs the generators",
            code="runtime_missing",
            hint="pip install 'colorlab[cpu]', or 'colorlab[gpu]' where there is an NVIDIA GPU",
        )
    import onnxruntime

    return onnxruntime


def _why_no_cuda(runtime: Any) -> str | None:
    """None where CUDA may be tried; touches no driver when this ONNX Runtime knows no CUDA."""
    if _CUDA not in runtime.get_available_providers():
        return "this ONNX Runtime is built without it (pip install 'colorlab[gpu]')"
    if count_gpus() == 0:
        return "no NVIDIA driver answers with a device"
    return None


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError):
        return True
    return any(sign in str(error).lower() for sign in _OUT_OF_MEMORY)


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:300]
