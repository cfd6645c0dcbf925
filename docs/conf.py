"""Sphinx configuration: MyST pages, the API from docstrings, tables generated from the code."""

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "data-store"
author = "The data-store authors"
copyright = author  # noqa: A001 because Sphinx reads this name
version = release = installed_version("data-store")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton", "generated_tables", "google_docstrings"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "data-store"
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["custom.css"]
highlight_language = "none"

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
python_maximum_signature_line_length = 88
