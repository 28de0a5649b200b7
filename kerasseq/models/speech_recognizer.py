"""Unaligned many-to-many from sound: what is said in a recording."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

import keras
from keras import ops

from kerasseq.layers.frame_scores import FrameScores
from kerasseq.layers.speech_encoder import SpeechEncoder
from kerasseq.losses.ctc import IMPOSSIBLE, CTCLoss, ctc_log_probability
from kerasseq.losses.masked_cross_entropy import MaskedCrossEntropy
from kerasseq.models.classifier_inputs import RecordingInput
from kerasseq.models.heard_text import heard, present_heard
from kerasseq.models.speller import build_speller
from kerasseq.models.task import Task
from kerasseq.models.teaching import teaching
from kerasseq.models.token_scores import token_scores
from kerasseq.registry import register
from kerasseq.specs import (
    END_ID,
    PAD_ID,
    Encoder,
    FrontEnd,
    Hypotheses,
    Options,
    PositiveInt,
    Rate,
    Raw,
    Signature,
    Supplied,
    check_arguments,
)

ANSWERS = "text"
FIELDS = ("audio", "transcript")
FEATURES = {"audio": "audio", "transcript": ("text", "ngram_text")}
DEFAULTS = {
    "data.features.audio.type": "audio",
    "data.features.transcript.tokenizer": "character",
    "decode": "ctc_beam",
    "evaluate.metrics": ["wer", "cer"],
    "evaluate.baseline": ["typical_transcript"],
}
CONSTRAINTS = (
    ("front_end.type not in ('rows', 'frames')", "that is for pictures: take log_mel"),
    ("output == 'attention' or speller is None", "a speller writes with `output: attention`"),
)
RECIPE_CONSTRAINTS = (
    ("decode is not None", "name a way to search, such as ctc_beam or beam"),
    (
        "decode is None or (model.output == 'ctc') == (decode.type in ('ctc_beam', 'ctc_greedy'))",
        "take ctc_beam or ctc_greedy with `output: ctc`, another search with `output: attention`",
    ),
    (
        "decode is None or decode.type != 'ctc_beam' or not decode.prior_weight"
        " or data.features.transcript.type == 'ngram_text'",
        "write `data.features.transcript: {type: ngram_text}`, which counts what is likely",
    ),
    ("not data.share_vocabulary", "leave it out: a recording has no words"),
    (
        "model.output == 'attention' or train.label_smoothing == 0",
        "leave it out: CTC has no labels to smooth",
    ),
    (
        "model.output == 'attention' or train.scheduled_sampling is None",
        "leave it out: with CTC no token depends on the one before",
    ),
)
SpecAugment = Annotated[Any, Options("kerasseq.layers.spec_augment:SpecAugment")]
Subsampling = Annotated[Any, Options("kerasseq.layers.subsampling:Subsampling")]
Speller = Annotated[Any, Options("kerasseq.models.speller:build_speller")]


@register("model")
def build_speech_recognizer(
    *,
    vocabulary_size: Supplied[PositiveInt],
    sample_rate: Supplied[PositiveInt] = 16000,
    front_end: FrontEnd = "log_mel",
    speed_perturbation: Rate = 0.0,
    spec_augment: SpecAugment | None = None,
    subsampling: Subsampling | None = None,
    encoder: Encoder = "recurrent",
    output: Literal["ctc", "attention"] = "ctc",
    speller: Speller | None = None,
) -> keras.Model:
    """Builds a speech recognizer: features, fewer frames, an encoder, and what writes.

    Args:
        vocabulary_size: Ids run from 0 (padding, and CTC's blank) to this, exclusive.
        sample_rate: Of the recordings, in Hz.
        front_end: From samples to features: a name from `layers/front_ends/`.
        speed_perturbation: Training recordings are played faster or slower by up to this share.
        spec_augment: Hide stretches of time and bands in training: options of `SpecAugment`.
        subsampling: Convolutions that leave fewer frames: options of `Subsampling`.
        encoder: A name from `layers/encoders/`, or a mapping with its options.
        output: A token or a blank in each frame (`ctc`), or a decoder that listens and spells (`attention`).
        speller: The decoder of `attention`: options of `build_speller`.
    Returns:
        A functional model. With `ctc`, from `{"samples": (batch, samples), "lengths": (batch,)}` to float32
        logits (batch, frames, vocabulary_size), for `CTCLoss`; with `attention`, which reads `"target"` as
        well, (batch, target_time), to (batch, target_time, vocabulary_size), for `MaskedCrossEntropy`.
    Raises:
        ValueError: If an option is out of its range, or there is a speller for `ctc`.
    Reference:
        Graves et al. 2006, https://www.cs.toronto.edu/~graves/icml_2006.pdf (CTC); Chan et al. 2016,
        https://arxiv.org/abs/1508.01211 (listen, attend and spell)
    """
    check_arguments(
        build_speech_recognizer, vocabulary_size=vocabulary_size, sample_rate=sample_rate,
        speed_perturbation=speed_perturbation, output=output,
    )  # fmt: skip
    if output == "ctc" and speller is not None:
        raise ValueError(f"`speller` is for `output` 'attention'. Received: output='ctc', speller={speller}")
    samples = keras.Input((None,), dtype="int16", name="samples")
    inputs = {"samples": samples, "lengths": keras.Input((), dtype="int32", name="lengths")}
    encoded, mask, states = SpeechEncoder(
        sample_rate=sample_rate, front_end=front_end, speed_perturbation=speed_perturbation,
        spec_augment=spec_augment, subsampling=subsampling, encoder=encoder, name="encoder",
    )(inputs)  # fmt: skip
    if output == "ctc":
        logits = FrameScores(vocabulary_size=vocabulary_size, name="frame_scores")(encoded, mask)
        return keras.Model(inputs, logits, name="speech_recognizer")
    target = keras.Input((None,), dtype="int32", name="target")
    bridge, decoder = build_speller(vocabulary_size=vocabulary_size, **(speller or {}))
    logits = decoder(target, encoded, mask, bridge(states))
    return keras.Model({**inputs, "target": target}, logits, name="speech_recognizer")


@register("task")
class SpeechRecognizerTask(Task):
    """What the stages need to know of a speech recognizer; `build` says whether it writes with CTC."""

    fields = FIELDS
    input_fields = ("audio",)
    output_field = "transcript"
    measures = ("loss",)

    def __init__(self, features: Mapping[str, Any]):
        super().__init__(features)
        self.is_ctc = True

    def build(self, *, output: str = "ctc", **options: Any) -> keras.Model:
        self.is_ctc = output == "ctc"
        return build_speech_recognizer(
            vocabulary_size=self.features["transcript"].vocabulary_size,
            sample_rate=self.features["audio"].sample_rate,
            output=output,
            **options,
        )

    def example(self, batch: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
        """For CTC the labels are tokens without `</s>`; else the target is the label of the step before."""
        inputs, target = dict(batch["audio"]), batch["transcript"]
        if self.is_ctc:
            labels = target[:, 1:]
            return inputs, ops.where(ops.equal(labels, END_ID), PAD_ID, labels)
        return {**inputs, "target": target[:, :-1]}, target[:, 1:]

    def loss(self, label_smoothing: float = 0.0) -> keras.losses.Loss:
        """Per token of the transcript, as CTC or as cross-entropy."""
        return CTCLoss() if self.is_ctc else MaskedCrossEntropy(label_smoothing=label_smoothing)

    def loops(self, model: keras.Model, *, sampling: str | None) -> dict[str, str]:
        cells = "only recurrent products in the loop; the inputs' are made before it, all steps at once"
        if self.is_ctc:
            return {"cells": cells, "writing": "all frames at once"}
        writing = "a token each step, looking at what was heard"
        return {"cells": cells, "writing": writing, "training": teaching(sampling)}

    def score(self, model: keras.Model, batch: Mapping[str, Any], state: Any) -> tuple[dict[str, Any], Any]:
        """Log-probabilities of the transcripts; one with more tokens than frames is as good as impossible."""
        inputs, labels = self.example(batch)
        logits = model(inputs, training=False)
        if self.is_ctc:
            log_probability = ctc_log_probability(labels, logits)
            num_tokens = ops.sum(ops.cast(ops.not_equal(labels, PAD_ID), "int32"), axis=1)
        else:
            found = token_scores(labels, logits)
            log_probability, num_tokens = found["log_probability"], found["num_tokens"]
        fits = log_probability > IMPOSSIBLE
        return {
            "log_probability": log_probability,
            "num_tokens": num_tokens,
            "fitting_log_probability": ops.where(fits, log_probability, 0.0),
            "fitting_tokens": ops.where(fits, num_tokens, 0),
            "num_unalignable": ops.cast(ops.logical_not(fits), "int32"),
        }, state

    def figures(self, sums: Mapping[str, float]) -> dict[str, float]:
        """The loss per token of the transcripts that fit; and how many do not, if there are any."""
        figures = {"loss": -sums["fitting_log_probability"] / max(sums["fitting_tokens"], 1)}
        missing = sums["num_unalignable"]
        return {**figures, "unalignable": missing} if missing else figures

    @staticmethod
    def begin(model: keras.Model, audio: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
        """Encodes recordings into the state of decoding; and how many frames each has, (batch,)."""
        encoded, mask, states = model.get_layer("encoder")(dict(audio))
        state = model.get_layer("decoder").begin(encoded, mask, model.get_layer("bridge")(states))
        return state, ops.sum(ops.cast(mask, "int32"), axis=1)

    @staticmethod
    def step(model: keras.Model, tokens: Any, state: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Logits (batch, vocabulary) after `tokens` (batch,), and the state behind them."""
        return model.get_layer("decoder").step(tokens, state)

    def decode(
        self, model: keras.Model, audio: Mapping[str, Any], decoder: Any, *, with_attention: bool = False
    ) -> Hypotheses:
        """What is said in a batch of recordings."""
        if self.is_ctc:
            return decoder(model(dict(audio), training=False), **self._prior(decoder))
        state, num_frames = self.begin(model, audio)
        return decoder(
            lambda tokens, state: self.step(model, tokens, state),
            state,
            batch_size=ops.shape(num_frames)[0],
            max_length=decoder.limit(num_frames),
            with_attention=with_attention,
            **self.stops(decoder),
        )

    def _prior(self, decoder: Any) -> dict[str, Any]:
        """The argument of a search that weighs what is likely to be said."""
        is_weighed = getattr(decoder, "prior_weight", 0.0) > 0
        return {"prior": self.features["transcript"].prior} if is_weighed else {}

    def respond(
        self, model: keras.Model, encoded: Mapping[str, Any], decoder: Any, *, detailed: bool = False
    ) -> dict[str, Any]:
        """The fields of `Hypotheses`; if `detailed`, what was heard where as well, see `heard`."""
        found = self.decode(model, encoded["audio"], decoder, with_attention=detailed)
        answers = {name: part for name, part in found._asdict().items() if part is not None}
        return {**answers, **heard(model, encoded["audio"], found)} if detailed else answers

    def present(self, encoded: Mapping[str, Any], answers: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
        """`score` is the log-probability of the prediction; `seconds` the recording's length."""
        audio, transcript = self.features["audio"], self.features["transcript"]
        return present_heard(encoded["audio"], answers, transcript, sample_rate=audio.sample_rate)

    def signatures(self, model: keras.Model, decoder: Any) -> dict[str, Signature]:
        """From waveforms to texts, and from pairs of both to log-probabilities.

        - `serving_default`: `waveform` (batch, samples) from -1 to 1 at the recipe's sample rate, `lengths`
          (batch,) in samples -> `text`, `score` (batch,), and the best hypotheses that the recipe's `decode`
          keeps, best first: `n_best_text`, `n_best_score` (batch, num_hypotheses).
        - `score`: both and `text` (batch,) -> `log_probability` of the text, `num_tokens` (batch,).
        """
        audio, transcript = RecordingInput(self.features["audio"]), self.features["transcript"]

        def serve(**given: Any) -> dict[str, Any]:
            found = self.respond(model, {"audio": audio.encode(given)}, decoder)
            texts, scores = transcript.decode(found["tokens"]), found["scores"]  # (batch, n_best)
            best = {"text": texts[:, 0], "score": scores[:, 0]}
            return {**best, "n_best_text": texts, "n_best_score": scores}

        def score(**given: Any) -> dict[str, Any]:
            batch = {"audio": audio.encode(given), "transcript": transcript.encode(given["text"])}
            found, _ = self.score(model, batch, ())
            return {name: found[name] for name in ("log_probability", "num_tokens")}

        return {
            "serving_default": Signature(dict(audio.raw), serve),
            "score": Signature({**audio.raw, "text": Raw("string", (None,))}, score),
        }
