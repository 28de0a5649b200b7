"""From tokens to the logits of the tokens behind them, with the states in the open."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import keras
from keras import ops, tree

from kerasseq.layers.activation_regularization import ActivationRegularization
from kerasseq.layers.affine import affine
from kerasseq.layers.cells.cell import Cell, States, Weights
from kerasseq.layers.dropout import Dropout
from kerasseq.layers.embedding_dropout import EmbeddingDropout
from kerasseq.layers.kernels.by_gate import weights_by_gate
from kerasseq.layers.kernels.choice import Kernel
from kerasseq.layers.kernels.halves import in_halves
from kerasseq.layers.ready_parts import with_ready_parts
from kerasseq.layers.recurrent import Recurrent
from kerasseq.layers.stack import states_to_come
from kerasseq.layers.token_dropout import TokenDropout
from kerasseq.specs import Cell as CellName
from kerasseq.specs import NonNegativeFloat, PositiveInt, Rate, check_arguments

AllStates = list[States]

MOST_ROWS = 1024  # of a vocabulary that is multiplied as a whole


class Prepared(NamedTuple):
    """What the steps of a loop have in common.

    `rows` is what the lowest layer makes of each token, (vocabulary_size, width), which a step looks up; None
    where tokens are many. `by_gate` has for each layer its `weights_by_gate`.
    """

    rows: Any | None
    by_gate: list[Weights | None]


@keras.saving.register_keras_serializable("kerasseq")
class TokenRecurrence(keras.layers.Layer):
    """Embeds tokens, runs recurrent layers over them and scores the vocabulary after each.

    The states go in and come out: a text read in pieces gives the logits of the text read at once.

    Args:
        vocabulary_size: Ids run from 0 (padding) to this, exclusive.
        embedding_dim: Width of the embedding; None reads one-hot vectors.
        cell: A name from `layers/cells/`, a mapping with `type`, or a cell where there is one layer.
        units: Width of each layer.
        num_layers: Layers on top of each other.
        output_units: Width of the last layer; None is `units`.
        tie_embeddings: Score the vocabulary with the embedding's matrix, behind a projection where the last
            layer is not as wide as the embedding.
        embedding_dropout: Share of the words that a batch does not see.
        word_dropout: Share of the tokens that training replaces by the unknown one, each for itself.
        input_dropout: Rate on the embedded tokens.
        hidden_dropout: Rate between the layers.
        output_dropout: Rate on the last layer's outputs.
        locked_dropout: Draw one mask for all steps of a sequence instead of one for each step.
        recurrent_dropout, weight_drop, zoneout: What is dropped in each layer's loop; see `StateNoise`.
        activity_penalty: Weight of the loss on the size of the last layer's outputs.
        slowness_penalty: Weight of the loss on how they change from step to step.
        kernel: What the loops over time run on: `auto`, `fused`, `cudnn` or `generic`.
    Call arguments:
        tokens: (batch, time), or (batch,) for a single step.
        states: For each layer its states, (batch, units) each; zeros unless given.
        mask: True at the tokens to read, (batch, time); others leave the states as they are. Padding on the
            right needs none for its row's logits.
        prepared: From `prepare`, for one step of many.
    Returns:
        Logits of the next token, (batch, time, vocabulary_size) or (batch, vocabulary_size), and the states
        behind the last one.
    Raises:
        ValueError: If embeddings are tied that do not exist.
    Reference:
        Press and Wolf 2017 (tying); Merity et al. 2018, https://arxiv.org/abs/1708.02182 (dropout, losses).
    """

    def __init__(
        self,
        *,
        vocabulary_size: PositiveInt,
        embedding_dim: PositiveInt | None = 256,
        cell: CellName = "lstm",
        units: PositiveInt = 256,
        num_layers: PositiveInt = 1,
        output_units: PositiveInt | None = None,
        tie_embeddings: bool = False,
        embedding_dropout: Rate = 0.0,
        word_dropout: Rate = 0.0,
        input_dropout: Rate = 0.0,
        hidden_dropout: Rate = 0.0,
        output_dropout: Rate = 0.0,
        locked_dropout: bool = True,
        recurrent_dropout: Rate = 0.0,
        weight_drop: Rate = 0.0,
        zoneout: Rate = 0.0,
        activity_penalty: NonNegativeFloat = 0.0,
        slowness_penalty: NonNegativeFloat = 0.0,
        kernel: Kernel = "auto",
        **kwargs: Any,
    ):
        noise = {"recurrent_dropout": recurrent_dropout, "weight_drop": weight_drop, "zoneout": zoneout}
        options = {
            "vocabulary_size": vocabulary_size, "embedding_dim": embedding_dim, "cell": cell, "units": units,
            "num_layers": num_layers, "output_units": output_units, "tie_embeddings": tie_embeddings,
            "embedding_dropout": embedding_dropout, "word_dropout": word_dropout,
            "input_dropout": input_dropout, "hidden_dropout": hidden_dropout,
            "output_dropout": output_dropout, "locked_dropout": locked_dropout, "kernel": kernel,
            "activity_penalty": activity_penalty, "slowness_penalty": slowness_penalty, **noise,
        }  # fmt: skip
        check_arguments(TokenRecurrence.__init__, **options)
        if tie_embeddings and embedding_dim is None:
            raise ValueError("`tie_embeddings` needs an embedding. Received: embedding_dim=None")
        super().__init__(**kwargs)
        self.supports_masking = True
        self.options = options
        self.vocabulary_size = vocabulary_size
        self.tie_embeddings = tie_embeddings
        dtype = self.dtype_policy
        self.embedding: keras.layers.Embedding | None = None
        if embedding_dim is not None:
            deviation = keras.initializers.RandomNormal(stddev=embedding_dim**-0.5)
            self.embedding = keras.layers.Embedding(vocabulary_size, embedding_dim, deviation, dtype=dtype)
        widths = [units] * (num_layers - 1) + [output_units or units]
        of_all = {"return_sequences": True, "return_state": True, "kernel": kernel, "dtype": dtype, **noise}
        self.recurrent_layers = [Recurrent(cell=cell, units=width, **of_all) for width in widths]
        self.bottleneck: keras.layers.Dense | None = None
        if tie_embeddings and widths[-1] != embedding_dim:
            self.bottleneck = keras.layers.Dense(embedding_dim, use_bias=False, dtype=dtype)
        one_for_all_steps = (None, 1, None)
        dropout = functools.partial(Dropout, noise_shape=one_for_all_steps if locked_dropout else None)
        self.word_dropout = TokenDropout(rate=word_dropout) if word_dropout else None
        self.embedding_dropout = EmbeddingDropout(
            vocabulary_size=vocabulary_size, rate=embedding_dropout, dtype=dtype
        )
        self.input_dropout = dropout(input_dropout, dtype=dtype)
        self.hidden_dropouts = [dropout(hidden_dropout, dtype=dtype) for _ in widths[1:]]
        self.output_dropout = dropout(output_dropout, dtype=dtype)
        self.penalties = ActivationRegularization(
            activity=activity_penalty, slowness=slowness_penalty, dtype=dtype
        )

    def build(self, tokens_shape: tuple) -> None:
        width = self.vocabulary_size
        if self.embedding is not None:
            self.embedding.build(tokens_shape)
            width = self.embedding.output_dim
        for layer in self.recurrent_layers:
            layer.build((None, None, width))
            width = layer.units
        if self.bottleneck is not None:
            self.bottleneck.build((None, width))
        if not self.tie_embeddings:
            self.output_kernel = self.add_weight(
                name="output_kernel", shape=(width, self.vocabulary_size), initializer="glorot_uniform"
            )
        self.output_bias = self.add_weight(
            name="output_bias", shape=(self.vocabulary_size,), initializer="zeros", autocast=False
        )

    def compute_output_spec(self, tokens: Any, *args: Any, **kwargs: Any) -> tuple[Any, AllStates]:
        """What `call` will return; Keras would trace its loops to find out."""
        sizes = [layer.cell.state_size for layer in self.recurrent_layers]
        states = states_to_come(sizes, tokens.shape[0], self.compute_dtype)
        return keras.KerasTensor((*tokens.shape, self.vocabulary_size), self.output_bias.dtype), states

    def call(
        self,
        tokens: Any,
        states: AllStates | None = None,
        mask: Any = None,
        prepared: Prepared | None = None,
        training: bool = False,
    ) -> tuple[Any, AllStates]:
        if states is None:
            states = self.zero_states(ops.shape(tokens)[0])
        if len(tokens.shape) == 1:
            return self._step(tokens, states, prepared or Prepared(None, [None] * len(states)))
        read = tokens if self.word_dropout is None else self.word_dropout(tokens, training=training)
        if self._reads_rows(training):
            inputs, table = read, self._table()
        else:
            embedded = self.embedding_dropout(self._embedded(read), read, training=training)
            inputs, table = self.input_dropout(embedded, training=training), None
        through_layers = functools.partial(self._through_layers, table=table, training=training)
        is_halved = training and not any(layer.is_whole for layer in self.recurrent_layers)
        units = max(layer.units for layer in self.recurrent_layers)
        outputs, after = in_halves(through_layers, inputs, states, mask, units=units, training=is_halved)
        dropped = self.output_dropout(outputs, training=training)
        is_real = ops.not_equal(tokens, 0) if mask is None else mask
        return self._logits(self.penalties(outputs, dropped, is_real, training=training)), after

    def _through_layers(
        self, inputs: Any, states: AllStates, mask: Any, *, table: Any, training: bool
    ) -> tuple[Any, AllStates]:
        outputs, after = inputs, []
        for index, (layer, before) in enumerate(zip(self.recurrent_layers, states, strict=True)):
            below = self.hidden_dropouts[index - 1](outputs, training=training) if index else outputs
            options = {} if index else {"table": table}
            outputs, last = layer(below, mask=mask, initial_state=tuple(before), training=training, **options)
            after.append(last)
        return outputs, after

    def _reads_rows(self, training: bool) -> bool:
        """Whether the lowest layer may multiply the vocabulary once instead of every token."""
        is_dropped = training and (self.options["embedding_dropout"] or self.options["input_dropout"])
        width = self.options["embedding_dim"] or self.vocabulary_size
        return not is_dropped and self.vocabulary_size <= min(2 * width, MOST_ROWS)

    def _table(self) -> Any:
        """What stands for each token, (vocabulary_size, width)."""
        if self.embedding is None:
            return ops.eye(self.vocabulary_size, dtype=self.compute_dtype)
        return ops.cast(self.embedding.embeddings, self.compute_dtype)

    def prepare(self) -> Prepared:
        """What single steps have in common, made once before a loop over them."""
        by_gate = [weights_by_gate(layer.cell) for layer in self.recurrent_layers]
        is_looked_up = self._reads_rows(training=False)
        rows = self.recurrent_layers[0].project(self._table(), by_gate[0]) if is_looked_up else None
        return Prepared(rows, by_gate)

    def _step(self, tokens: Any, states: AllStates, prepared: Prepared) -> tuple[Any, AllStates]:
        outputs, after = None, []
        for layer, before, by_gate in zip(self.recurrent_layers, states, prepared.by_gate, strict=True):
            if after:
                projected = layer.project(outputs, by_gate)
            elif prepared.rows is None:
                projected = layer.project(self._embedded(tokens), by_gate)
            else:
                projected = tree.map_structure(lambda rows: ops.take(rows, tokens, axis=0), prepared.rows)
            outputs, new = layer.step_from(projected, before, by_gate)
            after.append(new)
        return self._logits(outputs), after

    def _embedded(self, tokens: Any) -> Any:
        if self.embedding is None:
            return ops.one_hot(tokens, self.vocabulary_size, dtype=self.compute_dtype)
        return self.embedding(tokens)

    def _logits(self, outputs: Any) -> Any:
        """(..., units) -> (..., vocabulary_size)."""
        if not self.tie_embeddings:
            return affine(outputs, self.output_kernel, self.output_bias)
        if self.bottleneck is not None:
            outputs = self.bottleneck(outputs)
        return affine(outputs, self.embedding.embeddings, self.output_bias, tied=True)

    def zero_states(self, batch_size: Any) -> AllStates:
        """The states before the first token."""
        return [layer.cell.zero_states(batch_size) for layer in self.recurrent_layers]

    def get_config(self) -> dict[str, Any]:
        cell = self.options["cell"]
        written = keras.saving.serialize_keras_object(cell) if isinstance(cell, Cell) else cell
        return {**super().get_config(), **self.options, "cell": written}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> TokenRecurrence:
        return super().from_config(with_ready_parts(config, "cell"))
