"""Files of the repository shown in documentation pages, so that what is shown is what runs.

The line ``<!-- include: examples/x.py -->`` is followed by a fenced block, which is kept equal to the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from source_code import ROOT

_INCLUDE = re.compile(
    r"(?P<mark><!-- include: (?P<path>\S+) -->\n)```\w*\n.*?^```$", re.MULTILINE | re.DOTALL
)
_LANGUAGES = {
    ".py": "python",
    ".toml": "toml",
    ".json": "json",
    ".yaml": "yaml",
    ".csv": "text",
    ".md": "markdown",
}


def with_included_files(text: str, *, root: Path = ROOT) -> str:
    """The page with every block after an include mark made equal to its file.

    Raises:
        FileNotFoundError: A mark names a file that does not exist.
    """

    def replace(match: re.Match[str]) -> str:
        path = root / match["path"]
        content = path.read_text(encoding="utf-8").rstrip("\n")
        return f"{match['mark']}```{_LANGUAGES.get(path.suffix, 'text')}\n{content}\n```"

    return _INCLUDE.sub(replace, text)


def pages_with_includes(root: Path = ROOT) -> Iterator[Path]:
    """The pages that show files."""
    for page in sorted([*root.glob("*.md"), *root.glob("docs/**/*.md")]):
        if "<!-- include: " in page.read_text(encoding="utf-8"):
            yield page
