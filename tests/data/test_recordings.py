"""Recordings that soundfile reads beside WAV files."""

import sys

import numpy as np
import pytest

from kerasseq.data.faults import UnusableValue
from kerasseq.data.recordings import read_recording
from tests.data.recordings import tone, write_wav


@pytest.fixture
def soundfile():
    return pytest.importorskip("soundfile")


def test_flac_holds_what_the_wav_file_holds(tmp_path, soundfile):
    samples = tone(440, rate=8000)
    wav = read_recording(write_wav(tmp_path / "a.wav", samples, rate=8000))
    soundfile.write(tmp_path / "a.flac", wav, 8000, subtype="PCM_16")
    assert read_recording(tmp_path / "a.flac").tolist() == wav.tolist()
    at_another_rate = read_recording(tmp_path / "a.flac", sample_rate=16000)
    assert at_another_rate.tolist() == read_recording(tmp_path / "a.wav", sample_rate=16000).tolist()


def test_channels_are_averaged(tmp_path, soundfile):
    both = np.stack([np.full(100, 3000), np.full(100, 1000)], axis=1).astype(np.int16)
    soundfile.write(tmp_path / "a.flac", both, 8000, subtype="PCM_16")
    assert set(read_recording(tmp_path / "a.flac").tolist()) == {2000}


def test_a_broken_file_is_named(tmp_path, soundfile):
    (tmp_path / "a.flac").write_bytes(b"fLaC rest")
    with pytest.raises(UnusableValue, match=r"the recording .*a\.flac is broken: "):
        read_recording(tmp_path / "a.flac")


def test_without_soundfile_the_install_line_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "soundfile", None)
    (tmp_path / "a.flac").write_bytes(b"fLaC rest")
    with pytest.raises(UnusableValue) as caught:
        read_recording(tmp_path / "a.flac")
    assert str(caught.value) == (
        f"the recording {tmp_path}/a.flac is a FLAC file, which soundfile reads, and that is not installed\n"
        "  fix: python -m pip install 'soundfile>=0.13'"
    )


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UnusableValue, match="cannot be read: No such file"):
        read_recording(tmp_path / "a.wav")
