"""From tokens to logits: embedding, decoder and vocabulary."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.layers.affine import affine, turned
from kerasseq.layers.attention.attention import rows_of
from kerasseq.layers.attention_recurrence import batch_major
from kerasseq.layers.copying import known, with_copies
from kerasseq.layers.coverage import coverage_loss
from kerasseq.layers.decoder import RecurrentDecoder
from kerasseq.layers.ready_parts import with_ready_parts
from kerasseq.layers.scan import scan
from kerasseq.layers.token_dropout import TokenDropout
from kerasseq.specs import END_ID, PAD_ID, Rate, check_arguments


@keras.saving.register_keras_serializable("kerasseq")
class TokenDecoder(keras.layers.Layer):
    """Embeds target tokens, decodes them, and scores the vocabulary.

    Teacher-forced training projects to the vocabulary once, for all steps together. Only while scheduled
    sampling is on does it decode step by step, feeding back its own best token with the given probability.

    Where the decoder copies, tokens may be of the source's own extension of the vocabulary, and the logits
    are log-probabilities of it as well; see `layers/copying.py`.

    Args:
        embedding: The target embedding, which the encoder may share.
        decoder: The recurrent decoder.
        tie_embeddings: Take the embedding's matrix for the output as well.
        dropout: Rate on the embedded tokens.
        word_dropout: Share of the tokens, but for own ones, that training replaces by the unknown one.
    Call arguments:
        tokens: Ids that begin with `<s>`, (batch, target_time).
        memory, memory_mask, initial_states: As in `RecurrentDecoder`.
        source_ids: The memory's tokens, from `numbered`, (batch, source_time), where the decoder copies.
        state: From `begin`: what `step` hands over, with one token each, (batch,).
    Returns:
        Logits, (batch, target_time, vocabulary); with `state`, what `step` returns.
    Raises:
        ValueError: If there are no `source_ids` to copy.
    Reference:
        Press and Wolf 2017 (tying); Bengio et al. 2015, https://arxiv.org/abs/1506.03099 (sampling).
    """

    def __init__(
        self,
        *,
        embedding: keras.layers.Embedding,
        decoder: RecurrentDecoder,
        tie_embeddings: bool = False,
        dropout: Rate = 0.0,
        word_dropout: Rate = 0.0,
        **kwargs: Any,
    ):
        check_arguments(TokenDecoder.__init__, dropout=dropout, word_dropout=word_dropout)
        super().__init__(**kwargs)
        self.embedding = embedding
        self.decoder = decoder
        self.tie_embeddings = tie_embeddings
        self.dropout = keras.layers.Dropout(dropout)
        self.word_dropout = TokenDropout(rate=word_dropout) if word_dropout else None
        self.bottleneck: keras.layers.Dense | None = None
        if tie_embeddings and decoder.units != embedding.output_dim:
            self.bottleneck = keras.layers.Dense(embedding.output_dim, use_bias=False)
        self.samples = False
        self.sampling_seed = keras.random.SeedGenerator()

    def build(self, tokens_shape: tuple, memory_shape: tuple) -> None:
        vocabulary_size, embedding_dim = self.embedding.input_dim, self.embedding.output_dim
        self.embedding.build(tokens_shape)
        self.decoder.build((*tokens_shape, embedding_dim), memory_shape)
        if self.bottleneck is not None:
            self.bottleneck.build((None, self.decoder.units))
        if not self.tie_embeddings:
            self.output_kernel = self.add_weight(
                name="output_kernel",
                shape=(self.decoder.units, vocabulary_size),
                initializer="glorot_uniform",
            )
        self.output_bias = self.add_weight(name="output_bias", shape=(vocabulary_size,), initializer="zeros")
        self.sampling_probability = self.add_weight(
            name="sampling_probability", shape=(), initializer="zeros", trainable=False, autocast=False
        )

    def enable_sampling(self, is_on: bool = True) -> keras.Variable:
        """Switches scheduled sampling on or off, and returns the probability of feeding back an own token.

        The switch is read when a training step is traced: a compiled model has to trace its step anew.
        """
        self.samples = is_on
        return self.sampling_probability

    def call(
        self,
        tokens: Any,
        memory: Any = None,
        memory_mask: Any = None,
        initial_states: Any = None,
        source_ids: Any = None,
        training: bool = False,
        state: dict[str, Any] | None = None,
    ) -> Any:
        if state is not None:
            outputs, after = self.decoder.step(self._embedded(tokens), state)
            return self._scores(outputs, after, rows_of(state["memory"].get("source_ids"), state)), after
        if self.word_dropout is not None:
            tokens = self.word_dropout(tokens, training=training)
        if self.samples and training:
            return self._sampled(tokens, memory, memory_mask, initial_states, training, source_ids)
        outputs, seen = self.decoder(
            self.dropout(self._embedded(tokens), training=training),
            memory,
            memory_mask=memory_mask,  # by its name, as Keras wants masks that may be None
            initial_states=initial_states,
            with_attention=True,
            training=training,
        )
        return self._with_losses(tokens, outputs, seen, source_ids, training)

    @property
    def copies(self) -> bool:
        """Whether tokens of the source are copied."""
        return self.decoder.copy_gate is not None

    @property
    def attends(self) -> bool:
        """Whether there are weights to be seen."""
        return self.decoder.attention is not None

    def _embedded(self, tokens: Any) -> Any:
        return self.embedding(known(tokens, self.embedding.input_dim) if self.copies else tokens)

    def _with_losses(self, tokens: Any, outputs: Any, seen: dict, source_ids: Any, training: bool) -> Any:
        """The scores of all steps; adds what training makes small beside their cross-entropy."""
        if self.decoder.coverage and training:
            is_read = ops.logical_and(tokens != PAD_ID, tokens != END_ID)
            loss = coverage_loss(seen["attention_weights"], is_read)
            self.add_loss(self.decoder.coverage_weight * loss)
        return self._scores(outputs, seen, source_ids)

    def _scores(self, outputs: Any, seen: dict[str, Any], source_ids: Any) -> Any:
        """Logits; where the decoder copies, log-probabilities of the source's unknown words as well."""
        logits = self.logits(outputs)
        if not self.copies:
            return logits
        if source_ids is None:
            raise ValueError("`copy` needs the ids of the source's tokens. Received: source_ids=None")
        return with_copies(logits, seen["copy_gate"], seen["attention_weights"], source_ids)

    def logits(self, outputs: Any) -> Any:
        """(..., units) -> (..., vocabulary)."""
        if not self.tie_embeddings:
            return affine(outputs, self.output_kernel, self.output_bias)
        if self.bottleneck is not None:
            outputs = self.bottleneck(outputs)
        return affine(outputs, turned(self.embedding.embeddings), self.output_bias)

    def begin(
        self, memory: Any, memory_mask: Any, initial_states: Any, source_ids: Any = None
    ) -> dict[str, Any]:
        """The decoding state before `<s>`."""
        state = self.decoder.begin(memory, memory_mask, initial_states)
        if self.copies:
            state["memory"]["source_ids"] = source_ids
        return state

    def step(self, tokens: Any, state: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """One token each: (batch,) -> logits (batch, vocabulary), and the state after it.

        A call of the layer: it is there that Keras casts weights to the policy's precision.
        """
        return self(tokens, state=state)

    def _sampled(
        self,
        tokens: Any,
        memory: Any,
        memory_mask: Any,
        initial_states: Any,
        training: bool,
        source_ids: Any = None,
    ) -> Any:
        by_time = ops.transpose(tokens)  # (target_time, batch)
        shape = ops.shape(by_time)
        probability = ops.where(
            ops.arange(shape[0]) > 0, ops.convert_to_tensor(self.sampling_probability), 0.0
        )
        draws = keras.random.uniform(shape, seed=self.sampling_seed) < probability[:, None]
        ones = ops.ones((*shape, self.embedding.output_dim), self.compute_dtype)
        inputs = {
            "tokens": by_time,
            "use_own": draws,
            "embedding_mask": self.dropout(ones, training=training),
            "output_mask": self.decoder.dropout(
                ops.ones((*shape, self.decoder.units), self.compute_dtype), training=training
            ),
            "masks": self.decoder.dropout_masks(ones, training),
        }
        state = self.decoder.begin(memory, memory_mask, initial_states)
        fixed = state.pop("memory")
        is_seen = {"attention_weights": self.copies or self.decoder.coverage, "copy_gate": self.copies}
        wanted = [name for name, is_needed in is_seen.items() if is_needed]

        def step(carry: dict, now: dict) -> tuple[dict, Any]:
            fed = ops.where(now["use_own"], carry["own"], now["tokens"])
            embedded = self._embedded(fed) * now["embedding_mask"]
            outputs, state = self.decoder.step(embedded, {**carry["state"], "memory": fixed}, now["masks"])
            state.pop("memory")
            outputs = outputs * now["output_mask"]
            own = ops.cast(ops.argmax(self._scores(outputs, state, source_ids), axis=-1), tokens.dtype)
            seen = {name: state[name] for name in wanted}
            return {"own": own, "state": state}, (outputs, seen)

        _, found = scan(step, {"own": by_time[0], "state": state}, inputs)
        return self._with_losses(tokens, *batch_major(found), source_ids, training)

    def get_config(self) -> dict[str, Any]:
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "embedding": serialize(self.embedding),
            "decoder": serialize(self.decoder),
            "tie_embeddings": self.tie_embeddings,
            "dropout": self.dropout.rate,
            "word_dropout": 0.0 if self.word_dropout is None else self.word_dropout.rate,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> TokenDecoder:
        embedding = keras.saving.deserialize_keras_object(config["embedding"])
        return super().from_config({**with_ready_parts(config, "decoder"), "embedding": embedding})
