"""One-to-many: a sentence about a picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import keras
import numpy as np
from keras import ops

from kerasseq.layers.attention.fixed_context import FixedContext
from kerasseq.layers.decoder import RecurrentDecoder
from kerasseq.layers.image_augmentation import ImageAugmentation
from kerasseq.layers.image_memory import ImageAs, ImageMemory
from kerasseq.layers.token_decoder import TokenDecoder
from kerasseq.losses.masked_cross_entropy import MaskedCrossEntropy
from kerasseq.models.task import Task
from kerasseq.models.teaching import teaching
from kerasseq.models.thumbnails import picture, png
from kerasseq.models.token_scores import MEASURES, token_figures, token_scores
from kerasseq.registry import register
from kerasseq.specs import (
    END_ID,
    PAD_ID,
    START_ID,
    UNKNOWN_ID,
    Hypotheses,
    ImageEncoder,
    Options,
    PositiveInt,
    Rate,
    Raw,
    Signature,
    Supplied,
    check_arguments,
)

ANSWERS = "text"
FIELDS = ("image", "caption")
FEATURES = {"image": ("image", "image_features"), "caption": "text"}
DEFAULTS = {
    "data.features.image.type": "image",
    "evaluate.metrics": ["cider", "coco_bleu", "coco_rouge", "degeneration"],
    "evaluate.baseline": ["nearest_caption", "constant_caption"],
}
CONSTRAINTS = (
    (
        "image_as == 'attention' or decoder.attention.type == 'none'",
        "only `image_as: attention` looks at places: write `decoder: {attention: none}`",
    ),
    (
        "image_as != 'attention' or decoder.attention.type != 'none'",
        "take an attention, or `image_as: state` or `input`",
    ),
    ("not decoder.copy", "leave it out: a picture has no words to copy"),
)
RECIPE_CONSTRAINTS = (
    ("decode is not None", "name a way to search, such as greedy or beam"),
    ("not data.share_vocabulary", "leave it out: a picture has no words"),
    (
        "(data.features.image.type == 'image_features') == (model.image_encoder.type == 'none')",
        "the feature `image_features` goes with `image_encoder: none`, and pictures with another one",
    ),
    (
        "model.augmentation is None or data.features.image.type != 'image_features'",
        "leave it out: features are made once, from the pictures as they are",
    ),
)
ONE_PIXEL = png(np.zeros((1, 1, 3), np.uint8))  # stands for a picture where a batch has none
NEVER_WRITTEN = (PAD_ID, START_ID, UNKNOWN_ID)  # a caption with a word that is none helps nobody
Augmentation = Annotated[
    Any, Options("kerasseq.layers.image_augmentation:ImageAugmentation", supplied=("side_ids",))
]
Decoder = Annotated[Any, Options("kerasseq.layers.decoder:RecurrentDecoder")]


@register("model")
def build_captioner(
    *,
    image_shape: Supplied[Sequence[int]],
    vocabulary_size: Supplied[PositiveInt],
    embedding_dim: PositiveInt = 256,
    image_encoder: ImageEncoder = "cnn",
    image_as: ImageAs = "attention",
    image_units: PositiveInt | None = None,
    image_dropout: Rate = 0.0,
    augmentation: Augmentation | None = None,
    decoder: Decoder = {},  # noqa: B006
    dropout: Rate = 0.0,
    word_dropout: Rate = 0.0,
    tie_embeddings: bool = False,
) -> keras.Model:
    """Builds a writer of captions: an image encoder and a recurrent decoder.

    Args:
        image_shape: Height, width and channels of a picture, or of a map where the encoder is `none`.
        vocabulary_size: Ids run from 0 (padding) to this, exclusive.
        embedding_dim: Width of the embedding.
        image_encoder: A name from `layers/image_encoders/`, or a mapping with its options.
        image_as: How the picture enters: places to attend to, the first state, or an input of each step.
        image_units: Width that the encoder's map is projected to; null leaves it.
        image_dropout: Rate on the map.
        augmentation: How pictures change in training, options of `ImageAugmentation`; null leaves them.
        decoder: Options of `RecurrentDecoder`, or one; its attention is of use with `image_as: attention`.
        dropout: Rate on the embedded tokens.
        word_dropout: Share of the tokens it is fed that training replaces by the unknown one.
        tie_embeddings: The embedding scores the vocabulary as well.
    Returns:
        A functional model from `{"image": (batch, *image_shape), "caption": (batch, time)}` to logits
        (batch, time, vocabulary_size). Captions begin with `<s>`; 0 is padding, on the right.
    Raises:
        ValueError: If an option is out of its range, or the decoder does not suit `image_as`.
    """
    check_arguments(
        build_captioner, vocabulary_size=vocabulary_size, embedding_dim=embedding_dim, image_as=image_as,
        image_units=image_units, image_dropout=image_dropout, dropout=dropout,
        word_dropout=word_dropout,
    )  # fmt: skip
    decoder = _decoder(decoder, image_as)
    image_memory = ImageMemory(
        image_encoder=image_encoder, image_as=image_as, state_sizes=decoder.state_sizes,
        image_units=image_units, dropout=image_dropout, name="image_memory",
    )  # fmt: skip
    is_map = image_memory.encoder is None
    image = keras.Input(tuple(image_shape), dtype="float16" if is_map else "uint8", name="image")
    caption = keras.Input((None,), dtype="int32", name="caption")
    seen = image
    if augmentation is not None:
        seen = ImageAugmentation(**augmentation, name="augmentation")(image, caption)
    memory, states = image_memory(seen)
    initializer = keras.initializers.RandomNormal(stddev=embedding_dim**-0.5)
    embedding = keras.layers.Embedding(vocabulary_size, embedding_dim, initializer, name="embedding")
    token_decoder = TokenDecoder(
        embedding=embedding, decoder=decoder, tie_embeddings=tie_embeddings, dropout=dropout,
        word_dropout=word_dropout, name="decoder",
    )  # fmt: skip
    logits = token_decoder(caption, memory, memory_mask=None, initial_states=states)
    return keras.Model({"image": image, "caption": caption}, logits, name="captioner")


def _decoder(decoder: Any, image_as: str) -> RecurrentDecoder:
    """The decoder, which is shown the picture at every step where this is how it enters."""
    made = RecurrentDecoder(**decoder) if isinstance(decoder, Mapping) else decoder
    if (made.attention is not None) != (image_as == "attention"):
        raise ValueError(
            "`image_as` 'attention' needs a decoder with an attention, 'state' and 'input' one without. "
            f"Received: image_as={image_as!r}, attention={made.options['attention']!r}"
        )
    if image_as != "input":
        return made
    return RecurrentDecoder(**{**made.options, "attention": FixedContext(units=made.units)})


@register("task")
class CaptionerTask(Task):
    """What the stages need to know of a captioner."""

    fields = FIELDS
    input_fields = ("image",)
    output_field = "caption"
    measures = MEASURES

    def build(self, *, augmentation: Mapping[str, Any] | None = None, **options: Any) -> keras.Model:
        if augmentation is not None:
            sides = self.features["caption"].ids_of(augmentation["side_words"])
            augmentation = {**augmentation, "side_ids": [ids for ids in sides if UNKNOWN_ID not in ids]}
        return build_captioner(
            image_shape=self.features["image"].shape,
            vocabulary_size=self.features["caption"].vocabulary_size,
            augmentation=augmentation,
            **options,
        )

    def rebuild(self, *, image_encoder: Any, **options: Any) -> keras.Model:
        """Without a fetch of the weights that the image encoder started from."""
        if isinstance(image_encoder, Mapping) and "weights" in image_encoder:
            image_encoder = {**image_encoder, "fetches": False}
        return self.build(image_encoder=image_encoder, **options)

    @staticmethod
    def example(batch: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
        """Teacher forcing: the caption is the label of the step before."""
        caption = batch["caption"]
        return {"image": batch["image"], "caption": caption[:, :-1]}, caption[:, 1:]

    @staticmethod
    def loops(model: keras.Model, *, sampling: str | None) -> dict[str, str]:
        image_as = model.get_layer("image_memory").image_as
        how = {
            "attention": "looked at in every step, place by place",
            "state": "seen once, in the first state",
            "input": "shown as a whole in every step",
        }
        return {"picture": how[image_as], "training": teaching(sampling)}

    @staticmethod
    def loss(label_smoothing: float = 0.0) -> keras.losses.Loss:
        """Cross-entropy per real token."""
        return MaskedCrossEntropy(label_smoothing=label_smoothing)

    def score(self, model: keras.Model, batch: Mapping[str, Any], state: Any) -> tuple[dict[str, Any], Any]:
        """Under teacher forcing: log-probabilities, real tokens and right guesses."""
        inputs, labels = self.example(batch)
        return token_scores(labels, model(inputs, training=False)), state

    def figures(self, sums: Mapping[str, float]) -> dict[str, float]:
        return token_figures(sums)

    @staticmethod
    def begin(model: keras.Model, image: Any) -> dict[str, Any]:
        """Encodes pictures into the decoding state."""
        memory, states = model.get_layer("image_memory")(image, training=False)
        return model.get_layer("decoder").begin(memory, None, states)

    @staticmethod
    def step(model: keras.Model, tokens: Any, state: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Logits (batch, vocabulary) after `tokens` (batch,), and the state behind them."""
        return model.get_layer("decoder").step(tokens, state)

    def decode(
        self, model: keras.Model, images: Any, decoder: Any, *, with_attention: bool = False
    ) -> Hypotheses:
        """Captions of a batch of pictures, or of maps; none has an unknown word."""
        return decoder(
            lambda tokens, state: self.step(model, tokens, state),
            self.begin(model, images),
            batch_size=ops.shape(images)[0],
            max_length=decoder.limit(None),
            with_attention=with_attention,
            forbidden_ids=NEVER_WRITTEN,
            **self.stops(decoder),
        )

    def respond(
        self, model: keras.Model, encoded: Mapping[str, Any], decoder: Any, *, detailed: bool = False
    ) -> dict[str, Any]:
        """The fields of `Hypotheses`; if `detailed`, with attention and the `grid` of its places."""
        memory = model.get_layer("image_memory")
        looks = detailed and memory.image_as == "attention"
        found = self.decode(model, encoded["image"], decoder, with_attention=looks)
        answers = {name: part for name, part in found._asdict().items() if part is not None}
        return answers | ({"grid": ops.convert_to_tensor(memory.grid)} if detailed else {})

    def present(self, encoded: Mapping[str, Any], answers: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """`seen`, where answers are detailed, has the picture, the words and, for each, where it looked."""
        caption = self.features["caption"]
        texts = np.asarray(caption.decode(answers["tokens"][:, 0]))
        for row, (text, score) in enumerate(zip(texts, answers["scores"][:, 0], strict=True)):
            shown: dict[str, Any] = {"prediction": text.decode(), "score": round(float(score), 6)}
            if "grid" in answers:
                tokens = answers["tokens"][row, 0]
                length = int(answers["lengths"][row, 0]) - (1 if END_ID in tokens else 0)
                words = [caption.vocabulary[token] for token in tokens[:length]]
                shown["seen"] = {"words": words, "grid": answers["grid"].tolist()}
                if encoded["image"].dtype == np.uint8:  # else it is a map, which nobody can look at
                    shown["seen"]["picture"] = picture(encoded["image"][row])
                if "attention" in answers:
                    weights = answers["attention"][row, 0, :length].astype("float64")
                    shown["seen"]["weights"] = weights.round(4).tolist()
            yield shown

    def signatures(self, model: keras.Model, decoder: Any) -> dict[str, Signature]:
        """From the bytes of picture files to captions, and from pairs of both to log-probabilities.

        - `serving_default`: `image` (batch,) -> `text`, `score` (batch,), and the best hypotheses that the
          recipe's `decode` keeps, best first: `n_best_text`, `n_best_score` (batch, num_hypotheses).
        - `score`: `image`, `caption` (batch,) -> `log_probability`, `num_tokens` (batch,).
        """
        pictures, caption = self.features["image"], self.features["caption"]

        def serve(image: Any) -> dict[str, Any]:
            found = self.respond(model, {"image": pictures.of_bytes(image)}, decoder)
            texts, scores = caption.decode(found["tokens"]), found["scores"]  # (batch, n_best)
            best = {"text": texts[:, 0], "score": scores[:, 0]}
            return {**best, "n_best_text": texts, "n_best_score": scores}

        def score(**given: Any) -> dict[str, Any]:
            batch = {"image": pictures.of_bytes(given["image"]), "caption": caption.encode(given["caption"])}
            found, _ = self.score(model, batch, ())
            return {name: found[name] for name in ("log_probability", "num_tokens")}

        strings, filler = Raw("string", (None,)), {"image": ONE_PIXEL}
        return {
            "serving_default": Signature({"image": strings}, serve, fillers=filler),
            "score": Signature({"image": strings, "caption": strings}, score, fillers=filler),
        }
