"""Sphinx configuration: `script/docs` builds, warnings are errors."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "docs"))  # cli_parser
project = "colorlab"
author = "The colorlab authors"
copyright = "The colorlab authors, MIT licence"
release = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.M)[1]

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinxarg.ext",
]
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "colorlab"
html_static_path = []
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_type_aliases = {}
napoleon_numpy_docstring = False
