"""The ray engine: the same plan, outputs, outcomes and journal, by a cluster (Ray Data).

Stateless tasks read files; a pool of actors, each with one network, decodes, colours and writes
them with the local engine's own threads. A CPU of each node is left to the tasks, or they and the
actors would wait for each other for ever. What a killed process had in hand is done again by
another.
"""

from __future__ import annotations

import logging
import os
import pickle
import signal
import socket
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from colorlab import extras
from colorlab.bulk.journal import Ledger
from colorlab.bulk.plan import Job
from colorlab.bulk.ray_stages import ColorActor, Keeper, KeptLedger, as_named, read
from colorlab.bulk.report import Outcome
from colorlab.bulk.runner import Settings
from colorlab.colorizer import Colorizer
from colorlab.errors import ColorlabError, InputError, OutOfMemoryError, OutputError

__all__ = ["RayEngine", "connected"]

_BATCH = 16  # photos that are given to an actor, and lost with it, at a time
_MOST_BLOCKS = 20_000
_READ_CPUS = 0.25  # reading mostly waits; other than an actor's, so that Ray keeps the stages apart


@contextmanager
def connected(actors: int | None) -> Iterator[RayEngine]:
    """The engine, on the cluster of RAY_ADDRESS, the caller's own, or one that is made here.

    Raises:
        ColorlabError: Ray is not installed (code "extra_missing"), or no cluster answers (code
            "cluster").
    """
    ray = _import_ray()
    if ray.is_initialized():
        with _explained():
            yield RayEngine(ray, actors)
        return
    address = os.environ.get("RAY_ADDRESS")
    # colorlab tells nobody what it does; this concerns clusters that are made here.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        with _own_signals():
            if address:
                _refuse_silence(address)
                ray.init(address=address, **quiet)
            else:
                cores = max(2, os.cpu_count() or 2)  # one for the tasks that read
                ray.init(address="local", num_cpus=cores, include_dashboard=False, **quiet)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        where = f"at {address}" if address else "here"
        raise ColorlabError(
            f"no Ray cluster answers {where}: {error}",
            code="cluster",
            hint="RAY_ADDRESS must name a cluster of the same versions of Ray and Python",
        ) from error
    try:
        with _explained():
            yield RayEngine(ray, actors)
    finally:
        ray.shutdown()


class RayEngine:
    """An engine as of `colorlab.bulk.engine.Engine`, on a cluster that this process is part of."""

    def __init__(self, ray: Any, actors: int | None) -> None:
        self._ray = ray
        self._actors = actors

    def open_journal(self, path: Path, settings: dict[str, Any], *, resume: bool) -> Ledger:
        """The journal, kept by an actor on this process's node."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        here = self._ray.get_runtime_context().get_node_id()
        keeper = self._ray.remote(Keeper).options(
            num_cpus=0,
            max_concurrency=16,
            scheduling_strategy=NodeAffinitySchedulingStrategy(here, soft=False),
        )
        handle = keeper.remote(path.absolute(), settings, resume, Path.cwd())
        self._ray.get(handle.__ray_ready__.remote())  # what is wrong with it is raised here
        return KeptLedger(handle)

    def run(
        self,
        colorizer: Colorizer,
        jobs: Iterable[Job],
        settings: Settings,
        journal: Ledger | None,
    ) -> Generator[Outcome, None, None]:
        """As `runner.run`. A photo whose outcome never came is one failed outcome (code "lost")."""
        named = list(jobs)
        if not named:
            return
        absolute = [_absolute(job) for job in named]  # processes there have other current folders
        self._check_shared(absolute[0], colorizer.arguments["model"])
        pairs = list(zip(named, absolute, strict=True))
        seen = bytearray(len(named))
        for index, outcome in self._outcomes(colorizer, pairs, settings, journal):
            if not seen[index]:
                seen[index] = 1
                yield as_named(outcome, named[index], absolute[index])
        for index, job in enumerate(named):
            if not seen[index]:
                error = ColorlabError(
                    "the cluster lost it", code="lost", path=job.path, hint="Use --resume"
                )
                yield Outcome(job.path, job.output, "error", None, error)

    def _outcomes(
        self,
        colorizer: Colorizer,
        jobs: list[tuple[Job, Job]],
        settings: Settings,
        journal: Ledger | None,
    ) -> Iterator[tuple[int, Outcome]]:
        import ray.data

        arguments = dict(colorizer.arguments)
        pool = self._pool(arguments)
        arguments["threads"] = pool["num_cpus"]
        settings = replace(settings, workers=settings.workers or pool["num_cpus"])
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        rows = [{"index": n, "jobs": pickle.dumps(pair)} for n, pair in enumerate(jobs)]
        blocks = min(_MOST_BLOCKS, -(-len(rows) // _BATCH))
        photos = ray.data.from_items(rows, override_num_blocks=blocks)
        contents = photos.map_batches(
            read, batch_size=_BATCH, fn_args=[journal, colorizer.limits], num_cpus=_READ_CPUS
        )
        outcomes = contents.map_batches(
            ColorActor,
            fn_constructor_args=[arguments, settings, journal],
            batch_size=_BATCH,
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=pool.pop("actors")),
            **pool,
        )
        with closing(iter(outcomes.iter_rows())) as done:
            for row in done:
                yield row["index"], pickle.loads(row["outcome"])

    def _pool(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """How many actors there may be, and what each takes of a node."""
        nodes = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        cpus = [int(node.get("CPU", 0)) for node in nodes]
        if sum(cpus) < 2:
            raise ColorlabError(
                "the cluster has fewer than two CPUs, of which one is to read files",
                code="cluster",
            )
        gpus = sum(int(node.get("GPU", 0)) for node in nodes)
        if gpus and arguments["device"] != "cpu":
            share = min(
                int(node.get("CPU", 0)) // int(node["GPU"]) for node in nodes if node.get("GPU")
            )
            each = arguments["threads"] or max(1, share - 1)
            return {"actors": self._actors or gpus, "num_cpus": each, "num_gpus": 1}
        each = arguments["threads"] or 1
        room = sum(max(0, count - 1) // each for count in cpus)
        return {"actors": self._actors or max(1, room), "num_cpus": each}

    def _check_shared(self, job: Job, model: str | bytes) -> None:
        """Raises where a node does not see an input or what is written to the output's folder."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        nodes = [node["NodeID"] for node in self._ray.nodes() if node["Alive"]]
        if len(nodes) < 2:
            return
        folder = Path(job.output).parent
        probe = folder / f".colorlab-{os.getpid()}-shared.tmp"
        look = self._ray.remote(_sees)
        files = [job.path, *([model] if isinstance(model, str) and os.path.isabs(model) else [])]  # noqa: PTH117
        inputs = [each for each in files if os.path.lexists(each)]  # the first may have vanished
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe.write_bytes(b"")
            answers = [
                look.options(
                    num_cpus=0,
                    scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False),
                ).remote([str(probe), *inputs])
                for node in nodes
            ]
            seen = [answer for each in answers if (answer := self._answer(each)) is not None]
        except OSError as error:
            reason = f"cannot be written: {error.strerror or error}"
            raise OutputError(reason, path=str(folder)) from error
        finally:
            probe.unlink(missing_ok=True)
        hint = "Every node must see inputs, model and outputs under the same paths"
        for path, found in zip([str(folder), *inputs], zip(*seen, strict=True), strict=True):
            if all(found):
                continue
            is_output = path == str(folder)
            raise (OutputError if is_output else InputError)(
                "a node of the cluster does not see it",
                code="output_not_shared" if is_output else "input_not_shared",
                path=path,
                hint=hint,
            )

    def _answer(self, asked: Any) -> Any | None:
        """What a node answers; None of one that died meanwhile, which Ray notices later."""
        exceptions = self._ray.exceptions
        try:
            return self._ray.get(asked)
        except exceptions.RayTaskError:
            raise
        except exceptions.RayError:
            return None


def _sees(paths: list[str]) -> list[bool]:
    """On a node: whether these are there."""
    return [os.path.lexists(path) for path in paths]


def _refuse_silence(address: str) -> None:
    """Raises ConnectionError where nobody listens at HOST:PORT; Ray would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()


def _absolute(job: Job) -> Job:
    return Job(os.path.abspath(job.path), os.path.abspath(job.output))  # noqa: PTH100


def _import_ray() -> Any:
    return extras.load("ray", "the engine ray needs Ray", extra="ray")


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keeps the caller's handling of SIGTERM, which Ray replaces."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


@contextmanager
def _explained() -> Iterator[None]:
    """Failures of the cluster as ColorlabError; colorlab's own errors as they are."""
    import ray.exceptions

    try:
        yield
    except ray.exceptions.RayError as error:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ColorlabError) and not isinstance(cause, ray.exceptions.RayError):
                raise cause from None
            cause = getattr(cause, "cause", None) or cause.__cause__
        if isinstance(error, ray.exceptions.OutOfMemoryError):
            raise OutOfMemoryError(
                "a node of the cluster ran out of memory",
                hint="Give fewer --actors or a smaller --max-memory, and --resume",
            ) from error
        if isinstance(error, ray.exceptions.RayTaskError):
            raise  # a fault of colorlab's own: for the caller to see
        first, *rest = [line for line in str(error).splitlines() if line.strip()]
        reason = f"{first} ... {rest[-1]}" if rest else first  # between them a trace
        raise ColorlabError(
            f"the cluster failed: {reason}", code="cluster", hint="Run it again with --resume"
        ) from error
