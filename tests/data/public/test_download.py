import shutil
import sys

import pytest

from kerasseq.data.public.download import Progress, check_room, download
from kerasseq.errors import DataError

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def target(tmp_path, server):
    server.content["/a.bin"] = CONTENT
    return tmp_path / "new" / "a.bin"


def test_a_file_comes_whole_and_once(server, target, capsys):
    download([f"{server.address}/a.bin"], target)
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == ["a.bin"]
    assert capsys.readouterr().err == "a.bin  0.0 MB of 0.0 MB\n"
    download([f"{server.address}/a.bin"], target)
    assert server.asked == [("/a.bin", None)]


def test_a_connection_that_ends_is_gone_on_with(server, target):
    server.breaks = [1000, 500, 2000]
    download([f"{server.address}/a.bin"], target)
    assert target.read_bytes() == CONTENT
    assert [given for _, given in server.asked] == [None, "bytes=1000-", "bytes=1500-", "bytes=3500-"]


def test_another_call_goes_on_where_the_last_one_stopped(server, target):
    server.breaks = [1000, 0, 0]
    with pytest.raises(DataError) as caught:
        download([f"{server.address}/a.bin"], target)
    address = f"{server.address}/a.bin"
    assert str(caught.value) == (
        "a.bin: could not be fetched\n"
        f"  tried: {address}: the connection ended after 0.0 MB of 0.0 MB\n"
        f"  fix: run the same command again, which goes on where it stopped; or put the file there: {target}"
    )
    assert not target.exists()
    server.asked.clear()
    download([address], target)
    assert server.asked == [("/a.bin", "bytes=1000-")]
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == ["a.bin"]


@pytest.mark.parametrize("lacking", ["ETag", "Range"])
def test_a_server_that_cannot_go_on_begins_again(server, target, lacking):
    server.without = {lacking}
    server.breaks = [1000]
    download([f"{server.address}/a.bin"], target)
    assert target.read_bytes() == CONTENT


def test_a_file_that_changed_meanwhile_is_begun_again(server, target):
    server.breaks = [1000, 0, 0]
    with pytest.raises(DataError):
        download([f"{server.address}/a.bin"], target)
    server.content["/a.bin"] = CONTENT[::-1]
    download([f"{server.address}/a.bin"], target)
    assert target.read_bytes() == CONTENT[::-1]


def test_a_part_that_is_longer_than_the_file_is_begun_again(server, target):
    server.breaks = [1000, 0, 0]
    with pytest.raises(DataError):
        download([f"{server.address}/a.bin"], target)
    part = target.with_name("a.bin.part")
    part.write_bytes(CONTENT * 2)
    download([f"{server.address}/a.bin"], target)
    assert target.read_bytes() == CONTENT


def test_a_length_that_is_not_told_is_not_needed(server, target, capsys):
    server.without = {"Content-Length"}
    download([f"{server.address}/a.bin"], target)
    assert target.read_bytes() == CONTENT
    assert capsys.readouterr().err == "a.bin  0.0 MB\n"


def test_the_next_address_is_tried(server, target):
    download([f"{server.address}/none", f"{server.address}/a.bin"], target)
    assert target.read_bytes() == CONTENT
    assert server.asked == [("/none", None), ("/a.bin", None)]


def test_where_nothing_answers_each_reason_is_told(server, target):
    addresses = [f"{server.address}/none", "http://127.0.0.1:9/a.bin"]
    with pytest.raises(DataError) as caught:
        download(addresses, target)
    lines = str(caught.value).splitlines()
    assert lines[1] == f"  tried: {addresses[0]}: HTTP 404 Not Found"
    assert lines[2].startswith(f"  tried: {addresses[1]}: ") and "refused" in lines[2]


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://127.0.0.1/a", "a.bin"])
def test_other_addresses_are_refused(target, address):
    with pytest.raises(DataError, match="is no address of a file on the network"):
        download([address], target)


def test_a_full_disk_is_told_before(server, target, monkeypatch):
    usage = type(shutil.disk_usage("/"))(10, 10, 5_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(DataError) as caught:
        download([f"{server.address}/a.bin"], target)
    assert str(caught.value) == (
        f"{target.parent}: needs 0.0 MB and has 0.0 MB free\n"
        "  fix: make room, or give another folder with --out"
    )
    check_room(target.parent, 5_000)


def test_who_watches_sees_it_coming(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with Progress("a.bin", 4_000_000) as progress:
        progress.show(1_500_000)
        progress.show(1_500_001)  # too soon after
        progress.show(4_000_000)
    shown = capsys.readouterr().err
    assert shown == "\ra.bin  1.5 MB of 4.0 MB\ra.bin  4.0 MB of 4.0 MB\n"
