import gzip
import io
import shutil
import stat
import tarfile
import zipfile

import pytest

from kerasseq.data.public.unpack import gunzip, unpack
from kerasseq.errors import DataError

FILES = {"set-1/a.txt": b"a", "set-1/sub/b.txt": b"bb", "set-1/sub/c.bin": b"c", "set-1/sub/.hidden": b"d"}


def make_zip(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def make_tar(path, files, mode="w:gz"):
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def unpacked(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


make_each = pytest.mark.parametrize("make", [make_zip, make_tar])


@make_each
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"set-1/a.txt": b"a", "set-1/sub/b.txt": b"bb", "set-1/sub/c.bin": b"c"}),
        ({"strip": 1}, {"a.txt": b"a", "sub/b.txt": b"bb", "sub/c.bin": b"c"}),
        ({"take": ["*.txt"], "flat": True}, {"a.txt": b"a", "b.txt": b"bb"}),
        ({"take": ["set-1/sub/*.bin", "set-1/a*"], "strip": 1}, {"a.txt": b"a", "sub/c.bin": b"c"}),
    ],
)
def test_what_is_asked_for_is_unpacked(tmp_path, make, options, expected):
    unpack(make(tmp_path / "archive", FILES), tmp_path / "new" / "out", **options)
    assert unpacked(tmp_path / "new" / "out") == expected


@make_each
@pytest.mark.parametrize(
    "name", ["../evil.txt", "a/../../evil.txt", "/evil.txt", "a\\..\\evil.txt", "C:/evil.txt"]
)
@pytest.mark.parametrize("take", [["*"], ["good.txt"]])
def test_a_path_that_leaves_the_folder_is_refused(tmp_path, make, name, take):
    archive = make(tmp_path / "archive", {"good.txt": b"good", name: b"evil"})
    with pytest.raises(DataError) as caught:
        unpack(archive, tmp_path / "out", take=take)
    assert str(caught.value) == f"{archive}: has an entry outside of its folder: {name}"
    assert [path.name for path in tmp_path.iterdir()] == ["archive"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_a_link_or_a_device_in_a_tar_is_refused(tmp_path, kind):
    with tarfile.open(tmp_path / "archive", "w") as archive:
        entry = tarfile.TarInfo("link")
        entry.type, entry.linkname = kind, "/etc/passwd"
        archive.addfile(entry)
    with pytest.raises(DataError, match="has a link or a device: link"):
        unpack(tmp_path / "archive", tmp_path / "out")


def test_a_link_in_a_zip_is_refused(tmp_path):
    entry = zipfile.ZipInfo("link")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    make_zip(tmp_path / "archive", {entry: "/etc/passwd"})
    with pytest.raises(DataError, match="has a link or a device: link"):
        unpack(tmp_path / "archive", tmp_path / "out")


@make_each
def test_two_files_of_one_name_are_refused(tmp_path, make):
    archive = make(tmp_path / "archive", {"a/x.txt": b"a", "b/x.txt": b"b"})
    with pytest.raises(DataError, match="has no place for the entry b/x.txt"):
        unpack(archive, tmp_path / "out", flat=True)
    with pytest.raises(DataError, match="has no place for the entry a/x.txt"):
        unpack(archive, tmp_path / "other", strip=2)


@make_each
def test_an_archive_of_something_else_is_told(tmp_path, make):
    archive = make(tmp_path / "archive", FILES)
    with pytest.raises(DataError) as caught:
        unpack(archive, tmp_path / "out", take=["*.wav", "*.flac"])
    assert str(caught.value) == f"{archive}: has nothing of *.wav, *.flac"


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 broken", b"\x1f\x8b broken"])
def test_a_damaged_archive_is_told(tmp_path, content):
    (tmp_path / "archive").write_bytes(content)
    with pytest.raises(DataError) as caught:
        unpack(tmp_path / "archive", tmp_path / "out")
    assert str(caught.value).startswith(f"{tmp_path / 'archive'}: is damaged: ")
    assert str(caught.value).endswith("fix: remove it, and run the same command again")


@make_each
def test_an_archive_that_is_cut_off_is_told(tmp_path, make):
    noise = {f"{number}.bin": gzip.compress(bytes([number]) * 999) for number in range(200)}
    archive = make(tmp_path / "archive", noise)
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(DataError, match="is damaged"):
        unpack(archive, tmp_path / "out")


@make_each
def test_a_full_disk_is_told_before(tmp_path, make, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: _usage(3))
    with pytest.raises(DataError, match="needs 0.0 MB and has 0.0 MB free"):
        unpack(make(tmp_path / "archive", FILES), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def _usage(free):
    return type("Usage", (), {"free": free})


def test_gzip(tmp_path):
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"text"))
    gunzip(tmp_path / "a.gz", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"text"
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"text")[:-4])
    with pytest.raises(DataError, match="a.gz: is damaged"):
        gunzip(tmp_path / "a.gz", tmp_path / "a")
