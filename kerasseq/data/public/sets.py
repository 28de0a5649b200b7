"""The table of public data sets, and how one of them gets into a folder."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kerasseq.data.cache_folder import alone_in
from kerasseq.data.faults import data_error
from kerasseq.data.public.download import download
from kerasseq.data.public.unpack import gunzip, unpack
from kerasseq.errors import did_you_mean
from kerasseq.run_folder import write_json, write_whole

TABLE = Path(__file__).with_name("sets.json")
DOWNLOADS = ".downloads"
BLOCK = 2**20
ALGORITHMS = ("sha256", "md5")


@dataclass(frozen=True)
class PublicFile:
    """A file of a public data set.

    Args:
        addresses: Where it is; the next one is tried where one does not answer.
        to: Where it goes below the set's folder. With a slash at the end it is an archive, unpacked into that
            folder; with nothing, an archive whose entries go beside the other files. A .gz is unpacked where
            this does not end in .gz.
        checksum: Its algorithm and value, of the file as it lies there or of the archive; nothing where none
            was published.
        unpacking: Arguments of `unpack`.
    """

    addresses: tuple[str, ...]
    to: str
    checksum: tuple[str, str] | None
    unpacking: Mapping[str, Any]

    @property
    def is_archive(self) -> bool:
        return not self.to or self.to.endswith("/")


@dataclass(frozen=True)
class PublicSet:
    """A public data set.

    Args:
        name: What the commands call it.
        title: What it is, in a line.
        licence: What its makers allow.
        homepage: Where more is said.
        folder: What recipes call its folder.
        files: What it is made of.
        megabytes: About how much is fetched; 0 where that is not known.
        note: What else there is to know.
        finish: The name of what makes it readable in the end, in `finish.FINISHERS`.
    """

    name: str
    title: str
    licence: str
    homepage: str
    folder: str
    files: tuple[PublicFile, ...]
    megabytes: float = 0
    note: str = ""
    finish: str = ""


@cache
def public_sets() -> Mapping[str, PublicSet]:
    """Every public data set by its name."""
    table = json.loads(TABLE.read_text("utf-8"))
    return MappingProxyType({name: _set_of(name, entry) for name, entry in sorted(table.items())})


def paths_in_recipes(name: str) -> list[str]:
    """How recipes that read a set begin its paths: with its folder, or its files in a folder of several."""
    wanted = public_sets()[name]
    is_alone = sum(one.folder == wanted.folder for one in public_sets().values()) == 1
    return [f"{wanted.folder}/{'' if is_alone else file.to}" for file in wanted.files]


def fetch(name: str, out: Path) -> Path:
    """Fetches a public data set into `out`, which is what `--data` then takes.

    What is there is not fetched again, and what was interrupted goes on where it stopped. A record,
    `.NAME.json`, keeps where each file came from and its SHA-256.

    Args:
        name: One of `public_sets()`.
        out: The folder of data sets.
    Returns:
        The set's folder.
    Raises:
        DataError: If there is none of that name, it cannot be fetched, or it is not what was published.
    """
    known = public_sets()
    if name not in known:
        message = f"There is no public data set '{name}'"
        raise data_error(message, allowed=tuple(known), fix=did_you_mean(name, known))
    wanted = known[name]
    folder, downloads = Path(out) / wanted.folder, Path(out) / DOWNLOADS / name
    record = folder / f".{name}.json"
    if record.exists():
        return folder
    try:
        with alone_in(downloads):
            if not record.exists():  # else another process has fetched it meanwhile
                _fetch(wanted, folder, downloads, record)
        shutil.rmtree(downloads, ignore_errors=True)
        with suppress(OSError):  # other sets are being fetched
            downloads.parent.rmdir()
    except OSError as error:
        fix = "give another folder with --out"
        message = f"cannot be written: {error.strerror or error}"
        raise data_error(message, place=error.filename or folder, fix=fix) from error
    return folder


def _fetch(wanted: PublicSet, folder: Path, downloads: Path, record: Path) -> None:
    sys.stderr.write(f"{wanted.title}\nlicence: {wanted.licence}\nfrom: {wanted.homepage}\n")
    sums = {file.addresses[0]: _place(file, folder, downloads) for file in wanted.files}
    if wanted.finish:
        from kerasseq.data.public.finish import FINISHERS

        FINISHERS[wanted.finish](folder)
    about = {"name": wanted.name, "licence": wanted.licence, "homepage": wanted.homepage}
    write_json(record, {**about, "sha256": sums})
    if wanted.note:
        sys.stderr.write(f"note: {wanted.note}\n")


def _place(file: PublicFile, folder: Path, downloads: Path) -> str:
    """Brings one file where it belongs; its SHA-256, or that of its archive."""
    target = folder / file.to
    if file.is_archive:
        return _place_archive(file, target, downloads)
    if target.exists():
        return _checked(target, file.checksum, fix="move it away, and run the same command again")
    fetched = downloads / file.to
    download(file.addresses, _packed(file, fetched))
    if _packed(file, fetched) != fetched:
        write_whole(fetched, lambda fresh: gunzip(_packed(file, fetched), fresh))
    found = _checked(fetched, file.checksum, is_ours=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(fetched, target)
    return found


def _packed(file: PublicFile, fetched: Path) -> Path:
    """What a file is fetched as."""
    is_packed = file.addresses[0].endswith(".gz") and not file.to.endswith(".gz")
    return fetched.with_name(f"{fetched.name}.gz") if is_packed else fetched


def _place_archive(file: PublicFile, target: Path, downloads: Path) -> str:
    archive = downloads / file.addresses[0].rpartition("/")[2]
    done = downloads / f"{archive.name}.sha256"
    if done.exists():  # unpacked by a call that was interrupted later
        return done.read_text("utf-8")
    download(file.addresses, archive)
    found = _checked(archive, file.checksum, is_ours=True)
    unpacked = downloads / f"{archive.name}.unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    unpack(archive, unpacked, **file.unpacking)
    if file.to:
        write_whole(target, lambda fresh: os.replace(unpacked, fresh))
    else:
        target.mkdir(parents=True, exist_ok=True)
        for entry in sorted(unpacked.iterdir()):
            write_whole(target / entry.name, lambda fresh, entry=entry: os.replace(entry, fresh))
    done.write_text(found, "utf-8")
    archive.unlink()
    return found


def _checked(path: Path, checksum: tuple[str, str] | None, *, is_ours: bool = False, fix: str = "") -> str:
    """SHA-256 of a file that is what was published; a file of ours that is not is removed."""
    algorithm, expected = checksum or ("sha256", None)
    found = _sum(path, algorithm)
    if expected is not None and found != expected:
        if is_ours:
            path.unlink()
            fix = (
                "run the same command again; if that does not help, the file has changed where it comes from"
            )
        message = f"is not the file that was published: its {algorithm} is {found}, not {expected}"
        raise data_error(message, place=path, fix=fix)
    in_full = found if algorithm == "sha256" else _sum(path, "sha256")
    if expected is None:
        sys.stderr.write(f"{path.name}  no checksum was published; its SHA-256 is {in_full}\n")
    return in_full


def _sum(path: Path, algorithm: str) -> str:
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _set_of(name: str, entry: dict[str, Any]) -> PublicSet:
    rest = dict(entry)
    base = rest.pop("base", "")
    files = tuple(_file_of(file, base) for file in rest.pop("files"))
    return PublicSet(**{"name": name, "folder": name, "files": files, **rest})


def _file_of(entry: dict[str, Any], base: str) -> PublicFile:
    rest = dict(entry)
    given = rest.pop("address")
    addresses = tuple(f"{base}{one}" for one in ([given] if isinstance(given, str) else given))
    found = [(algorithm, rest.pop(algorithm)) for algorithm in ALGORITHMS if algorithm in rest]
    return PublicFile(addresses, rest.pop("to"), found[0] if found else None, rest)
