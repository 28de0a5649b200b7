import numpy as np
import pytest

from kerasseq.data.faults import UnusableValue
from kerasseq.data.features.audio import AudioFeature
from tests.data.recordings import tone, write_wav


@pytest.fixture
def paths(tmp_path):
    tones = {"long": tone(300, seconds=0.2), "short": tone(500, seconds=0.05)}
    return [str(write_wav(tmp_path / f"{name}.wav", samples)) for name, samples in tones.items()]


def test_samples_are_read_in_a_row(paths):
    flat, ends = AudioFeature(sample_rate=8000).read(paths)
    assert flat.dtype == np.int16 and ends.tolist() == [1600, 2000]
    np.testing.assert_array_equal(flat[:1600], tone(300, seconds=0.2))


def test_a_batch_has_samples_and_lengths_padded_to_few_widths(paths):
    feature = AudioFeature(sample_rate=8000)
    flat, ends = feature.read(paths)
    batch = feature.layout.assemble(flat, np.diff(ends, prepend=0), 8)
    assert batch["samples"].shape == (2, 2000) and batch["samples"].dtype == np.int16
    assert batch["lengths"].tolist() == [1600, 400] and batch["lengths"].dtype == np.int32
    np.testing.assert_array_equal(batch["samples"][1, :400], tone(500, seconds=0.05))
    assert not batch["samples"][1, 400:].any()
    assert feature.layout.widths(np.array([1, 2000, 2001]), 8).tolist() == [2000, 2000, 4000]
    assert {name: raw.dtype for name, raw in feature.spec.items()} == {"samples": "int16", "lengths": "int32"}


def test_a_batch_of_paths_is_encoded_as_the_cache_would(paths):
    batch = AudioFeature(sample_rate=8000).encode(np.array(paths, object))
    assert batch["samples"].shape == (2, 1750) and batch["lengths"].tolist() == [1600, 400]
    np.testing.assert_array_equal(batch["samples"][0, :1600], tone(300, seconds=0.2))


def test_another_rate_is_resampled(paths):
    flat, ends = AudioFeature(sample_rate=16000).read(paths[:1])
    assert ends.tolist() == [3200] and len(flat) == 3200


def test_the_longest_is_counted_in_samples():
    assert AudioFeature(sample_rate=8000, max_seconds=1.5).max_length == 12000
    assert AudioFeature().max_length is None


def test_only_the_rate_decides_what_is_kept():
    assert AudioFeature(sample_rate=8000, max_seconds=2.0).options == {"type": "audio", "sample_rate": 8000}


def test_nothing_is_learned(tmp_path, paths):
    feature = AudioFeature()
    feature.learn(paths)
    feature.save(tmp_path / "input.txt")
    feature.load(tmp_path / "input.txt")
    assert feature.checksum == ""


def test_a_bad_file_is_named(tmp_path):
    with pytest.raises(UnusableValue, match=r"nowhere\.wav cannot be read"):
        AudioFeature().encode([str(tmp_path / "nowhere.wav")])


def test_options_out_of_range_are_refused():
    with pytest.raises(ValueError, match="`sample_rate` must be positive. Received: sample_rate=0"):
        AudioFeature(sample_rate=0)
    with pytest.raises(ValueError, match="`max_seconds` must be positive"):
        AudioFeature(max_seconds=0)
