"""Pictures and their captions in every layout, split by picture."""

import json

import pytest

from kerasseq.data.prepare import prepare_data
from kerasseq.data.sources.captions import Captions
from kerasseq.errors import DataError

SAID = {
    "a.jpg": ["A dog runs .", "A brown dog , running"],
    "b.jpg": ["Two boys", "Boys play"],
    "c.jpg": ["A man", 'He "waits"'],
}
SPLITS = {"train": ["a.jpg", "c.jpg"], "validation": ["b.jpg"]}


def write_tokens(folder):
    lines = [f"{name}#{number}\t{text}" for name, texts in SAID.items() for number, text in enumerate(texts)]
    (folder / "Flickr8k.token.txt").write_text("\n".join(lines) + "\n", "utf-8")
    return "Flickr8k.token.txt"


def write_kaggle(folder):
    rows = ["image,caption"]
    for name, texts in SAID.items():
        for text in texts:
            quoted = '"' + text.replace('"', '""') + '"' if set(text) & set(',"') else text
            rows.append(f"{name},{quoted}")
    (folder / "captions.txt").write_text("\n".join(rows) + "\n", "utf-8")
    return "captions.txt"


def write_karpathy(folder, marks=None):
    marks = marks or {"a.jpg": "train", "b.jpg": "val", "c.jpg": "restval"}
    images = [
        {
            "filepath": "deep",
            "filename": name,
            "split": marks[name],
            "sentences": [{"raw": text} for text in texts],
        }
        for name, texts in SAID.items()
    ]
    (folder / "dataset.json").write_text(json.dumps({"images": images}), "utf-8")
    return "dataset.json"


def write_coco(folder, names=tuple(SAID), to="coco.json"):
    images = [{"id": number, "file_name": name} for number, name in enumerate(names)]
    annotations = [
        {
            "id": 10 * image["id"] + number,
            "image_id": image["id"],
            "caption": SAID[image["file_name"]][number],
        }
        for number in range(2)
        for image in reversed(images)
    ]
    (folder / to).write_text(json.dumps({"images": images, "annotations": annotations}), "utf-8")
    return to


@pytest.fixture
def folder(tmp_path):
    """Three pictures, a list of names for each split, and nothing that says what is in them."""
    (tmp_path / "Images").mkdir()
    for name in SAID:
        (tmp_path / "Images" / name).write_bytes(name.encode())
    for split, names in SPLITS.items():
        (tmp_path / f"{split}.txt").write_text("\n".join(names) + "\n", "utf-8")
    return tmp_path


def source(folder, **options):
    return Captions(images="Images", folders=[folder], **options)


def read(made, split):
    return [(path.rsplit("/", 1)[-1], text) for path, text in made.read(split)]


def pairs(split):
    return [(name, text) for name in SPLITS[split] for text in SAID[name]]


@pytest.mark.parametrize("write", [write_tokens, write_kaggle, write_karpathy, write_coco])
def test_every_layout_reads_the_same(folder, write):
    made = source(folder, captions=write(folder), train="train.txt", validation="validation.txt")
    assert made.is_grouped and made.splits == ("train", "validation")
    for split in made.splits:
        assert sorted(read(made, split)) == sorted(pairs(split))
        names = [name for name, _ in read(made, split)]
        assert names == sorted(names)  # the captions of a picture stand together
    assert [path.name for path in made.files("train")] == [
        write(folder), "train.txt", "Images",
    ]  # fmt: skip


def test_karpathys_splits_are_those_of_the_file(folder):
    made = source(folder, captions=write_karpathy(folder))
    assert made.splits == ("train", "validation")
    assert read(made, "train") == pairs("train") and read(made, "validation") == pairs("validation")
    write_karpathy(folder, {"a.jpg": "train", "b.jpg": "val", "c.jpg": "test"})
    again = source(folder, captions="dataset.json")
    assert again.splits == ("train", "validation", "test")
    assert [name for name, _ in read(again, "test")] == ["c.jpg"] * 2
    write_karpathy(folder, {"a.jpg": "train", "b.jpg": "val", "c.jpg": "dev"})
    with pytest.raises(
        DataError, match="the split of deep/c.jpg is 'dev'\n  allowed: train, restval, val, test"
    ):
        list(source(folder, captions="dataset.json").read("train"))


def test_each_split_may_have_its_own_file(folder):
    write_coco(folder, SPLITS["train"], "train.json")
    write_coco(folder, SPLITS["validation"], "val.json")
    made = source(folder, train="train.json", validation="val.json")
    assert made.splits == ("train", "validation")
    assert sorted(read(made, "train")) == sorted(pairs("train"))
    assert read(made, "validation") == pairs("validation")


def test_shares_part_by_picture_wherever_it_lies(folder, tmp_path_factory):
    many = {f"{number}.jpg": [f"one {number}", f"two {number}"] for number in range(200)}
    for name in many:
        (folder / "Images" / name).touch()
    rows = [f"{name},{text}" for name, texts in many.items() for text in texts]
    (folder / "captions.txt").write_text("\n".join(rows), "utf-8")
    made = source(folder, captions="captions.txt", validation_share=0.2, test_share=0.1)
    assert made.splits == ("train", "validation", "test")
    found = {split: {name for name, _ in read(made, split)} for split in made.splits}
    assert sum(map(len, found.values())) == 200 and set.union(*found.values()) == set(many)
    assert 25 <= len(found["validation"]) <= 55 and 10 <= len(found["test"]) <= 35
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "Images").symlink_to(folder / "Images")
    (elsewhere / "captions.txt").write_text("\n".join(reversed(rows)), "utf-8")
    moved = source(elsewhere, captions="captions.txt", validation_share=0.2, test_share=0.1)
    assert {name for name, _ in read(moved, "test")} == found["test"]
    only = source(folder, captions="captions.txt", validation_share=0.2)
    assert only.splits == ("train", "validation")
    assert made.options("train") != only.options("train") != only.options("validation")


def test_a_missing_picture_is_named_or_skipped(folder):
    (folder / "Images" / "b.jpg").unlink()
    options = {"captions": write_tokens(folder), "train": "validation.txt", "validation": "train.txt"}
    with pytest.raises(
        DataError, match=r"token.txt:3: the picture 'b.jpg' is not in .*Images\n  fix: correct the"
    ):
        list(source(folder, **options).read("train"))
    (folder / "validation.txt").write_text("b.jpg\na.jpg\n", "utf-8")
    skipped = []
    found = list(source(folder, **options, on_bad_line="skip").read("train", on_skip=skipped.append))
    assert len(found) == len(skipped) == 2


def test_a_broken_picture_is_named(folder, tmp_path):
    features = {"image": {"type": "image", "height": 2}}
    given = {
        "type": "captions",
        "captions": write_tokens(folder),
        "images": "Images",
        "validation_share": 0.4,
    }
    with pytest.raises(
        DataError, match=r"token.txt:[135]: the picture .*Images/[abc].jpg is no whole PNG, JPEG"
    ):
        prepare_data(
            source=given,
            features=features,
            fields=("image", "caption"),
            folders=[folder],
            cache_folder=str(tmp_path / "cache"),
        )


def test_a_listed_picture_without_captions_is_named(folder):
    (folder / "train.txt").write_text("a.jpg\nz.jpg\n", "utf-8")
    made = source(folder, captions=write_tokens(folder), train="train.txt", validation="validation.txt")
    with pytest.raises(DataError, match=r"train.txt:2: there are no captions of 'z.jpg'"):
        list(made.read("train"))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "captions.txt",
            "a dog runs\n",
            "captions.txt:1: 'a dog runs' is of no layout of captions\n  allowed: li",
        ),
        ("captions.txt", "a.jpg,A, dog\n", r"captions.txt:1: expected 2 columns \(image, caption\), found 3"),
        ("captions.txt", "a.jpg,one\n\nb.jpg,two\n", "captions.txt:2: the line is empty"),
        (
            "captions.txt",
            "a.jpg#0\tx\na.jpg\ty\n",
            "captions.txt:2: expected a picture's name, #, a number, a tab",
        ),
        ("captions.txt", "a.jpg#0\t \n", "captions.txt:1: the caption is empty"),
        ("captions.txt", "", "holds no examples: "),
        ("c.json", "{", "this is no JSON"),
        ("c.json", "[]", "c.json: it is of no layout of captions\n  allowed: lines"),
        (
            "c.json",
            '{"images": [{"sentences": []}, {}]}',
            "c.json: an entry lacks what its layout has: KeyError",
        ),
        (
            "c.json",
            '{"images": [], "annotations": [{"id": 7, "image_id": 1, "caption": "x"}]}',
            "c.json:annotation 7: there is no image 1",
        ),
    ],
)
def test_what_cannot_be_read_is_told(folder, name, text, message):
    (folder / name).write_text(text, "utf-8")
    with pytest.raises(DataError, match=message):
        list(source(folder, train=name, validation=name).read("train"))


def test_a_file_that_marks_no_splits_needs_them(folder):
    made = source(folder, captions=write_tokens(folder))
    with pytest.raises(
        DataError, match="token.txt: it marks no pictures for validation\n  fix: give `validation`"
    ):
        made.splits  # noqa: B018


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "`captions` or `train` must be given. Received: captions=None, train=None"),
        ({"train": "a"}, "give `validation` or a `validation_share`, one of both"),
        ({"captions": "a", "validation": "b", "validation_share": 0.1}, "`validation_share`, one of both"),
        (
            {"captions": "a", "test": "b", "test_share": 0.1},
            "`test` excludes `test_share`. Received: test='b'",
        ),
        ({"captions": "a", "test_share": 1.5}, "`test_share` must be >= 0 and < 1"),
    ],
)
def test_options_that_contradict_each_other_are_refused(folder, options, message):
    with pytest.raises(ValueError, match=message):
        source(folder, **options)


def test_a_missing_folder_is_told(folder):
    made = Captions(images="Pictures", folders=[folder], train=write_tokens(folder), validation_share=0.5)
    with pytest.raises(DataError, match="`data.source.images` is not there: Pictures"):
        list(made.read("train"))
