"""Which photos are coloured, and where each result goes: settled before any work is done.

Two inputs with one output, or an output that is one of the inputs, end the run before it starts:
afterwards it would be too late.
"""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from glob import has_magic
from pathlib import Path

from colorlab.errors import InputError, InvalidArgumentError
from colorlab.outputs import is_folder

__all__ = ["FORMATS", "Job", "Plan", "make_plan", "refuse_overwritten_inputs"]

#: names of --format and the extension that each writes
FORMATS = {name: f".{name}" for name in ("jpg", "jpeg", "png", "tif", "tiff", "webp")}

_WRITABLE = tuple(FORMATS.values())
_READABLE = (*_WRITABLE, ".bmp")
_SAME = {".jpeg": ".jpg", ".tiff": ".tif"}
_FALLBACK = ".png"  # for what can be read but not written: it loses nothing


@dataclass(frozen=True, slots=True)
class Job:
    """One photo and where its colours go."""

    path: str
    output: str


@dataclass(slots=True)
class Plan:
    """What is to be done."""

    jobs: list[Job]
    folder: str | None  #: the output folder; None when one photo becomes one named file
    shards: list[Job] = field(default_factory=list)  #: tar files of photos
    format: str | None = None  #: of the photos in shards, as of `make_plan`
    name: str | None = None  #: the same
    ignored: int = 0  #: files in the folders that are no photos by their extension
    notes: list[str] = field(default_factory=list)  #: what a person may want to know


def make_plan(
    inputs: Sequence[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    format: str | None = None,
    name: str | None = None,
) -> Plan:
    """Settles inputs and outputs.

    Args:
        inputs: files; folders, that are searched to their depth (links to folders are not
            followed) for names that end in .jpg, .jpeg, .png, .tif, .tiff, .webp or .bmp; patterns
            with *, ? or [], ** for any depth, whose matches are laid out below the folder before
            the first of these. A .tar file is a shard: its photos are coloured into a shard
            OUTPUT/its name, its other files copied.
        output: a folder; or, for a single file, the file to write, when it is no folder and has an
            extension. A file goes to OUTPUT/its name, a file of a folder to OUTPUT/its path below
            that folder.
        format: "jpg", "jpeg", "png", "tif", "tiff" or "webp"; None keeps each photo's extension
            (.png for one that cannot be written).
        name: how outputs are called: a template with {stem}, {ext} (with its dot), {parent} (the
            photo's own folder) and {number} (1, 2, ... in order; {number:05} pads), as
            "{stem}-colour{ext}"; it may hold "/". Without {ext} that is appended.

    Raises:
        InvalidArgumentError: no inputs, or one without a name; a pattern without a match; a wrong
            template; two inputs with one output (code "output_collision"); an output that is one of
            the inputs (code "output_is_input"); no such format, or a file to write whose extension
            names none (code "unsupported_format").
        InputError: a folder cannot be listed.
    """
    if format is not None and format not in FORMATS:
        raise InvalidArgumentError(f'no such format: "{format}"', hint=_choices())
    names = [os.fsdecode(each) for each in inputs]
    target = os.fsdecode(output)
    if not names:
        raise InvalidArgumentError("there are no inputs")
    if "" in names:  # a variable that was not set; as a path it would be the current folder
        raise InvalidArgumentError("an input has no name")
    if not target:
        raise InvalidArgumentError("the output has no name")
    if name is None and _names_a_file(names, target):
        plan = Plan([Job(names[0], _checked_extension(target, format))], None)
    else:
        shards = [each for each in names if _is_shard(each)]
        plan = Plan([], target, _shard_jobs(shards, target), format, name)
        names = [each for each in names if not _is_shard(each)]
        plan.jobs = list(dict.fromkeys(_collect(names, target, format, plan)))
        if name is not None:
            plan.jobs = [_renamed(n, job, target, name) for n, job in enumerate(plan.jobs, 1)]
    jobs = [*plan.jobs, *plan.shards]
    _refuse_collisions(jobs)
    refuse_overwritten_inputs(jobs, (job.output for job in jobs))
    return plan


def _is_shard(name: str) -> bool:
    return name.lower().endswith(".tar") and not is_folder(name)


def _shard_jobs(names: Iterable[str], target: str) -> list[Job]:
    """Where each shard goes; patterns stand for all that they match."""
    jobs: dict[Job, None] = {}
    for name in names:
        if not has_magic(name) or os.path.lexists(name):
            jobs[Job(name, str(Path(target) / Path(name).name))] = None
            continue
        base = _before_magic(Path(name))
        found = _found(Path(name), base, Path(target))
        if not found:
            raise InvalidArgumentError("no shard matches this pattern", path=name)
        jobs |= {Job(str(path), str(Path(target) / path.relative_to(base))): None for path in found}
    return list(jobs)


def _names_a_file(names: Sequence[str], target: str) -> bool:
    return (
        len(names) == 1
        and not is_folder(names[0])
        and not is_folder(target)
        and not target.endswith(os.sep)
        and Path(target).suffix != ""
        and not _is_shard(names[0])
    )


def _checked_extension(target: str, format: str | None) -> str:
    extension = Path(target).suffix.lower()
    if extension not in _WRITABLE:
        raise InvalidArgumentError(
            f'cannot write the format of the extension "{extension}"',
            code="unsupported_format",
            path=target,
            hint=f"{_choices()}; the name of a folder ends in {os.sep}",
        )
    wanted = FORMATS[format] if format is not None else extension
    if _SAME.get(wanted, wanted) != _SAME.get(extension, extension):
        raise InvalidArgumentError(
            f'the output\'s extension "{extension}" and the format "{format}" disagree', path=target
        )
    return target


def _collect(names: Sequence[str], target: str, format: str | None, plan: Plan) -> Iterator[Job]:
    others = 0
    for name in names:
        folder = Path(name)
        if has_magic(name) and not os.path.lexists(name):
            base = _before_magic(folder)
            for path in _matches(folder, base, Path(target)):
                others += _is_converted(path.name, format)
                below = path.relative_to(base).parent
                yield Job(str(path), str(Path(target) / below / _output_name(path.name, format)))
            continue
        if not is_folder(name):
            others += _is_converted(name, format)
            yield Job(name, str(Path(target) / _output_name(folder.name, format)))
            continue
        for path in _photos_below(folder, Path(target), plan):
            others += _is_converted(path.name, format)
            below = path.relative_to(folder)
            yield Job(
                str(path), str(Path(target) / below.parent / _output_name(below.name, format))
            )
    if others:
        kinds = "photo is" if others == 1 else "photos are"
        plan.notes.append(f"{others} {kinds} of a format that is not written: PNG instead")


def _before_magic(pattern: Path) -> Path:
    """The folder that a pattern starts from."""
    fixed = itertools.takewhile(lambda part: not has_magic(part), pattern.parts[:-1])
    return Path(*fixed)


def _found(pattern: Path, base: Path, target: Path) -> list[Path]:
    """What a pattern names, in order, without what lies in an output folder below its start."""
    found = sorted(base.glob(str(pattern.relative_to(base))))
    own = _identity(target)
    if own is None:
        return found

    def is_output(folder: Path) -> bool:
        below = itertools.takewhile(lambda each: each != base, (folder, *folder.parents))
        return any(_identity(each) == own for each in below)

    outputs = {folder for folder in {path.parent for path in found} if is_output(folder)}
    return [path for path in found if path.parent not in outputs]


def _matches(pattern: Path, base: Path, target: Path) -> list[Path]:
    """Photos that a pattern names, in order; a folder that it names is not searched."""
    found = _found(pattern, base, target)
    photos = [path for path in found if path.suffix.lower() in _READABLE and _is_regular(path)]
    if not photos:
        raise InvalidArgumentError("no photo matches this pattern", path=str(pattern))
    return photos


def _renamed(number: int, job: Job, target: str, template: str) -> Job:
    """The job with its output called by a template, in the folder where it would be."""
    output = Path(job.output)
    fields = {
        "stem": output.stem,
        "ext": output.suffix,
        "parent": Path(job.path).absolute().parent.name,
        "number": number,
    }
    try:
        called = template.format(**fields)
    except (KeyError, IndexError, ValueError, AttributeError, TypeError) as error:
        raise InvalidArgumentError(
            f'cannot name an output by "{template}": {error!r}',
            hint="It may hold {stem}, {ext}, {parent} and {number}",
        ) from None
    if "{ext" not in template:
        called += output.suffix
    renamed = output.parent / called
    inside = os.path.abspath(renamed).startswith(os.path.join(os.path.abspath(target), ""))  # noqa: PTH100, PTH118 - Path would follow links
    if not inside or Path(called).suffix.lower() not in _WRITABLE:
        raise InvalidArgumentError(
            f'"{template}" names {called}, which is no photo in the output folder',
            path=job.path,
        )
    return Job(job.path, str(renamed))


def _photos_below(folder: Path, target: Path, plan: Plan) -> Iterator[Path]:
    """Photos of a folder in the order of their names, without those of the output folder."""

    def fail(error: OSError) -> None:
        raise InputError(
            f"cannot be listed: {error.strerror or error}", path=os.fsdecode(error.filename)
        ) from error

    own = _identity(target)
    for root, folders, files in os.walk(folder, onerror=fail):
        folders[:] = sorted(
            each for each in folders if own is None or _identity(Path(root) / each) != own
        )
        for name in sorted(files):
            path = Path(root) / name
            if name.startswith("._") or path.suffix.lower() not in _READABLE:
                plan.ignored += 1
            elif _is_regular(path):
                yield path
            else:
                plan.ignored += 1


def _is_regular(path: Path) -> bool:
    """False for pipes, sockets and devices; True for what vanished, which reading will report."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return True


def _output_name(name: str, format: str | None) -> str:
    path = Path(name)
    if format is not None:
        return path.stem + FORMATS[format]
    return name if path.suffix.lower() in _WRITABLE else path.stem + _FALLBACK


def _is_converted(name: str, format: str | None) -> bool:
    return format is None and Path(name).suffix.lower() not in _WRITABLE


def _refuse_collisions(jobs: Iterable[Job]) -> None:
    first: dict[str, Job] = {}
    for job in jobs:
        key = os.path.normcase(os.path.normpath(job.output))
        other = first.setdefault(key, job)
        if other is not job:
            raise InvalidArgumentError(
                f"{other.path} and {job.path} would both be written here",
                code="output_collision",
                path=job.output,
                hint="Name them apart, or colour them into different folders",
            )


def refuse_overwritten_inputs(jobs: Sequence[Job], outputs: Iterable[str]) -> None:
    """Raises InvalidArgumentError (code "output_is_input") for an output that is a job's photo."""
    inputs = {identity: job.path for job in jobs if (identity := _identity(Path(job.path)))}
    for output in outputs:
        identity = _identity(Path(output))
        if identity is not None and identity in inputs:
            raise InvalidArgumentError(
                f"is the input {inputs[identity]}, which is never overwritten",
                code="output_is_input",
                path=output,
                hint="Choose another output folder",
            )


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from all others whatever it is called; None when there is none."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def _choices() -> str:
    return f"Formats are {', '.join(FORMATS)}"
