import numpy as np
import pytest

from kerasseq.data.faults import UnusableValue
from kerasseq.data.features.tags import TagsFeature
from kerasseq.data.token_cache import Encoder
from kerasseq.errors import DataError

TAGS = ["DET\tNOUN", "VERB", "DET\tADJ\tNOUN"]
SPANS = ["I-PER\tI-PER\tB-PER", "O\tI-LOC"]  # IOB1


@pytest.fixture
def feature():
    made = TagsFeature()
    made.learn(TAGS)
    return made


def test_tags_stand_by_name_behind_padding_and_the_unknown(feature):
    assert feature.vocabulary == ["<pad>", "<unk>", "ADJ", "DET", "NOUN", "VERB"]
    assert feature.vocabulary_size == 6
    assert feature.encode(TAGS).tolist() == [[3, 4, 0], [5, 0, 0], [3, 2, 4]]


def test_the_cache_and_the_layout_give_the_same_batch(feature):
    values, ends = Encoder(feature)(TAGS)
    assert ends.tolist() == [2, 3, 6] and values.dtype == feature.dtype
    lengths = np.diff(ends, prepend=0)
    found = feature.layout.assemble(values, lengths, 4)
    assert found.dtype == np.int32 and found.shape == (3, 4)
    np.testing.assert_array_equal(found[:, :3], feature.encode(TAGS))
    assert feature.layout.widths(lengths, 4).tolist() == [4, 4, 4] and feature.spec.shape == (None, None)


def test_decode_gives_the_names_back_and_nothing_for_padding(feature):
    assert feature.decode(feature.encode(TAGS)).numpy()[0].tolist() == [b"DET", b"NOUN", b""]


def test_what_was_learned_is_plain_text_and_comes_back(feature, tmp_path):
    feature.save(tmp_path / "tags.txt")
    assert (tmp_path / "tags.txt").read_text() == "<pad>\n<unk>\nADJ\nDET\nNOUN\nVERB\n"
    again = TagsFeature()
    again.load(tmp_path / "tags.txt")
    assert again.vocabulary == feature.vocabulary and again.checksum == feature.checksum


@pytest.mark.parametrize(
    ("scheme", "tags", "spelled"),
    [
        ("iob2", ["B", "I"], "B-PER I-PER B-PER"),
        ("iob1", ["B", "I"], "I-PER I-PER B-PER"),
        ("bioes", ["B", "E", "I", "S"], "B-PER E-PER S-PER"),
    ],
)
def test_spans_are_learned_in_a_scheme_with_all_its_tags(scheme, tags, spelled):
    feature = TagsFeature(scheme=scheme)
    feature.learn(SPANS)
    expected = sorted(["O", *(f"{prefix}-{kind}" for prefix in tags for kind in ("LOC", "PER"))])
    assert feature.vocabulary[2:] == expected
    assert feature.tags_of(SPANS[0]) == spelled.split()
    assert [feature.vocabulary[one] for one in feature.encode(SPANS)[0]] == spelled.split()


def test_a_tag_that_training_lacks_is_told(feature):
    with pytest.raises(UnusableValue) as error:
        feature.check(["DET\tNOUM"])
    assert error.value.value == "DET\tNOUM"
    assert "'NOUM' is no tag of the training split" in str(error.value)
    assert "allowed: ADJ, DET, NOUN, VERB" in str(error.value) and "did you mean 'NOUN'?" in str(error.value)
    with pytest.raises(DataError, match="count it as wrong with `unseen: wrong`"):
        feature.encode(["X-"])


def test_or_is_one_that_no_answer_gets_right():
    feature = TagsFeature(unseen="wrong")
    feature.learn(TAGS)
    feature.check(["X"])
    assert feature.encode(["X DET"]).tolist() == [[1, 3]]
    assert feature.layout.unknown_id == 1


def test_sentences_that_break_their_scheme_are_counted():
    feature = TagsFeature(scheme="bioes")
    assert feature.advice(["B-A I-A O", "O B-B B-B"]) == "" and feature.advice(["S-A O", "B-A E-A"]) == ""
    told = feature.advice(["B-A I-A O", "O B-B B-B", "O I-A B-B"])
    assert told == "1 of 3 sentences are not in iob2, as the others are: they are mended"
    assert TagsFeature().advice(["DET NOUN"]) == ""


def test_other_tags_have_no_scheme():
    with pytest.raises(DataError, match="a tag of spans is O, .* Received: 'DET'"):
        TagsFeature(scheme="iob2").learn(TAGS)


@pytest.mark.parametrize(("texts", "told"), [(["A", "A\tA"], "only one tag, 'A'"), ([], "no tag at all")])
def test_there_are_two_tags_at_least(texts, told):
    with pytest.raises(DataError, match=f"the training split has {told}"):
        TagsFeature().learn(texts)


def test_schemes_are_known():
    with pytest.raises(
        ValueError, match="`scheme` must be one of 'iob1', 'iob2', 'bioes'. Received: scheme='iob3'"
    ):
        TagsFeature(scheme="iob3")
    assert TagsFeature(scheme="iob2").options != TagsFeature().options
