"""Tar shards in, tar shards out: photos are coloured, what else a shard holds goes along.

A shard is unpacked beside its output, coloured like any folder, and packed again in its own order;
the output shard appears whole or not at all. What a killed run has coloured of a shard stays in
that folder, so that a resumed run goes on from there. For a while one shard and its output take
their space twice.
"""

from __future__ import annotations

import os
import posixpath
import shutil
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from colorlab.bulk.journal import Ledger, print_of
from colorlab.bulk.plan import Job, Plan
from colorlab.bulk.report import BulkReport, Outcome
from colorlab.errors import ColorlabError, CorruptImageError, InputError, OutputError
from colorlab.outputs import already_there, put_in_place

__all__ = ["color_shards"]

PlanFolder = Callable[[Path, Path], Plan]  #: of the photos in a folder, into another
ColorPlan = Callable[[Plan, Callable[[Outcome], None]], BulkReport]  #: does it, telling outcomes


def color_shards(
    jobs: Iterable[Job],
    *,
    plan_folder: PlanFolder,
    color_plan: ColorPlan,
    journal: Ledger,
    overwrite: bool,
    resume: bool,
    tell: Callable[[Outcome], None],
) -> Iterator[bool]:
    """Colours shards one after the other, and yields of each whether it went well to its end.

    A shard that cannot be read or written is one failed outcome. Of one that can, each photo has
    its own, named SHARD/photo; those that fail are missing in the output shard. `journal` tells
    which shards an earlier run has finished.
    """
    for job in jobs:
        if journal.is_done(job):
            tell(Outcome(job.path, job.output, "skipped"))
            yield True
            continue
        replaces = overwrite or journal.may_replace(job)
        try:
            work = _claim(job, replaces=replaces, resume=resume)
            photos, colored = work / "in", work / "out"
            seen = print_of(job.path)
            try:
                names = _unpack(job.path, photos)
                plan = plan_folder(photos, colored)
            except ColorlabError:
                _discard(photos)
                raise
            done = color_plan(plan, partial(_tell_of_shard, tell, job, photos, colored))
            if not done.stopped:
                journal.start(job)
                members = _members(names, plan, photos, colored)
                _pack(Path(job.output), members, overwrite=replaces)
                journal.finish(job, seen)
                shutil.rmtree(work, ignore_errors=True)
            yield not done.failures
        except (InputError, CorruptImageError, OutputError) as error:
            if error.code == "output_exists":
                journal.forget(job)
            tell(Outcome(job.path, job.output, "error", None, error.with_path(job.path)))
            yield False


def _claim(job: Job, *, replaces: bool, resume: bool) -> Path:
    """The folder to work in, beside the output; raises OutputError when there is a file already."""
    target = Path(job.output)
    if os.path.lexists(target) and not replaces:
        raise already_there(job.output)
    work = target.with_name(f".{target.name}.colorlab-shard")
    if not resume:
        shutil.rmtree(work, ignore_errors=True)
    return work


def _discard(photos: Path) -> None:
    """Removes what was unpacked, and the folder above unless it holds what was coloured before."""
    shutil.rmtree(photos, ignore_errors=True)
    with suppress(OSError):
        photos.parent.rmdir()


def _tell_of_shard(
    tell: Callable[[Outcome], None], job: Job, photos: Path, colored: Path, outcome: Outcome
) -> None:
    """Passes an outcome on, its photo named within the shards."""
    name = Path(outcome.path).relative_to(photos).as_posix()
    inside = Path(outcome.output).relative_to(colored).as_posix()
    tell(replace(outcome, path=f"{job.path}/{name}", output=f"{job.output}/{inside}"))


def _unpack(shard: str, folder: Path) -> list[str]:
    """Files of a shard into a folder of their own, with their times; their names in order.

    Raises:
        InputError: it cannot be read, or holds names that lead out of the folder or come twice.
        CorruptImageError: it is no tar file, or ends early.
    """
    names: dict[str, None] = {}
    shutil.rmtree(folder, ignore_errors=True)  # of a killed run, or of what the shard was then
    try:
        folder.mkdir(parents=True)
        with tarfile.open(shard, "r:") as archive:
            for member in archive:
                if not (member.isfile() or member.islnk()):
                    continue
                # Where it will lie: whatever its name begins with, that is below the folder.
                name = posixpath.normpath("/" + member.name).lstrip("/")
                if name in names:
                    raise InputError(f"the name {name} comes twice", path=shard)
                archive.extract(member, folder, filter="data")
                names[name] = None
    except tarfile.FilterError as error:
        raise InputError(f"a name in it is refused: {error}", path=shard) from error
    except tarfile.TarError as error:
        raise CorruptImageError(f"no tar file, or a damaged one: {error}", path=shard) from error
    except OSError as error:
        reason = f"cannot be unpacked: {error.strerror or error}"
        raise InputError(reason, path=shard) from error
    return list(names)


def _members(
    names: Iterable[str], plan: Plan, photos: Path, colored: Path
) -> Iterator[tuple[str, Path, Path]]:
    """For each member its name in the output, the file that goes there, and the original."""
    outputs = {job.path: Path(job.output) for job in plan.jobs}
    for name in names:
        original = photos / name
        output = outputs.get(str(original))
        if output is None:
            yield name, original, original
        elif output.exists():
            yield output.relative_to(colored).as_posix(), output, original


def _pack(target: Path, members: Iterable[tuple[str, Path, Path]], *, overwrite: bool) -> None:
    temporary = target.with_name(f".{target.name}.colorlab-new")
    try:
        with tarfile.open(temporary, "w", format=tarfile.PAX_FORMAT) as archive:
            for name, source, original in members:
                about = tarfile.TarInfo(name)
                about.size = source.stat().st_size
                about.mtime = int(original.stat().st_mtime)
                with source.open("rb") as content:
                    archive.addfile(about, content)
        put_in_place(temporary, target, overwrite=overwrite)
    except OSError as error:
        reason = f"the shard cannot be written: {error.strerror or error}"
        raise OutputError(reason, path=str(target)) from error
    finally:
        temporary.unlink(missing_ok=True)
