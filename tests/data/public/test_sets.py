import gzip
import hashlib
import io
import json
import wave
import zipfile

import numpy as np
import pytest

from kerasseq.data.public import sets
from kerasseq.data.public.finish import FINISHERS, an4, flickr8k_1000, write_wav
from kerasseq.data.public.sets import TABLE, fetch, public_sets
from kerasseq.errors import DataError
from kerasseq.shipped import shipped_recipes

TRAIN, TEST = b"a\tx\n" * 300, b"b\ty\n"


def _sha256(content):
    return hashlib.sha256(content).hexdigest()


def _zip(files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


@pytest.fixture
def offered(server, tmp_path, monkeypatch):
    """A table with one set of every kind of file, on a server of this machine."""
    monkeypatch.setattr(sets, "TABLE", tmp_path / "sets.json")
    public_sets.cache_clear()

    def offer(*, files, content, **more):
        server.content = {f"/{name}": value for name, value in content.items()}
        about = {"title": "Pairs", "licence": "free", "homepage": "http://here", "base": f"{server.address}/"}
        (tmp_path / "sets.json").write_text(json.dumps({"pairs": {**about, "files": files, **more}}))
        public_sets.cache_clear()
        return tmp_path / "data"

    yield offer
    public_sets.cache_clear()


def _below(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_every_kind_of_file_lands_where_recipes_read_it(offered, server, capsys):
    archive = _zip({"top/a.wav": b"a", "top/b.wav": b"b", "top/readme": b"r", "top/sub/c.wav": b"c"})
    out = offered(
        files=[
            {"address": "train.tsv", "to": "train.tsv", "sha256": _sha256(TRAIN)},
            {"address": "raw/test.tsv.gz", "to": "parts/test.tsv", "md5": hashlib.md5(TEST).hexdigest()},
            {"address": "kept.gz", "to": "kept.gz"},
            {
                "address": "a.zip",
                "to": "recordings/",
                "take": ["*.wav"],
                "flat": True,
                "sha256": _sha256(archive),
            },
            {"address": ["none.zip", "b.zip"], "to": "", "take": ["top/*"], "strip": 1},
        ],
        content={
            "train.tsv": TRAIN,
            "raw/test.tsv.gz": gzip.compress(TEST),
            "kept.gz": gzip.compress(b"k", mtime=0),
            "a.zip": archive,
            "b.zip": archive,
        },
        folder="of_pairs",
    )
    assert fetch("pairs", out) == out / "of_pairs"
    found = _below(out)
    record = json.loads(found.pop("of_pairs/.pairs.json"))
    assert found == {
        "of_pairs/train.tsv": TRAIN,
        "of_pairs/parts/test.tsv": TEST,
        "of_pairs/kept.gz": gzip.compress(b"k", mtime=0),
        **{f"of_pairs/recordings/{name}.wav": name.encode() for name in "abc"},
        "of_pairs/a.wav": b"a",
        "of_pairs/b.wav": b"b",
        "of_pairs/readme": b"r",
        "of_pairs/sub/c.wav": b"c",
    }
    assert record["licence"] == "free"
    assert record["sha256"][f"{server.address}/a.zip"] == _sha256(archive)
    assert record["sha256"][f"{server.address}/raw/test.tsv.gz"] == _sha256(TEST)
    said = capsys.readouterr().err
    assert said.startswith("Pairs\nlicence: free\nfrom: http://here\n")
    assert f"b.zip  no checksum was published; its SHA-256 is {_sha256(archive)}\n" not in said
    assert f"none.zip  no checksum was published; its SHA-256 is {_sha256(archive)}\n" in said
    server.asked.clear()
    assert fetch("pairs", out) == out / "of_pairs"
    assert server.asked == []


def test_what_was_interrupted_goes_on(offered, server):
    archive = _zip({f"{number}.txt": bytes(99) for number in range(20)})
    out = offered(
        files=[{"address": "a.zip", "to": "texts/"}, {"address": "train.tsv", "to": "train.tsv"}],
        content={"a.zip": archive, "train.tsv": TRAIN},
    )
    server.breaks = [None, 400, 0, 0]
    with pytest.raises(DataError, match=r"train.tsv: could not be fetched"):
        fetch("pairs", out)
    assert not (out / "pairs" / ".pairs.json").exists()
    server.asked.clear()
    fetch("pairs", out)
    assert server.asked == [("/train.tsv", "bytes=400-")]
    assert (out / "pairs" / "train.tsv").read_bytes() == TRAIN
    assert len(list((out / "pairs" / "texts").iterdir())) == 20


@pytest.mark.parametrize("to", ["train.tsv", "texts/"])
def test_another_file_than_was_published_is_refused(offered, to):
    content = _zip({"a.txt": b"a"})
    files = [{"address": "a", "to": to, "sha256": _sha256(b"other")}]
    out = offered(files=files, content={"a": content})
    with pytest.raises(DataError) as caught:
        fetch("pairs", out)
    assert f"its sha256 is {_sha256(content)}, not {_sha256(b'other')}" in str(caught.value)
    assert "fix: run the same command again" in str(caught.value)
    assert _below(out) == {} or all("mark" in name for name in _below(out))


def test_a_file_that_is_there_is_checked_and_left(offered, server):
    files = [{"address": "train.tsv", "to": "train.tsv", "sha256": _sha256(TRAIN)}]
    out = offered(files=files, content={"train.tsv": TRAIN})
    (out / "pairs").mkdir(parents=True)
    (out / "pairs" / "train.tsv").write_bytes(b"mine")
    with pytest.raises(DataError, match="fix: move it away, and run the same command again"):
        fetch("pairs", out)
    assert (out / "pairs" / "train.tsv").read_bytes() == b"mine"
    (out / "pairs" / "train.tsv").write_bytes(TRAIN)
    fetch("pairs", out)
    assert server.asked == []


def test_a_name_that_there_is_not(tmp_path):
    with pytest.raises(DataError) as caught:
        fetch("pbt", tmp_path)
    assert str(caught.value).startswith(
        "There is no public data set 'pbt'\n  allowed: ag-news, airline, an4, "
    )
    assert str(caught.value).endswith("fix: did you mean 'ptb'?")


def test_a_folder_that_cannot_be_written(offered, tmp_path):
    out = offered(files=[{"address": "train.tsv", "to": "train.tsv"}], content={"train.tsv": TRAIN})
    out.write_text("a file")
    with pytest.raises(DataError) as caught:
        fetch("pairs", out)
    assert "cannot be written: " in str(caught.value)
    assert str(caught.value).endswith("fix: give another folder with --out")


def test_the_table_is_whole():
    public_sets.cache_clear()
    table = public_sets()
    assert len(table) == 25
    assert list(json.loads(TABLE.read_text("utf-8"))) == list(table)
    for name, one in table.items():
        assert one.title and one.licence and one.homepage.startswith("http"), name
        assert not one.finish or one.finish in FINISHERS
        places = [(file.addresses, file.to) for file in one.files]
        assert len({to for _, to in places if to}) == len([to for _, to in places if to])
        for file in one.files:
            assert all(
                address.startswith(("https://", "http://www.speech.cs.cmu.edu/"))
                for address in file.addresses
            )
            assert ".." not in file.to and not file.to.startswith("/")
            assert set(file.unpacking) <= {"take", "strip", "flat"} and (
                file.is_archive or not file.unpacking
            )
            if file.checksum:
                algorithm, value = file.checksum
                assert len(value) == hashlib.new(algorithm, usedforsecurity=False).digest_size * 2


def test_what_benchmark_recipes_read_can_be_fetched():
    folders = {one.folder for one in public_sets().values()}
    for name, path in shipped_recipes().items():
        text = path.read_text("utf-8")
        if name.startswith("benchmarks/") and "--data DIR" in text and "\nbase: " not in text:
            assert any(f"{folder}/" in text for folder in folders), name


def _sphere(samples, *, order="01", rate=16000):
    header = f"NIST_1A\n   1024\nsample_rate -i {rate}\nchannel_count -i 1\nsample_n_bytes -i 2\n"
    header += f"sample_byte_format -s2 {order}\nsample_coding -s3 pcm\nend_head\n"
    dtype = ">i2" if order == "10" else "<i2"
    return header.encode().ljust(1024) + np.array(samples, dtype).tobytes()


@pytest.mark.parametrize("order", ["01", "10"])
def test_a_sphere_file_becomes_a_wav_file(tmp_path, order):
    (tmp_path / "a.sph").write_bytes(_sphere([1, -2, 300, -32768], order=order))
    write_wav(tmp_path / "a.sph", tmp_path / "new" / "a.wav")
    with wave.open(str(tmp_path / "new" / "a.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16000, 1, 2)
        assert np.frombuffer(file.readframes(9), "<i2").tolist() == [1, -2, 300, -32768]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"RIFF", "is no NIST SPHERE file"),
        (_sphere([1]).replace(b"s3 pcm", b"s4 ulaw"), "is not of 16-bit PCM"),
    ],
)
def test_another_recording_is_refused(tmp_path, content, message):
    (tmp_path / "a.sph").write_bytes(content)
    with pytest.raises(DataError, match=message):
        write_wav(tmp_path / "a.sph", tmp_path / "a.wav")


def test_an4_becomes_wav_files_and_two_tables(tmp_path):
    for part, names in (
        ("an4_clstk/fash", ["an1-fash-b", "an2-fash-b"]),
        ("an4test_clstk/mmxg", ["an9-mmxg-b"]),
    ):
        folder = tmp_path / "sphere" / "wav" / part
        folder.mkdir(parents=True)
        for name in names:
            (folder / f"{name}.sph").write_bytes(_sphere([5, 6]))
    (tmp_path / "sphere" / "etc").mkdir()
    texts = {"train": "<s> YES </s> (an1-fash-b)\n<s> H I </s> (an2-fash-b)\n", "test": "GO (an9-mmxg-b)\n"}
    for split, text in texts.items():
        (tmp_path / "sphere" / "etc" / f"an4_{split}.transcription").write_text(text)
    an4(tmp_path)
    assert (tmp_path / "train.csv").read_text() == (
        "wav_filename,transcript\n"
        "wav/an4_clstk/fash/an1-fash-b.wav,YES\n"
        "wav/an4_clstk/fash/an2-fash-b.wav,H I\n"
    )
    assert (tmp_path / "test.csv").read_text().endswith("\nwav/an4test_clstk/mmxg/an9-mmxg-b.wav,GO\n")
    assert (tmp_path / "wav/an4test_clstk/mmxg/an9-mmxg-b.wav").is_file()
    assert not (tmp_path / "sphere").exists()


def test_the_lists_of_the_small_flickr8k(tmp_path):
    (tmp_path / "Images").mkdir()
    for name in ("a.jpg", "b.jpg", "c.jpg", "d.jpg"):
        (tmp_path / "Images" / name).write_bytes(b"")
    lists = {"train": "b.jpg\nx.jpg\na.jpg\n", "dev": "y.jpg\n", "test": "c.jpg\nz.jpg\n"}
    for split, names in lists.items():
        (tmp_path / f"Flickr_8k.{split}Images.txt").write_text(names)
    flickr8k_1000(tmp_path)
    found = {path.name.split(".")[1]: path.read_text() for path in tmp_path.glob("subset.*.txt")}
    assert found == {
        "trainImages": "b.jpg\na.jpg\n", "devImages": "", "testImages": "c.jpg\n", "noSplitImages": "d.jpg\n",
    }  # fmt: skip
