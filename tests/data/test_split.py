import itertools

import numpy as np
import pytest

from kerasseq.data import split as splits
from kerasseq.data.layout import MarkedTokens
from kerasseq.data.split import Split
from kerasseq.data.token_cache import Column

NUM_EXAMPLES, BATCH_SIZE = 403, 4


def _column(path, rng, longest):
    lengths = rng.integers(0, longest + 1, NUM_EXAMPLES)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    ids = rng.integers(4, 9, offsets[-1]).astype(np.uint16)
    ids[::5] = 1
    ids.tofile(path)
    return Column(path, "uint16", offsets), np.split(ids, offsets[1:-1])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The columns, and the ids of each example in each field."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("columns")
    pairs = {
        field: _column(folder / field, rng, longest) for field, longest in [("source", 20), ("target", 9)]
    }
    return {field: column for field, (column, _) in pairs.items()}, [ids for _, ids in pairs.values()]


@pytest.fixture(scope="module")
def columns(made):
    return made[0]


@pytest.fixture(scope="module")
def expected(made):
    """Each example as a batch row without padding."""
    return [tuple((2, *ids.tolist(), 3) for ids in example) for example in zip(*made[1], strict=True)]


def _split(columns, rows=None, **options):
    rows = np.arange(NUM_EXAMPLES) if rows is None else rows
    options = {"batch_size": BATCH_SIZE, "length_bucket_width": 8, "shuffle": True, **options}
    texts = [(f"s{row}", f"t{row}") for row in rows]
    layouts = dict.fromkeys(columns, MarkedTokens())
    return Split(columns=columns, layouts=layouts, rows=rows, read=lambda: iter(texts), **options)


def _batches(split, *, epoch=0, training=True, seed=1, skip=0):
    batches = split.batches(seed=seed, epoch=epoch, training=training, skip=skip)
    return [{field: ids.numpy() for field, ids in batch.items()} for batch in batches]


def _examples(batches):
    """Every row of every batch without padding, held to be padded on the right only."""
    for batch in batches:
        for rows in zip(*batch.values(), strict=True):
            lengths = [int(np.argmax(row == 3)) + 1 for row in rows]
            for row, length in zip(rows, lengths, strict=True):
                assert not row[length:].any()
            yield tuple(tuple(row[:length].tolist()) for row, length in zip(rows, lengths, strict=True))


@pytest.mark.parametrize("training", [True, False])
def test_every_example_comes_once_and_as_it_is(columns, expected, training):
    batches = _batches(_split(columns), training=training)
    assert sorted(_examples(batches)) == sorted(expected)


def test_the_last_partial_batch_is_kept(columns):
    split = _split(columns)
    sizes = [len(batch["source"]) for batch in _batches(split)]
    assert len(sizes) == split.steps == 101
    assert sorted(sizes)[:2] == [3, 4]
    assert split.batches(seed=0, epoch=0, training=True).cardinality() == 101


def test_batches_are_of_like_length_and_few_shapes(columns):
    batches = _batches(_split(columns))
    shapes = {(batch["source"].shape[1], batch["target"].shape[1]) for batch in batches}
    assert {width for shape in shapes for width in shape} <= {8, 16, 24}
    assert len(shapes) <= 6
    real = sum((batch["source"] > 0).sum() for batch in batches)
    assert real / sum(batch["source"].size for batch in batches) > 0.7


def test_the_last_field_is_hardly_padded_and_the_others_little(columns):
    batches = _batches(_split(columns, length_bucket_width=1))

    def share_of_padding(field):
        return 1 - sum((batch[field] > 0).sum() for batch in batches) / sum(
            batch[field].size for batch in batches
        )

    assert share_of_padding("target") < 0.02
    assert share_of_padding("source") < 0.08


def test_the_width_is_a_multiple_of_what_is_asked(columns):
    for batch in _batches(_split(columns, length_bucket_width=1)):
        assert (batch["source"] != 0).any(axis=0).all()
    assert {batch["source"].shape[1] % 5 for batch in _batches(_split(columns, length_bucket_width=5))} == {0}


def test_the_order_is_that_of_seed_and_epoch(columns):
    split = _split(columns)
    seeds_and_epochs = [(1, 0), (1, 0), (1, 1), (2, 0)]
    order = [list(_examples(_batches(split, seed=seed, epoch=epoch))) for seed, epoch in seeds_and_epochs]
    assert order[0] == order[1]
    assert order[0] != order[2]
    assert order[0] != order[3]
    assert order[2] != order[3]


@pytest.mark.parametrize("skip", [0, 1, 63, 64, 67, 101])
@pytest.mark.parametrize("training", [True, False])
def test_skipping_resumes_within_an_epoch(columns, training, skip, monkeypatch):
    monkeypatch.setattr(splits, "POOL_BATCHES", 64)
    split = _split(columns)
    whole = list(split._batched(3, 5, training, 0))
    resumed = list(split._batched(3, 5, training, skip))
    assert len(resumed) == split.steps - skip
    assert all(np.array_equal(*pair) for pair in zip(whole[skip:], resumed, strict=True))


def test_epochs_are_those_of_batches_one_after_the_other(columns):
    split = _split(columns)
    epochs = split.epochs(seed=5, first=2, last=5)
    assert epochs.cardinality() == 3 * split.steps
    found = [{field: ids.numpy() for field, ids in batch.items()} for batch in epochs]
    expected = [batch for epoch in (2, 3, 4) for batch in _batches(split, seed=5, epoch=epoch)]
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert all(np.array_equal(one[field], other[field]) for field in other)


def test_no_epochs_are_no_batches(columns):
    assert list(_split(columns).epochs(seed=5, first=3, last=3)) == []


def test_a_skipped_dataset_says_its_length(columns):
    dataset = _split(columns).batches(seed=0, epoch=0, training=True, skip=100)
    assert dataset.cardinality() == 1
    assert len(list(dataset)) == 1


def test_evaluation_can_be_put_back_in_order(columns, expected):
    split = _split(columns)
    rows = list(_examples(_batches(split, training=False)))
    restored = [None] * NUM_EXAMPLES
    for place, row in zip(split.order, rows, strict=True):
        restored[place] = row
    assert restored == expected
    lengths = [len(source) for source, _ in rows]
    assert lengths == sorted(lengths, reverse=True)  # the longest first


def test_without_shuffling_training_keeps_the_files_order(columns, expected):
    rows = list(_examples(_batches(_split(columns, shuffle=False), epoch=4)))
    assert rows == expected


def test_only_kept_rows_are_seen(columns, expected):
    rows = np.arange(0, NUM_EXAMPLES, 7)
    split = _split(columns, rows)
    assert split.num_examples == len(rows)
    assert sorted(_examples(_batches(split))) == sorted(expected[row] for row in rows)
    assert split.texts("target") == [f"t{row}" for row in rows]


def test_counts(columns, expected):
    rows = np.arange(3, NUM_EXAMPLES, 2)
    split = _split(columns, rows)
    ids = list(itertools.chain.from_iterable(expected[row][0][1:-1] for row in rows))
    assert split.num_tokens("source") == len(ids)
    assert split.num_unknown("source") == ids.count(1) > 0
    assert split.lengths("source").tolist() == [len(expected[row][0]) - 2 for row in rows]


def test_shapes_are_open_so_that_keras_traces_once(columns):
    specification = _split(columns).batches(seed=0, epoch=0, training=True).element_spec
    assert {field: tuple(spec.shape) for field, spec in specification.items()} == {
        "source": (None, None),
        "target": (None, None),
    }
