"""From tokens to logits: embedding, decoder and vocabulary."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import keras
from keras import ops

from kerasseq.layers.affine import affine
from kerasseq.layers.attention.attention import rows_of
from kerasseq.layers.attention_recurrence import batch_major
from kerasseq.layers.copying import known, with_copies
from kerasseq.layers.coverage import coverage_loss
from kerasseq.layers.decoder import RecurrentDecoder
from kerasseq.layers.dropout import Dropout
from kerasseq.layers.ready_parts import with_ready_parts
from kerasseq.layers.scan import scan
from kerasseq.layers.token_dropout import TokenDropout
from kerasseq.layers.token_sampling import are_own, are_read, mixed, own_tokens
from kerasseq.specs import Rate, check_arguments


@keras.saving.register_keras_serializable("kerasseq")
class TokenDecoder(keras.layers.Layer):
    """Embeds target tokens, decodes them, and scores the vocabulary.

    Teacher-forced training projects to the vocabulary once, for all steps together. Only while scheduled
    sampling is on does it read tokens of its own, step by step or in two passes; see
    `layers/token_sampling.py`.

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
        Press and Wolf 2017, https://arxiv.org/abs/1608.05859 (tying)
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
        self.dropout = Dropout(dropout)
        self.word_dropout = TokenDropout(rate=word_dropout) if word_dropout else None
        self.bottleneck: keras.layers.Dense | None = None
        if tie_embeddings and decoder.units != embedding.output_dim:
            self.bottleneck = keras.layers.Dense(embedding.output_dim, use_bias=False)
        self.sampling_mode: str | None = None
        self.draw: Callable[[Any, Any], Any] | None = None
        self.sampling_seed = keras.random.SeedGenerator()

    def build(self, tokens_shape: tuple, memory_shape: tuple | None = None) -> None:
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
        self.output_bias = self.add_weight(
            name="output_bias", shape=(vocabulary_size,), initializer="zeros", autocast=False
        )
        self.sampling_probability = self.add_weight(
            name="sampling_probability", shape=(), initializer="zeros", trainable=False, autocast=False
        )

    def enable_sampling(
        self,
        is_on: bool = True,
        *,
        mode: Literal["stepwise", "parallel"] = "stepwise",
        draw: Callable[[Any, Any], Any] | None = None,
    ) -> keras.Variable:
        """Switches scheduled sampling on or off, and returns the probability of reading an own token.

        What is switched is read when a training step is traced: a compiled model has to trace its step anew.
        The probability may move without that.

        Args:
            is_on: Off is teacher forcing.
            mode: How own tokens are found; see `layers/token_sampling.py`.
            draw: From scores (rows, vocabulary) and numbers in [0, 1), (rows,), to own tokens (rows,); None
                takes the best.
        Raises:
            ValueError: If there is no such mode.
        """
        check_arguments(TokenDecoder.enable_sampling, mode=mode)
        self.sampling_mode, self.draw = mode if is_on else None, draw
        return self.sampling_probability

    def compute_output_spec(
        self, tokens: Any, *args: Any, source_ids: Any = None, **kwargs: Any
    ) -> keras.KerasTensor:
        """What `call` will return; Keras would trace its loops to find out."""
        if self.copies:
            return super().compute_output_spec(tokens, *args, source_ids=source_ids, **kwargs)
        return keras.KerasTensor((*tokens.shape, self.embedding.input_dim), self.output_bias.dtype)

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
        given = (memory, memory_mask, initial_states)
        if self.sampling_mode is None or not training:
            outputs, seen = self._forced(tokens, given, training)
        elif self.sampling_mode == "parallel":
            outputs, seen = self._parallel(tokens, given, source_ids)
        else:
            outputs, seen = self._stepwise(tokens, given, source_ids)
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
            loss = coverage_loss(seen["attention_weights"], are_read(tokens))
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
        return affine(outputs, self.embedding.embeddings, self.output_bias, tied=True)

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

    def _forced(self, tokens: Any, given: tuple, training: bool) -> tuple[Any, dict]:
        """All steps at once on given tokens: the outputs and what was seen, batch first."""
        memory, memory_mask, initial_states = given
        return self.decoder(
            self.dropout(self._embedded(tokens), training=training),
            memory,
            memory_mask=memory_mask,  # by its name, as Keras wants masks that may be None
            initial_states=initial_states,
            with_attention=True,
            training=training,
        )

    def _parallel(self, tokens: Any, given: tuple, source_ids: Any) -> tuple[Any, dict]:
        """As `_forced` in training, on what a pass before, without dropout and gradient, has mixed."""
        outputs, seen = self._forced(tokens, given, training=False)
        scores = ops.stop_gradient(self._scores(outputs, seen, source_ids))
        is_own = are_own(tokens, self.sampling_probability, seed=self.sampling_seed)
        own = own_tokens(scores, self.draw, self._uniform(tokens))
        return self._forced(mixed(tokens, own, is_own), given, training=True)

    def _stepwise(self, tokens: Any, given: tuple, source_ids: Any) -> tuple[Any, dict]:
        """As `_forced` in training, where each step reads the true token or the one before's prediction."""
        shape = ops.shape(tokens)[::-1]  # (target_time, batch)
        ones = ops.ones((*shape, self.embedding.output_dim), self.compute_dtype)
        is_own = are_own(tokens, self.sampling_probability, seed=self.sampling_seed)
        uniform = self._uniform(tokens)
        inputs = {
            "tokens": ops.transpose(tokens),
            "is_own": ops.transpose(is_own),
            "uniform": [] if uniform is None else ops.transpose(uniform),
            "embedding_mask": self.dropout(ones, training=True),
            "output_mask": self.decoder.dropout(
                ops.ones((*shape, self.decoder.units), self.compute_dtype), training=True
            ),
            "masks": self.decoder.dropout_masks(ones, True),
        }
        state = self.decoder.begin(*given)
        fixed = state.pop("memory")
        is_seen = {"attention_weights": self.copies or self.decoder.coverage, "copy_gate": self.copies}
        wanted = [name for name, is_needed in is_seen.items() if is_needed]

        def step(carry: dict, now: dict) -> tuple[dict, Any]:
            fed = ops.where(now["is_own"], carry["own"], now["tokens"])
            embedded = self._embedded(fed) * now["embedding_mask"]
            outputs, state = self.decoder.step(embedded, {**carry["state"], "memory": fixed}, now["masks"])
            state.pop("memory")
            outputs = outputs * now["output_mask"]
            own = own_tokens(self._scores(outputs, state, source_ids), self.draw, now["uniform"])
            seen = {name: state[name] for name in wanted}
            return {"own": ops.cast(own, tokens.dtype), "state": state}, (outputs, seen)

        _, found = scan(step, {"own": tokens[:, 0], "state": state}, inputs)
        return batch_major(found)

    def _uniform(self, tokens: Any) -> Any:
        """A number in [0, 1) for each token, where own ones are drawn."""
        return None if self.draw is None else keras.random.uniform(ops.shape(tokens), seed=self.sampling_seed)

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
