"""Pictures with several captions each, in the layouts of Flickr8k, Kaggle, Karpathy and COCO."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from kerasseq.data.caption_files import Caption, read_captions, read_names
from kerasseq.data.example_source import HELD_OUT, ExampleSource
from kerasseq.data.faults import data_error
from kerasseq.data.locate import find_file, find_folder
from kerasseq.data.rows import Row, check_fields, stripped_row
from kerasseq.registry import register
from kerasseq.specs import Rate, Supplied, check_arguments

AS_MARKED = "as the file marks it"
CONSTRAINTS = (
    ("captions is not None or train is not None", "name the file of `captions`, or one for each split"),
    (
        "captions is not None or (not validation) != (not validation_share)",
        "give `validation` or a `validation_share`, one of both",
    ),
    ("not (validation and validation_share)", "give `validation` or a `validation_share`, one of both"),
    ("not (test and test_share)", "give `test` or a `test_share`, one of both"),
)


@register("source")
class Captions(ExampleSource):
    """Pictures and what people say of them; every caption is an example, and a picture is in one split only.

    With one file of `captions`, `train`, `validation` and `test` are lists of names, a line each; without
    them the splits are as Karpathy's file marks them, and all pictures of another file are for training. Else
    each split has a file of captions of its own. The files' content says which layout they have.

    Args:
        images: The folder of the pictures, or several.
        captions: The captions of all splits: Flickr8k.token.txt, Kaggle's captions.txt, or a json.
        train: The pictures to learn from.
        validation: Those for choosing the best epoch.
        test: Those for the final scores; left out, the run is evaluated on the validation split.
        validation_share: The share of the training pictures that is the validation split instead.
        test_share: The share of the training pictures that is the test split instead.
        encoding: Any that extends ASCII.
        on_bad_line: Stop at a line that cannot be used or a picture that is not there, or skip and count it.
        fields: What the task calls picture and caption.
        folders: Where relative paths are looked up, in order; see `search_folders`.
    Raises:
        ValueError: If options contradict each other.
        DataError: If a file or a folder is missing, or has no known layout.
    """

    is_grouped = True

    def __init__(
        self,
        *,
        images: str | list[str],
        captions: str | None = None,
        train: str | None = None,
        validation: str | None = None,
        test: str | None = None,
        validation_share: Rate | None = None,
        test_share: Rate | None = None,
        encoding: str = "utf-8",
        on_bad_line: Literal["error", "skip"] = "error",
        fields: Supplied[Sequence[str]] = ("image", "caption"),
        folders: Supplied[Sequence[Path] | None] = None,
    ):
        shares = {"validation_share": validation_share, "test_share": test_share}
        check_arguments(Captions.__init__, on_bad_line=on_bad_line, **shares)
        if captions is None and train is None:
            raise ValueError("`captions` or `train` must be given. Received: captions=None, train=None")
        if test and test_share:
            raise ValueError(
                f"`test` excludes `test_share`. Received: test={test!r}, test_share={test_share}"
            )
        marked = AS_MARKED if captions else None
        super().__init__(
            given={
                "train": train or marked,
                HELD_OUT: validation or (None if validation_share else marked),
                "test": test or (None if test_share else marked),
            },
            validation_share=validation_share,
            encoding=encoding,
            on_bad_line=on_bad_line,
            folders=folders,
        )
        if test_share:
            self.given["test"] = self.given["train"]
        self.fields = check_fields(fields, number=2, source="captions")
        self.test_share = test_share
        self._captions = captions
        self._images = [images] if isinstance(images, str) else list(images)
        self._read_files: dict[Path, list[Caption]] = {}

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that there are: without lists or shares those that the file of captions marks."""
        marks = {caption.split for caption in self._shared_captions}
        if self.given[HELD_OUT] == AS_MARKED and not self.share and HELD_OUT not in marks:
            fix = "give `validation`, a list of pictures, or a `validation_share`"
            raise data_error("it marks no pictures for validation", place=self._captions_file, fix=fix)
        is_there = {"test": self.test_share or self.given.get("test") != AS_MARKED or "test" in marks}
        return tuple(split for split in super().splits if is_there.get(split, True))

    def files(self, split: str) -> list[Path]:
        """The files that name a split's pictures and captions, and the folders that its pictures lie in.

        Raises:
            DataError: If one is not there.
        """
        listed = [] if self.given[split] == AS_MARKED else [self._split_file(split)]
        shared = [self._captions_file] if self._captions else []
        pictures = {Path(row.texts[0]).parent for row in self.rows(split) if not row.problem}
        return [*shared, *listed, *sorted(pictures)]

    def reading(self) -> dict[str, Any]:
        return {"type": "captions", "has_lists": self._captions is not None}

    def options(self, split: str) -> dict[str, Any]:
        part = [self.share, self.test_share] if self._is_parted(split) else None
        return {**super().options(split), "part": [split, part, self.given[split] == AS_MARKED]}

    def all_rows(self, split: str) -> Iterator[Row]:
        for captions in self._groups(split):
            path, problem = self._found(captions[0])
            for caption in captions:
                if wrong := caption.problem or problem:
                    yield Row(caption.place, (), wrong)
                else:
                    yield stripped_row(caption.place, (path, caption.text), self.fields)

    def rows(self, split: str) -> Iterator[Row]:
        """Streams every row of a split, usable or not; the rows of a picture stand together."""
        return self.all_rows(split)

    def _groups(self, split: str) -> Iterator[list[Caption]]:
        """The captions of each picture of a split; one that has a problem stands alone."""
        given = self.given[split]
        if self._captions is None:
            groups = _by_picture(self._captions_in(self._split_file(split)))
        elif given == AS_MARKED:
            groups = _by_picture(self._marked(split))
        else:
            groups = self._listed(split)
        if not self._is_parted(split):
            return iter(groups)
        return (group for group in groups if self._part_of(group[0].picture) == split)

    def _marked(self, split: str) -> list[Caption]:
        """The shared file's captions of a split; without marks, all are for training."""
        wanted = "train" if self._is_parted(split) else split
        return [caption for caption in self._shared_captions if (caption.split or "train") == wanted]

    def _listed(self, split: str) -> Iterator[list[Caption]]:
        groups = _by_picture(self._shared_captions)
        captions = {Path(group[0].picture).name: group for group in groups}
        captions |= {group[0].picture: group for group in groups}
        for place, name in read_names(self._split_file(split), encoding=self.encoding):
            missing = [Caption(place, name, "", problem=f"there are no captions of {name!r}")]
            yield captions.get(name, missing)

    def _is_parted(self, split: str) -> bool:
        """Whether a split is drawn from the training pictures."""
        return bool(self.test_share or (self.share and split != "test")) and (
            split == "train" or bool({HELD_OUT: self.share, "test": self.test_share}[split])
        )

    def _part_of(self, picture: str) -> str:
        """Decided by the picture's name: the same wherever it lies, and in any order of the file."""
        digest = hashlib.blake2b(Path(picture).name.encode(), digest_size=8).digest()
        place = int.from_bytes(digest, "little") / 2**64
        if place < (self.test_share or 0):
            return "test"
        return HELD_OUT if place < (self.test_share or 0) + (self.share or 0) else "train"

    def _found(self, caption: Caption) -> tuple[str, str]:
        """A picture's path, or what is wrong."""
        tried = [
            folder / name
            for folder in self._folders_of_images
            for name in dict.fromkeys((caption.picture, Path(caption.picture).name))
        ]
        found = next((path for path in tried if path.is_file()), None)
        if found is None:
            looked_in = ", ".join(map(str, self._folders_of_images))
            return "", f"the picture {caption.picture!r} is not in {looked_in}"
        return str(found), ""

    @cached_property
    def _folders_of_images(self) -> list[Path]:
        return [find_folder(folder, self.folders, asked_by="data.source.images") for folder in self._images]

    @cached_property
    def _captions_file(self) -> Path:
        return find_file(self._captions, self.folders, asked_by="data.source.captions")

    @property
    def _shared_captions(self) -> list[Caption]:
        return self._captions_in(self._captions_file) if self._captions else []

    def _split_file(self, split: str) -> Path:
        return find_file(self.given[split], self.folders, asked_by=self.asked_by(split))

    def _captions_in(self, path: Path) -> list[Caption]:
        if path not in self._read_files:
            self._read_files[path] = read_captions(path, encoding=self.encoding)
        return self._read_files[path]


def _by_picture(captions: list[Caption]) -> list[list[Caption]]:
    """Captions of one picture together, in the order of the pictures' first ones."""
    groups: dict[str, list[Caption]] = {}
    for number, caption in enumerate(captions):
        key = f"{number}\0" if caption.problem else caption.picture
        groups.setdefault(key, []).append(caption)
    return list(groups.values())
