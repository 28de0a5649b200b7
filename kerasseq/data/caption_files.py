"""Files that say which captions a picture has, in the layouts that people have them in."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from kerasseq.data.faults import data_error
from kerasseq.data.lines import Line, read_lines

KAGGLE_HEADER = ["image", "caption"]
LAYOUTS = (
    "lines `name.jpg#0`, tab, caption (Flickr8k.token.txt)",
    "CSV of image,caption (Kaggle's captions.txt)",
    "a json object with `images` that have `sentences` (Karpathy's splits)",
    "a json object with `images` and `annotations` (COCO)",
)
SPLIT_OF_MARK = {"train": "train", "restval": "train", "val": "validation", "test": "test"}


class Caption(NamedTuple):
    """One caption of a picture, or what is wrong with its line.

    Args:
        place: Where it stands.
        picture: The picture's name, with the folder where the file gives one.
        text: The caption.
        split: The split that the file marks its picture with, if it marks any.
        problem: What is wrong, if anything.
    """

    place: str
    picture: str
    text: str
    split: str = ""
    problem: str = ""


def read_captions(path: Path, *, encoding: str) -> list[Caption]:
    """Every caption of a file, in its order.

    Raises:
        DataError: If the file has none of the layouts.
    """
    if path.name.lower().endswith(".json"):
        return _of_json(path, encoding)
    lines = read_lines(path, encoding=encoding)
    first = next((line for line in lines if line.text.strip()), None)
    if first is None:
        return []
    lines = read_lines(path, encoding=encoding)
    return list(_of_tokens(path, lines) if "\t" in first.text else _of_csv(path, lines, first.text))


def read_names(path: Path, *, encoding: str) -> list[tuple[str, str]]:
    """The place and the name of each picture in a list, a name a line."""
    lines = read_lines(path, encoding=encoding)
    return [(f"{path}:{line.number}", line.text.strip()) for line in lines if line.text.strip()]


def _of_tokens(path: Path, lines: Iterator[Line]) -> Iterator[Caption]:
    """Flickr8k.token.txt: `1000268201_693b08cb0e.jpg#0`, a tab, the caption."""
    for line in lines:
        place = f"{path}:{line.number}"
        name, tab, text = line.text.partition("\t")
        picture, mark, number = name.strip().rpartition("#")
        problem = line.problem or ("" if line.text.strip() else "the line is empty")
        if not problem and not (tab and mark and number.isdecimal()):
            problem = f"expected a picture's name, #, a number, a tab and a caption, found {line.text!r}"
        yield Caption(place, picture, text, problem=problem)


def _of_csv(path: Path, lines: Iterator[Line], first: str) -> Iterator[Caption]:
    """Kaggle's captions.txt: `image,caption`; a caption that has commas stands in quotes."""
    if "," not in first:
        raise data_error(f"{first!r} is of no layout of captions", place=f"{path}:1", allowed=LAYOUTS)
    for line in lines:
        place = f"{path}:{line.number}"
        if line.problem or not line.text.strip():
            yield Caption(place, "", "", problem=line.problem or "the line is empty")
            continue
        cells = next(csv.reader([line.text]))
        if line.number == 1 and [cell.strip().lower() for cell in cells] == KAGGLE_HEADER:
            continue
        problem = "" if len(cells) == 2 else f"expected 2 columns (image, caption), found {len(cells)}"
        yield Caption(place, *(("", "") if problem else map(str.strip, cells)), problem=problem)


def _of_json(path: Path, encoding: str) -> list[Caption]:
    try:
        whole = json.loads(path.read_text(encoding))
    except (OSError, ValueError) as error:
        raise data_error(f"this is no JSON: {error}", place=path, fix="fetch the file again") from error
    images = whole.get("images") if isinstance(whole, dict) else None
    try:
        if images and "sentences" in images[0]:
            return list(_of_karpathy(path, images))
        if images is not None and "annotations" in whole:
            return list(_of_coco(path, images, whole["annotations"]))
    except (AttributeError, KeyError, TypeError) as error:
        message = f"an entry lacks what its layout has: {type(error).__name__}: {error}"
        raise data_error(message, place=path, allowed=LAYOUTS[2:]) from error
    raise data_error("it is of no layout of captions", place=path, allowed=LAYOUTS)


def _of_karpathy(path: Path, images: list[dict[str, Any]]) -> Iterator[Caption]:
    for image in images:
        name = str(Path(image.get("filepath", ""), image["filename"]))
        mark = image.get("split", "")
        if mark not in SPLIT_OF_MARK and mark:
            allowed = tuple(SPLIT_OF_MARK)
            raise data_error(f"the split of {name} is {mark!r}", place=path, allowed=allowed)
        for number, sentence in enumerate(image["sentences"]):
            place = f"{path}:{name}#{number}"
            yield Caption(place, name, sentence["raw"], split=SPLIT_OF_MARK.get(mark, ""))


def _of_coco(
    path: Path, images: list[dict[str, Any]], annotations: list[dict[str, Any]]
) -> Iterator[Caption]:
    names = {image["id"]: image["file_name"] for image in images}
    for annotation in annotations:
        place = f"{path}:annotation {annotation.get('id', '')}".rstrip()
        picture = names.get(annotation["image_id"], "")
        problem = "" if picture else f"there is no image {annotation['image_id']!r}"
        yield Caption(place, picture, annotation["caption"], problem=problem)
