import struct
import wave

import numpy as np
import pytest

from kerasseq.data.faults import UnusableValue
from kerasseq.data.wav import read_wav, resample, to_int16
from tests.data.recordings import tone, wav_bytes, write_wav

SAMPLES = np.random.default_rng(3).integers(-(2**15), 2**15, 50, np.int16)


def of_24_bits(samples):
    return b"".join(struct.pack("<i", int(value) << 8)[:3] for value in samples)


@pytest.mark.parametrize(
    ("bits", "code", "data"),
    [
        (16, 1, SAMPLES.tobytes()),
        (24, 1, of_24_bits(SAMPLES)),
        (32, 1, (SAMPLES.astype("<i4") << 16).tobytes()),
        (32, 3, (SAMPLES / 2.0**15).astype("<f4").tobytes()),
        (64, 3, (SAMPLES / 2.0**15).astype("<f8").tobytes()),
    ],
)
def test_every_width_gives_the_same_samples(tmp_path, bits, code, data):
    path = tmp_path / "a.wav"
    path.write_bytes(wav_bytes(data, bits=bits, code=code))
    np.testing.assert_array_equal(read_wav(path), SAMPLES)
    guid = struct.pack("<HHIH14x", 22, bits, 0, code)
    path.write_bytes(wav_bytes(data, bits=bits, code=0xFFFE, extra=guid))
    np.testing.assert_array_equal(read_wav(path), SAMPLES)


def test_eight_bits_are_unsigned(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(wav_bytes(bytes([0, 128, 255]), bits=8))
    assert read_wav(path).tolist() == [-(2**15), 0, 127 * 256]


def test_what_the_standard_library_writes_is_read(tmp_path):
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((2, 2, 8000, 0, "NONE", ""))
        file.writeframes(np.array([[100, 300], [-50, 50], [7, 8]], "<i2").tobytes())
    assert read_wav(tmp_path / "a.wav").tolist() == [200, 0, 8]  # the mean of the channels, to even


def test_a_size_that_a_pipe_did_not_know_is_that_of_the_file(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(wav_bytes(SAMPLES.tobytes(), size=2**32 - 1))
    np.testing.assert_array_equal(read_wav(path), SAMPLES)


@pytest.mark.parametrize(("rate", "wanted"), [(8000, 16000), (16000, 8000), (44100, 16000), (11025, 8000)])
def test_a_tone_is_the_same_tone_at_another_rate(rate, wanted):
    at = np.arange(rate // 10) / rate
    found = resample(np.sin(2 * np.pi * 1000 * at), rate, wanted)
    assert len(found) == wanted // 10
    expected = np.sin(2 * np.pi * 1000 * np.arange(len(found)) / wanted)
    inner = slice(100, -100)  # the ends lie beside silence
    np.testing.assert_allclose(found[inner], expected[inner], atol=2e-4)


def test_what_the_lower_rate_cannot_hold_is_gone():
    at = np.arange(4800) / 16000
    found = resample(np.sin(2 * np.pi * 5000 * at), 16000, 8000)  # would be heard at 3000 Hz
    assert np.abs(found[100:-100]).max() < 1e-4


def test_one_sample_and_odd_lengths_are_resampled():
    assert len(resample(np.ones(1), 8000, 16000)) == 2
    assert len(resample(np.ones(3), 16000, 8000)) == 2
    assert len(resample(np.ones(1), 44100, 8000)) == 1


def test_a_recording_is_resampled_as_it_is_read(tmp_path):
    path = write_wav(tmp_path / "a.wav", tone(440, rate=16000), rate=16000)
    found = read_wav(path, sample_rate=8000)
    assert found.dtype == np.int16 and abs(int(found[100]) - int(tone(440)[100])) < 5


def test_loud_samples_are_cut_off():
    assert to_int16(np.array([2.0, -2.0, 1.0, 0.0])).tolist() == [32767, -32768, 32767, 0]


@pytest.mark.parametrize(
    ("content", "message", "fix"),
    [
        (b"", "is empty, which is not read", "ffmpeg -i a.wav"),
        (b"fLaC rest", "is a FLAC file, which is not read", "ffmpeg -i a.wav -c:a pcm_s16le converted.wav"),
        (b"hello", "is no WAV file, which is not read", "ffmpeg"),
        (b"RIFF\0\0\0\0WAVE", "is broken: it has no header", "fetch or write the file again"),
        (wav_bytes(b"")[:-8], "is broken: it has no samples", "fetch"),
        (wav_bytes(b""), "is broken: it has no samples", "fetch"),
        (wav_bytes(b"abcd", size=8), "breaks off: 4 of 8 bytes of samples are there", "fetch"),
        (wav_bytes(b"abcd", channels=0), "its header says 0 channels at 8000 Hz", "fetch"),
        (wav_bytes(struct.pack("<f", np.nan), bits=32, code=3), "samples that are no numbers", "fetch"),
        (wav_bytes(b"abcd", bits=8, code=7), "holds 8-bit mu-law, which is not read", "ffmpeg"),
        (wav_bytes(b"abcd", bits=12), "holds 12-bit samples of the format 1, which is not read", "ffmpeg"),
        (wav_bytes(b"abcd", bits=0), "holds 0-bit samples of the format 1, which is not read", "ffmpeg"),
    ],
)
def test_a_file_that_cannot_be_used_says_what_is_wrong(tmp_path, content, message, fix):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(UnusableValue) as caught:
        read_wav(path)
    assert f"the recording {path} " in str(caught.value) and message in str(caught.value)
    assert fix in str(caught.value).split("fix: ")[1] and caught.value.value == str(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UnusableValue, match="cannot be read: No such file or directory"):
        read_wav(tmp_path / "a.wav")
