"""colorlab completion: what a shell needs to complete command lines."""

from __future__ import annotations

import argparse

from colorlab.cli._terminal import show

_EXAMPLES = """\
examples:
  colorlab completion bash > ~/.local/share/bash-completion/completions/colorlab
  colorlab completion zsh > ~/.zfunc/_colorlab       with ~/.zfunc in fpath
"""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the verb."""
    parser = subparsers.add_parser(
        "completion",
        help="complete command lines in a shell",
        description="Writes a shell's completion script to stdout.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"))


def run(args: argparse.Namespace) -> int:
    """Does it."""
    from colorlab.cli.main import parser
    from colorlab.errors import InvalidArgumentError

    try:
        import shtab
    except ImportError:
        raise InvalidArgumentError(
            "shtab is not installed, which writes these scripts",
            code="shtab_missing",
            hint="pip install shtab; it comes with 'colorlab[cpu]'",
        ) from None
    show(shtab.complete(parser(), args.shell))
    return 0
