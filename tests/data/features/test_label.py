import numpy as np
import pytest
import tensorflow as tf

from kerasseq.data.faults import UnusableValue
from kerasseq.data.features.label import LabelFeature
from kerasseq.errors import DataError

LABELS = ["good", "bad", "good", "so so", "good", "good"]


@pytest.fixture
def feature():
    made = LabelFeature()
    made.learn(LABELS)
    return made


def test_classes_are_sorted_by_name(feature):
    assert feature.vocabulary == ["bad", "good", "so so"]
    assert feature.vocabulary_size == 3
    np.testing.assert_array_equal(feature.encode(LABELS), [1, 0, 1, 2, 1, 1])


def test_decode_gives_the_names_back_whatever_the_shape(feature):
    assert feature.decode(feature.encode(LABELS)).numpy().tolist() == [name.encode() for name in LABELS]
    assert feature.decode([[2], [0]]).numpy().tolist() == [[b"so so"], [b"bad"]]


def test_one_value_an_example_is_kept(feature):
    ragged = feature.encode_ragged(tf.constant(LABELS))
    assert ragged.flat_values.numpy().tolist() == [1, 0, 1, 2, 1, 1]
    assert ragged.row_splits.numpy().tolist() == list(range(7))
    lengths = np.ones(6, np.int32)
    batch = feature.layout.assemble(ragged.flat_values.numpy().astype(feature.dtype), lengths, 8)
    assert batch.dtype == np.int32 and batch.tolist() == [1, 0, 1, 2, 1, 1]


def test_what_was_learned_is_plain_text_and_comes_back(feature, tmp_path):
    feature.save(tmp_path / "label.txt")
    assert (tmp_path / "label.txt").read_text() == "bad\t1\ngood\t4\nso\\u0020so\t1\n"
    again = LabelFeature(class_weights="balanced")
    again.load(tmp_path / "label.txt")
    assert again.vocabulary == feature.vocabulary and again.checksum == feature.checksum
    assert again.class_weights == [2.0, 0.5, 2.0]


def test_balanced_weights_make_classes_count_the_same():
    feature = LabelFeature(class_weights="balanced")
    feature.learn(LABELS)
    assert np.dot(feature.class_weights, [1, 4, 1]) == 6
    assert feature.class_weights == [2.0, 0.5, 2.0]


def test_given_weights_are_those_of_their_classes():
    feature = LabelFeature(class_weights={"so so": 3.0})
    feature.learn(LABELS)
    assert feature.class_weights == [1.0, 1.0, 3.0]
    assert LabelFeature().class_weights is None


def test_a_weight_of_no_class_is_refused():
    feature = LabelFeature(class_weights={"god": 3.0})
    feature.learn(LABELS)
    with pytest.raises(DataError) as error:
        assert feature.class_weights
    assert str(error.value) == (
        "`class_weights` names 'god', which is no class of the training split\n"
        "  allowed: bad, good, so so\n  fix: did you mean 'good'?"
    )


@pytest.mark.parametrize("weights", ["even", {"good": 0.0}])
def test_weights_out_of_range_are_refused(weights):
    with pytest.raises(ValueError, match=r"`class_weights` must be .*Received: class_weights="):
        LabelFeature(class_weights=weights)


@pytest.mark.parametrize(("labels", "found"), [(["a", "a"], "only one class, 'a'"), ([], "no class at all")])
def test_fewer_than_two_classes_are_refused(labels, found):
    with pytest.raises(DataError, match=f"the training split has {found}\n  fix: check which column"):
        LabelFeature().learn(labels)


def test_an_unknown_class_is_refused(feature):
    with pytest.raises(UnusableValue) as error:
        feature.encode(["bad", "godo"])
    assert str(error.value.at("test.tsv:7")) == (
        "test.tsv:7: 'godo' is no class of the training split\n"
        "  allowed: bad, good, so so\n  fix: did you mean 'good'?"
    )
    in_graph = tf.function(feature.encode, input_signature=[tf.TensorSpec((None,), tf.string)])
    np.testing.assert_array_equal(in_graph(tf.constant(["so so"])), [2])
    with pytest.raises(tf.errors.InvalidArgumentError, match="a label must be one of bad, good, so so"):
        in_graph(tf.constant(["godo"]))


@pytest.mark.parametrize("line", ["good", "good\tmany", "\t3"])
def test_a_broken_file_names_its_line(line, feature, tmp_path):
    (tmp_path / "label.txt").write_text(f"bad\t1\n{line}\n")
    with pytest.raises(DataError, match=r"label\.txt:2: expected a class and its count, found "):
        feature.load(tmp_path / "label.txt")
