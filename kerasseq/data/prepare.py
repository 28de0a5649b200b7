"""From a recipe's `data` section to batches: source, features, vocabularies, token cache, splits."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kerasseq import registry
from kerasseq.data.cache_folder import cache_root
from kerasseq.data.faults import UnusableValue, data_error
from kerasseq.data.split import Split
from kerasseq.data.token_cache import (
    Encoder,
    Tokens,
    cached_tokens,
    checksum,
    key_of,
    rows_of,
    writing_to,
)
from kerasseq.errors import did_you_mean
from kerasseq.run_folder import write_whole
from kerasseq.specs import Feature, PositiveInt, Source, Supplied, check_arguments

TRAIN = "train"


@dataclass(frozen=True)
class PreparedData:
    """What training and evaluation read.

    Args:
        features: For each field, how its texts become ids and back.
        splits: train, validation and test, as far as the source has them and they were asked for.
        counts: For each split: lines `read`, examples `kept`, `dropped_too_long`, `skipped_bad_lines`.
        checksums: SHA-256 of every file that was read, by its path.
    """

    features: dict[str, Any]
    splits: dict[str, Split] = field(default_factory=dict)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    checksums: dict[str, str] = field(default_factory=dict)


def prepare_data(
    *,
    source: Source,
    features: dict[str, Feature] | None = None,
    share_vocabulary: bool = False,
    batch_size: PositiveInt = 64,
    shuffle: bool = True,
    length_bucket_width: PositiveInt = 8,
    cache_folder: str | None = None,
    fields: Supplied[Sequence[str]] = ("source", "target"),
    folders: Supplied[Sequence[Path] | None] = None,
    vocabulary_folder: Supplied[Path | None] = None,
    splits: Supplied[Sequence[str] | None] = None,
) -> PreparedData:
    """Reads, tokenises and caches the data of a recipe.

    Training examples longer than a field's `max_length` are left out and counted; validation and test
    examples never are.

    Args:
        source: Where examples come from.
        features: How each field becomes ids; a field that is not named is text in words.
        share_vocabulary: Whether all fields have one vocabulary, learned from all of them.
        batch_size: Examples a batch; the last batch of an epoch may be smaller.
        shuffle: Whether training visits examples in a new order each epoch, in batches of like length.
        length_bucket_width: Batches are padded to a multiple of this many tokens; more gives fewer shapes.
        cache_folder: Where token ids are kept for later runs; else $KERASSEQ_CACHE or ~/.cache/kerasseq.
        fields: The fields that the task reads, in the order of the source's texts.
        folders: Where relative paths are looked up.
        vocabulary_folder: A run's vocabularies: read where they are there, else learned and written.
        splits: Which splits to prepare; all that the source has unless given.
    Raises:
        DataError: If the data cannot be read as asked, or no training example is left.
    """
    check_arguments(prepare_data, batch_size=batch_size, length_bucket_width=length_bucket_width)
    made = make_features(features, fields=fields, share_vocabulary=share_vocabulary)
    source = make_source(source, fields=fields, folders=folders, features=made)
    cache = cache_root(cache_folder)
    wanted = [split for split in source.splits if splits is None or split in splits]
    folder = vocabulary_folder
    checksums = with_vocabularies(source, made, wanted, share=share_vocabulary, cache=cache, folder=folder)
    prepared = PreparedData(features=made, checksums=functools.reduce(dict.__or__, checksums.values(), {}))
    encoders = {name: Encoder(feature) for name, feature in made.items()}
    layouts = {name: feature.layout for name, feature in made.items()}
    made_of = [[name, feature.options, feature.checksum] for name, feature in made.items()]
    for name in wanted:
        files = sums_of_files(source, name, checksums)
        key = key_of(files=files, source=source.options(name), features=made_of)
        try:
            tokens = cached_tokens(cache / "tokens" / key, encoders, functools.partial(source.read, name))
        except UnusableValue as error:
            raise error.at(_place_of(error.value, source, name)) from error
        rows = _kept(tokens, made, is_training=name == TRAIN)
        read = functools.partial(_texts, source, name, rows)
        batching = {"batch_size": batch_size, "length_bucket_width": length_bucket_width, "shuffle": shuffle}
        prepared.splits[name] = Split(
            columns=tokens.columns,
            layouts=layouts,
            rows=rows,
            read=read,
            is_grouped=source.is_grouped,
            **batching,
        )
        prepared.counts[name] = _counts(tokens, rows)
    return prepared


def make_source(
    source: Any,
    *,
    fields: Sequence[str],
    folders: Sequence[Path] | None = None,
    features: Mapping[str, Any] | None = None,
) -> Any:
    """Builds the source of a task's examples.

    Args:
        source: A word, or a mapping with `type`.
        fields: What an example has.
        folders: Where relative paths are looked up.
        features: Of the fields; one that reads files makes paths of a field's texts.
    Raises:
        DataError: If its options contradict each other.
    """
    try:
        made = registry.create("source", source, fields=fields, folders=folders)
    except ValueError as error:
        raise data_error(f"`data.source`: {error}") from error
    if media := tuple(name for name, feature in (features or {}).items() if hasattr(feature, "read")):
        made.media = media
    return made


def make_features(
    features: Mapping[str, Any] | None, *, fields: Sequence[str], share_vocabulary: bool = False
) -> dict[str, Any]:
    """Builds the features of a task's fields, without vocabularies.

    Raises:
        DataError: If a feature is given for a field that there is not, or fields cannot share a vocabulary.
    """
    given = dict(features or {})
    for name in given:
        if name not in fields:
            message = f"`data.features` names {name!r}, which is no field of this task"
            raise data_error(message, allowed=tuple(fields), fix=did_you_mean(name, fields))
    made = {name: registry.create("feature", given.get(name, {}), default="text") for name in fields}
    learned = {repr(getattr(feature, "vocabulary_options", feature.options)) for feature in made.values()}
    if share_vocabulary and len(learned) > 1:
        message = "`data.share_vocabulary` needs the same tokenizer, with the same options, for every field"
        raise data_error(message, fix="give the fields the same tokenizer, or set it to false")
    return made


def features_of(section: Mapping[str, Any], *, fields: Sequence[str]) -> dict[str, Any]:
    """The features that a data section describes, which have learned nothing yet; see `make_features`."""
    shared = section.get("share_vocabulary", False)  # running text has one field, and no such key
    return make_features(section["features"], fields=fields, share_vocabulary=shared)


def with_vocabularies(
    source: Any,
    features: Mapping[str, Any],
    splits: Sequence[str],
    *,
    share: bool = False,
    cache: Path,
    folder: Path | None,
) -> dict[str, dict[str, str]]:
    """Gives the features their vocabularies, read from a run's folder or learned and written there.

    Args:
        source: Where examples come from.
        features: For each field, in the order of an example's texts.
        splits: Those that are to be prepared.
        share: Whether all fields have one vocabulary.
        cache: Where learned vocabularies are kept.
        folder: A run's vocabularies; none are kept if not given.
    Returns:
        For each split that is read the SHA-256 of every file, by its path.
    """
    is_known = folder is not None and _has_vocabularies(folder, list(features))
    needed = splits if is_known else dict.fromkeys([TRAIN, *splits])
    files = {split: source.files(split) for split in needed}
    sums = {file: checksum(file) for file in dict.fromkeys(itertools.chain(*files.values()))}
    checksums = {split: {str(file): sums[file] for file in files[split]} for split in needed}
    if is_known:
        load_vocabularies(features, folder)
    else:
        _learn(source, features, share, cache, sums_of_files(source, TRAIN, checksums))
        if folder is not None:
            save_vocabularies(features, folder)
    return checksums


def sums_of_files(source: Any, split: str, checksums: Mapping[str, Mapping[str, str]]) -> list[str]:
    """SHA-256 of each file of a split, in the order of reading: a file that is named twice is read twice."""
    return [checksums[split][str(file)] for file in source.files(split)]


def save_vocabularies(features: Mapping[str, Any], folder: Path) -> None:
    """Writes a file for each field, all or none."""

    def write(fresh: Path) -> None:
        fresh.mkdir(parents=True)
        for name, feature in features.items():
            feature.save(fresh / f"{name}.txt")

    write_whole(Path(folder), write)


def load_vocabularies(features: Mapping[str, Any], folder: Path) -> None:
    """Reads what `save_vocabularies` wrote."""
    for name, feature in features.items():
        feature.load(Path(folder) / f"{name}.txt")


def _has_vocabularies(folder: Path, fields: Sequence[str]) -> bool:
    return all((Path(folder) / f"{name}.txt").is_file() for name in fields)


def _learn(source: Any, features: Mapping[str, Any], share: bool, cache: Path, checksums: list[str]) -> None:
    """Learns vocabularies from the training split, or takes them from the cache."""
    groups = [list(features)] if share else [[name] for name in features]
    for group in groups:
        first = features[group[0]]
        read = {"files": checksums, "source": source.options(TRAIN)}
        places = [list(features).index(name) for name in group]
        if beside := first.files(source.folders) if hasattr(first, "files") else []:
            read["beside"] = list(map(checksum, beside))
        path = cache / "vocabularies" / f"{key_of(**read, feature=first.options, places=places)}.txt"
        if path.is_file():
            first.load(path)
        else:
            first.learn(example[place] for example in source.read(TRAIN) for place in places)
            with writing_to(path.parent):
                first.save(path)
        for name in group[1:]:
            features[name].load(path)


def _place_of(value: str, source: Any, split: str) -> str:
    """Where a value first stands in a split."""
    return next((row.place for row in source.rows(split) if value in row.texts), split)


def _texts(source: Any, split: str, rows: np.ndarray) -> Iterator[tuple[str, ...]]:
    return rows_of(source.read(split), rows)


def _kept(tokens: Tokens, features: Mapping[str, Any], *, is_training: bool) -> np.ndarray:
    """The rows of a split that are used."""
    columns = tokens.columns
    rows = np.arange(next(iter(columns.values())).num_examples, dtype=np.uint32)
    for name, feature in features.items():
        if is_training and feature.max_length is not None:
            rows = rows[columns[name].lengths(rows) <= feature.max_length]
    if not len(rows):
        limits = ", ".join(
            f"{name}: {feature.max_length}" for name, feature in features.items() if feature.max_length
        )
        message = f"no training example is within `max_length` ({limits})"
        raise data_error(message, fix="raise `max_length`, or use a tokenizer with longer tokens")
    return rows


def _counts(tokens: Tokens, rows: np.ndarray) -> dict[str, int]:
    examples = next(iter(tokens.columns.values())).num_examples
    lost = {"dropped_too_long": examples - len(rows), "skipped_bad_lines": tokens.skipped}
    return {"read": examples + tokens.skipped, "kept": len(rows), **lost}
