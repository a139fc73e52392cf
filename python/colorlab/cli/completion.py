"""colorlab completion: what a shell needs to complete command lines."""

from __future__ import annotations

import argparse

from colorlab.cli._parser import add_verb
from colorlab.cli._terminal import show

_MORE = """\
examples:
  mkdir -p ~/.local/share/bash-completion/completions ~/.zfunc
  colorlab completion bash > ~/.local/share/bash-completion/completions/colorlab
  # zsh looks into ~/.zfunc after fpath+=~/.zfunc in ~/.zshrc, before compinit
  colorlab completion zsh > ~/.zfunc/_colorlab
"""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the verb."""
    parser = add_verb(
        subparsers,
        "completion",
        help="complete command lines in a shell",
        description="Writes a shell's completion script to stdout.",
        more=_MORE,
    )
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"), help="whose script to write")


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
