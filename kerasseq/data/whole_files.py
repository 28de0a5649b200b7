"""Files that hold one text each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kerasseq.data.lines import read_lines
from kerasseq.data.rows import Row, stripped_row


def text_row(file: Path, label: str, fields: Sequence[str], *, encoding: str) -> Row:
    """A file's text, plain or gzip, beside what it is labelled with.

    Args:
        file: Where it lies, which is the row's place.
        label: What the folder or the name of the file says.
        fields: What text and label are called.
        encoding: As `check_encoding` returns it.
    """
    lines = list(read_lines(file, encoding=encoding))
    for line in lines:
        if line.problem:
            return Row(f"{file}:{line.number}", (), line.problem)
    return stripped_row(str(file), ("\n".join(line.text for line in lines), label), fields)
