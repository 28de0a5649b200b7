"""Recordings of tones that spell letters, and small recognizers of them."""

import numpy as np

from kerasseq.data.features.audio import AudioFeature
from kerasseq.data.features.text import TextFeature
from kerasseq.models.speech_recognizer import SpeechRecognizerTask, build_speech_recognizer

SAMPLE_RATE = 2000
LETTERS = "abc"
HZ = {"a": 200.0, "b": 400.0, "c": 800.0}
SAMPLES_PER_LETTER = 200
FRONT_END = {"type": "log_mel", "bands": 8, "step_ms": 20.0, "frame_ms": 40.0}
CTC = {
    "front_end": FRONT_END,
    "encoder": {"type": "recurrent", "cell": "gru", "units": 8, "bidirectional": True},
}
SPELLER = {
    "front_end": FRONT_END,
    "encoder": {"type": "pyramidal", "cell": "gru", "units": 8, "num_layers": 2},
    "output": "attention",
    "speller": {"embedding_dim": 8, "decoder": {"cell": "gru", "units": 8, "attention": "luong"}},
}


TRANSCRIPTS = TextFeature(tokenizer="character")
TRANSCRIPTS.learn(["aaabbc"])  # a is the commonest: its id is 4


TASK_FEATURES = {"audio": AudioFeature(sample_rate=SAMPLE_RATE), "transcript": TRANSCRIPTS}


def task(output="ctc"):
    """A task as it is when its model has been built."""
    made = SpeechRecognizerTask(TASK_FEATURES)
    made.is_ctc = output == "ctc"
    return made


def small_model(options=CTC, **more):
    return build_speech_recognizer(
        vocabulary_size=TRANSCRIPTS.vocabulary_size, sample_rate=SAMPLE_RATE, **options, **more
    )


def batch(texts, *, seed=0):
    """Recordings, a little noisy, and their transcripts."""
    random = np.random.default_rng(seed)
    time = np.arange(SAMPLES_PER_LETTER) / SAMPLE_RATE
    tones = {letter: np.sin(2 * np.pi * hz * time) * np.hanning(len(time)) for letter, hz in HZ.items()}
    recordings = [np.concatenate([tones[letter] for letter in text] or [time * 0]) for text in texts]
    lengths = np.array([len(samples) for samples in recordings], np.int32)
    samples = np.zeros((len(texts), lengths.max()), np.int16)
    for row, recording in enumerate(recordings):
        noisy = recording * 8000 + random.normal(size=len(recording)) * 100
        samples[row, : len(recording)] = noisy.astype(np.int16)
    return {
        "audio": {"samples": samples, "lengths": lengths},
        "transcript": np.asarray(TRANSCRIPTS.encode(texts)),
    }


def random_texts(count, *, longest=5, seed=1):
    random = np.random.default_rng(seed)
    return ["".join(random.choice(list(LETTERS), random.integers(1, longest + 1))) for _ in range(count)]
