"""The command line's parser for the documentation, which is made of reStructuredText."""

import argparse
import re

from colorlab.cli import main

_MARKUP = re.compile(r"([\\*`|])|(?<=\w)(_)(?!\w)")


def parser():
    """The parser with every text escaped, and what is indented in epilogs kept line by line."""
    made = main.parser()
    _escape(made)
    return made


def _escape(parser):
    parser.description = _escaped(parser.description)
    parser.epilog = parser.epilog and re.sub(r":\n(?=  )", "::\n\n", parser.epilog)
    for action in parser._actions:
        if action.help != argparse.SUPPRESS:
            action.help = _escaped(action.help)
        if isinstance(action, argparse._SubParsersAction):
            for choice in action._choices_actions:
                choice.help = _escaped(choice.help)
            for each in action.choices.values():
                _escape(each)


def _escaped(text):
    return text and _MARKUP.sub(lambda found: "\\" + found[0], text)
