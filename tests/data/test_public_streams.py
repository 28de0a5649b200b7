"""Counts that publications on these files give; $KERASSEQ_DATA is where they lie."""

import os
from pathlib import Path

import pytest

from kerasseq.data.streams import prepare_streams

FOLDER = Path(os.environ.get("KERASSEQ_DATA", "no-data"))


@pytest.mark.skipif(not (FOLDER / "ptb").is_dir(), reason="KERASSEQ_DATA holds no ptb")
def test_penn_treebank(tmp_path):
    files = {"train": "ptb/ptb.train.txt", "validation": "ptb/ptb.valid.txt", "test": "ptb/ptb.test.txt"}
    features = {"text": {"tokenizer": {"type": "word", "split_punctuation": False}}}
    source = {"type": "text", **files}
    options = {"features": features, "folders": [FOLDER], "cache_folder": str(tmp_path)}
    prepared = prepare_streams(source=source, evaluation_batch_size=10, **options)
    labels = {name: split.num_tokens("text") + split.num_examples for name, split in prepared.splits.items()}
    assert labels == {"train": 929_589, "validation": 73_760, "test": 82_430}
    assert (
        len(prepared.features["text"].vocabulary) == 10_002
    )  # <pad> and <s> beside the words, <unk> and </s>
    batches = prepared.splits["test"].batches(seed=0, epoch=0, training=False)
    assert sum(int((batch["text"].numpy()[:, 1:] != 0).sum()) for batch in batches) == 82_430


@pytest.mark.skipif(
    not (FOLDER / "tinyshakespeare").is_dir(), reason="KERASSEQ_DATA holds no tinyshakespeare"
)
def test_tinyshakespeare(tmp_path):
    source = {"type": "text", "file": "tinyshakespeare/input.txt", "validation_share": 0.1}
    features = {"text": {"tokenizer": "character"}}
    prepared = prepare_streams(source=source, features=features, folders=[FOLDER], cache_folder=str(tmp_path))
    assert {name: split.num_tokens("text") for name, split in prepared.splits.items()} == {
        "train": 1_003_854,
        "validation": 111_540,
    }
    assert len(prepared.features["text"].vocabulary) == 65 + 4
