"""Archives, unpacked into one folder and nowhere else."""

from __future__ import annotations

import fnmatch
import gzip
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from kerasseq.data.faults import data_error
from kerasseq.data.public.download import check_room

BLOCK = 2**20
BROKEN = (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError)


class Member(NamedTuple):
    """An entry of an archive.

    path: As it stands there.
    size: Bytes of a file.
    is_file: Neither a folder nor anything else.
    is_folder: It has nothing in itself.
    """

    path: str
    size: int
    is_file: bool
    is_folder: bool


def unpack(
    archive: Path, folder: Path, *, take: Sequence[str] = ("*",), strip: int = 0, flat: bool = False
) -> None:
    """Unpacks files of a zip or tar archive into a new folder.

    Args:
        archive: Told by its content.
        folder: It must not exist.
        take: Patterns of the paths to unpack, `*` standing for any characters; hidden files are left out.
        strip: How many folders to leave out at the start of each path.
        flat: Leave all of them out.
    Raises:
        DataError: If an entry would lie outside `folder`, is a link or a device, or stands there twice; if
            nothing matches, the archive is damaged, or there is no room.
    """
    with _damage_told(archive), _opened(archive) as (members, read):
        taken = [member for member in members if _is_wanted(archive, member, take)]
        if not taken:
            raise data_error(f"has nothing of {', '.join(take)}", place=archive)
        folder.parent.mkdir(parents=True, exist_ok=True)
        check_room(folder.parent, sum(member.size for member in taken))
        folder.mkdir()
        for member in taken:
            parts = PurePosixPath(member.path).parts
            target = folder.joinpath(*(parts[-1:] if flat else parts[strip:]))
            if target.exists() or target == folder:
                raise data_error(f"has no place for the entry {member.path}", place=archive)
            target.parent.mkdir(parents=True, exist_ok=True)
            with read(member.path) as source, target.open("wb") as file:
                shutil.copyfileobj(source, file)


def gunzip(file: Path, target: Path) -> None:
    """Writes what a gzip file holds.

    Raises:
        DataError: If it is damaged.
    """
    with _damage_told(file), gzip.open(file) as source, target.open("wb") as out:
        shutil.copyfileobj(source, out)


@contextmanager
def _damage_told(archive: Path) -> Iterator[None]:
    try:
        yield
    except BROKEN as error:
        fix = "remove it, and run the same command again"
        raise data_error(f"is damaged: {error}", place=archive, fix=fix) from error


@contextmanager
def _opened(archive: Path) -> Iterator[tuple[list[Member], object]]:
    """The members, and a function that opens one by its path."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            yield [_of_zip(entry) for entry in opened.infolist()], opened.open
    else:
        with tarfile.open(archive) as opened:
            by_path = {entry.name: entry for entry in opened}
            while opened.fileobj.read(BLOCK):  # tells where the end is missing, which tarfile does not
                pass
            members = [Member(path, one.size, one.isreg(), one.isdir()) for path, one in by_path.items()]

            def read(path: str) -> IO[bytes]:
                return opened.extractfile(by_path[path])

            yield members, read


def _of_zip(entry: zipfile.ZipInfo) -> Member:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    is_file = not entry.is_dir() and kind in (0, stat.S_IFREG)
    return Member(entry.filename, entry.file_size, is_file, entry.is_dir())


def _is_wanted(archive: Path, member: Member, take: Sequence[str]) -> bool:
    """Whether an entry is to be unpacked; every entry is checked, also those that are not."""
    path = PurePosixPath(member.path)
    if path.is_absolute() or ".." in path.parts or "\\" in member.path or ":" in member.path.split("/")[0]:
        raise data_error(f"has an entry outside of its folder: {member.path}", place=archive)
    if not member.is_file and not member.is_folder:
        raise data_error(f"has a link or a device: {member.path}", place=archive)
    is_hidden = any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
    return member.is_file and not is_hidden and any(fnmatch.fnmatch(member.path, one) for one in take)
