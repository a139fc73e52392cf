"""The entry point: finds the verb, runs it, and turns errors and signals into exit codes."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any

from colorlab import cli
from colorlab.cli import _failures
from colorlab.cli._parser import HelpFormatter
from colorlab.cli._terminal import abandon_stdout, open_missing_streams, say, show
from colorlab.errors import ColorlabError, InvalidArgumentError

__all__ = ["main", "parser", "verbs"]

_MORE = """\
examples:
  colorlab colorize grandmother.jpg -o grandmother-colour.jpg
  colorlab colorize --help

colorlab VERB --help tells more about one of them.
"""
_USAGE, _INTERRUPTED, _TERMINATED = 2, 130, 143


class _Terminated(BaseException):
    """SIGTERM: like KeyboardInterrupt, no error to be caught on the way."""


def verbs() -> list[str]:
    """Every verb there is, in the order of their names."""
    modules = [module.name for module in pkgutil.iter_modules(cli.__path__)]
    return sorted(name for name in modules if name != "main" and not name.startswith("_"))


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line and returns its exit code.

    0 all well, 1 some items failed, 2 usage, 3 nothing succeeded, 4 model, 5 resources,
    130 interrupted, 143 terminated.
    """
    open_missing_streams()
    words = list(sys.argv[1:] if argv is None else argv)
    args = argparse.Namespace()
    previous = _on_sigterm(_terminate)
    try:
        args = parser(words).parse_args(words)
        code: int = args.run(args)
        return code
    except ColorlabError as error:
        return _report(error, as_json=getattr(args, "json", False) is True)
    except KeyboardInterrupt:
        say("colorlab: interrupted")
        return _INTERRUPTED
    except _Terminated:
        say("colorlab: terminated")
        return _TERMINATED
    except BrokenPipeError:  # whoever read our output has gone: nothing more to tell
        abandon_stdout()
        return 1
    finally:
        _on_sigterm(previous)


def parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """A parser that knows the verb asked for; every verb when none is, for --help."""
    made = argparse.ArgumentParser(
        prog="colorlab",
        description="Colour for black-and-white photographs.",
        epilog=_MORE,
        formatter_class=HelpFormatter,
    )
    made.add_argument("--version", action=_Version)
    subparsers = made.add_subparsers(dest="verb", metavar="VERB", required=True)
    known = verbs()
    asked = [words[0]] if words and words[0] in known else known
    for name in asked:
        module = importlib.import_module(f"colorlab.cli.{name}")
        module.register(subparsers)
        subparsers.choices[name].set_defaults(run=module.run)
    return made


class _Version(argparse.Action):
    """Prints the version, which is imported only when asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str, **_: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, help="show the version and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from colorlab import __version__

        show(f"colorlab {__version__}")
        parser.exit(0)


def _report(error: ColorlabError, *, as_json: bool) -> int:
    code = _failures.tell(error, error.path, as_json=as_json)
    return _USAGE if isinstance(error, InvalidArgumentError) else code


def _terminate(number: int, frame: FrameType | None) -> None:
    raise _Terminated


def _on_sigterm(handler: Any) -> Any:
    """Sets SIGTERM's handler and gives the one before; only the main thread may do that."""
    try:
        return signal.signal(signal.SIGTERM, handler)
    except ValueError:
        return None


if __name__ == "__main__":
    sys.exit(main())
