"""From the past of series to their future."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal

import keras
from keras import ops

from kerasseq.errors import DataError
from kerasseq.layers.forecasting.direct_forecast import DirectForecast
from kerasseq.layers.forecasting.fill_missing import FillMissing
from kerasseq.layers.forecasting.recursive_forecast import RecursiveForecast
from kerasseq.layers.forecasting.window_normalization import ForecastOutput, WindowNormalization
from kerasseq.losses.point_loss import PointLoss
from kerasseq.losses.quantile_loss import QuantileLoss
from kerasseq.models.forecast_signatures import forecast_signatures
from kerasseq.models.shown_forecasts import present_forecasts
from kerasseq.models.task import Task
from kerasseq.registry import register
from kerasseq.specs import (
    Encoder,
    NonNegativeInt,
    Pooling,
    PositiveInt,
    Range,
    Rate,
    Raw,
    Signature,
    Supplied,
    check_arguments,
)

ANSWERS = "numbers"
FIELDS = ("history", "target")
DATA = "kerasseq.data.series.prepare:prepare_series"
DEFAULTS = {
    "decode": None,
    "evaluate.metrics": ["mae", "rmse", "mase", "smape"],
    "evaluate.baseline": ["last_value", "seasonal_naive"],
    "evaluate.num_details": 0,
}
RECIPE_CONSTRAINTS = (
    ("decode is None", "leave it out: a forecast is not searched for"),
    ("train.scheduled_sampling is None", "leave it out: a forecaster writes no tokens"),
    ("train.label_smoothing == 0", "leave it out: numbers are no classes"),
    ("evaluate.num_details == 0", "leave it out: the report draws forecasts from all that there are"),
    (
        "model.strategy != 'recursive' or not data.covariates",
        "their future is not known: take them out, or forecast them as well, or take strategy: direct",
    ),
    (
        "model.strategy != 'recursive' or data.missing != 'mask'",
        "what a recursive forecast reads of itself is never missing: take interpolate",
    ),
)
CONSTRAINTS = (
    ("strategy == 'direct' or pooling.type == 'last'", "a recursive forecast goes on from the last state"),
    ("strategy == 'direct' or not autoregression", "a linear part is for strategy: direct"),
    ("strategy == 'direct' or residual != 'seasonal'", "take residual: last_value, or strategy: direct"),
    ("strategy == 'direct' or not encoder.bidirectional", "a recursive forecast goes on in one direction"),
    (
        "normalization != 'last_value' or residual != 'last_value' or strategy == 'recursive'",
        "the last value is subtracted already: leave one of them out",
    ),
    ("not quantiles or loss == 'mse'", "quantiles have a loss of their own: leave `loss` out"),
)
Quantile = Annotated[float, Range(gt=0, lt=1)]
MIDDLE = 0.5


@register("model")
def build_forecaster(
    *,
    num_features: Supplied[PositiveInt],
    horizon: Supplied[PositiveInt],
    num_targets: Supplied[PositiveInt] = 1,
    num_known: Supplied[NonNegativeInt] = 0,
    num_static: Supplied[NonNegativeInt] = 0,
    context: Supplied[PositiveInt | None] = None,
    season: Supplied[PositiveInt] = 1,
    missing: Supplied[Literal["error", "interpolate", "mask"]] = "error",
    strategy: Literal["direct", "recursive"] = "direct",
    encoder: Encoder = "recurrent",
    pooling: Pooling = "last",
    normalization: Literal["none", "last_value", "instance"] = "none",
    residual: Literal["none", "last_value", "seasonal"] = "none",
    autoregression: NonNegativeInt = 0,
    known_units: PositiveInt = 32,
    output_dropout: Rate = 0.0,
    loss: Literal["mse", "mae", "huber"] = "mse",
    quantiles: list[Quantile] = (),
) -> keras.Model:
    """Builds a forecaster: one vector of a window's history, and from it every step of the future.

    It compiles and fits like any other model, `model.fit(windows, futures)` with `forecast_loss(model)`. With
    the defaults it is a plain regression of sequences: `horizon` then is how many vectors are to be told.

    Args:
        num_features: Width of the history; the targets' own past comes first.
        horizon: Steps that are forecast.
        num_targets: Series that are forecast together.
        num_known: Covariates whose future is known as well.
        num_static: Numbers that a series has once.
        context: Rows of the history; any number unless given.
        season: Rows of a season.
        missing: What is done with NaN in the history: nothing, or see `FillMissing`.
        strategy: All steps at once (direct), or one after the other, each reading the one before (recursive).
        encoder: A name from `layers/encoders/`, or a mapping with its options.
        pooling: What is kept of the encoder's outputs: a name from `layers/pooling/`.
        normalization: What is taken out of each window and given back to its forecast: nothing, its last
            value, or its mean and deviation (instance).
        residual: What a forecast is a difference from: nothing, the last value, or the value of a season
            before; where it is recursive, each step from the one before.
        autoregression: How many last values a linear forecast beside the network reads; 0: there is none.
        known_units: Width of what the network makes of known covariates at each step of a direct forecast.
        output_dropout: Rate on what the forecast is made of.
        loss: What training makes small, unless there are quantiles.
        quantiles: Forecast these quantiles, 0.5 among them, instead of one number.
    Returns:
        A functional model from a history (batch, context, features) to a forecast (batch, horizon, targets),
        with quantiles (batch, horizon, targets, quantiles). With covariates its input is `{"history": …,
        "known": (batch, context + horizon, known), "static": (batch, static)}`, as far as there are any.
    Raises:
        ValueError: If an option is out of its range, or the history is shorter than what reads it.
    """
    sizes = {"num_features": num_features, "num_targets": num_targets, "horizon": horizon}
    words = {"strategy": strategy, "normalization": normalization, "residual": residual, "missing": missing}
    numbers = {"autoregression": autoregression, "known_units": known_units, "num_known": num_known}
    rest = {"context": context, "season": season, "num_static": num_static, "loss": loss}
    check_arguments(build_forecaster, **sizes, **words, **numbers, **rest, output_dropout=output_dropout)
    _check_fit(context, {"autoregression": autoregression, "season": season * (residual == "seasonal")})
    middle = _middle(quantiles)
    inputs = {"history": keras.Input((context, num_features), name="history")}
    length = None if context is None else context + horizon
    if num_known:
        inputs["known"] = keras.Input((length, num_known), name="known")
    if num_static:
        inputs["static"] = keras.Input((num_static,), name="static")
    history, known, static = (inputs.get(name) for name in ("history", "known", "static"))
    if missing != "error":
        history = FillMissing(method=missing, name="fill_missing")(history)
        known = known if known is None else FillMissing(method=missing, name="fill_known")(known)
    targets, shift, scale = WindowNormalization(kind=normalization, name="normalization")(
        history[..., :num_targets]
    )
    outputs = {"horizon": horizon, "num_targets": num_targets, "num_outputs": max(len(quantiles), 1)}
    common = {**outputs, "encoder": encoder, "output_dropout": output_dropout, "name": "network"}
    if strategy == "recursive":
        layer = RecursiveForecast(**common, adds_last=residual == "last_value", middle=middle)
        forecast = layer(targets, None if known is None else known[:, 1:], static)
    else:
        layer = DirectForecast(
            **common, pooling=pooling, autoregression=autoregression, residual=residual, season=season,
            known_units=known_units,
        )  # fmt: skip
        read = [targets, history[..., num_targets:], *([] if known is None else [known[:, :-horizon]])]
        ahead = None if known is None else known[:, -horizon:]
        forecast = layer(ops.concatenate(read, axis=-1), targets, ahead, static)
    forecast = ForecastOutput(loss=loss, quantiles=quantiles, name="forecast")(forecast, shift, scale)
    return keras.Model(inputs if len(inputs) > 1 else inputs["history"], forecast, name="forecaster")


def _check_fit(context: int | None, needed: Mapping[str, int]) -> None:
    for name, number in needed.items():
        if context is not None and number > context:
            raise ValueError(
                f"`{name}` reads more rows than the history has. Received: {name}={number}, context={context}"
            )


def _middle(quantiles: Iterable[float]) -> int:
    """The place of the median."""
    found = list(quantiles)
    if found and MIDDLE not in found:
        raise ValueError(f"`quantiles` must hold 0.5, which is the forecast. Received: quantiles={found!r}")
    return found.index(MIDDLE) if found else 0


def forecast_loss(model: keras.Model) -> keras.losses.Loss:
    """The loss that a model of `build_forecaster` was made for."""
    output = model.get_layer("forecast")
    return QuantileLoss(output.quantiles) if output.quantiles else PointLoss(kind=output.loss)


@register("task")
class ForecasterTask(Task):
    """What the stages need to know of a forecaster."""

    fields = FIELDS
    input_fields = ("history",)
    output_field = "target"
    measures = ("loss",)

    def __init__(self, features: Mapping[str, Any]):
        super().__init__(features)
        self.reader = features["series"]
        self._loss: keras.losses.Loss = PointLoss()
        self._quantiles: tuple[float, ...] = ()

    def build(self, **options: Any) -> keras.Model:
        reader = self.reader
        model = build_forecaster(
            num_features=reader.num_features,
            num_targets=len(reader.targets),
            num_known=reader.num_known,
            num_static=reader.num_static,
            context=reader.context,
            horizon=reader.horizon,
            season=reader.season,
            missing=reader.missing,
            **options,
        )
        self._loss, self._quantiles = forecast_loss(model), model.get_layer("forecast").quantiles
        return model

    def specs(self) -> dict[str, Any]:
        target = Raw("float32", (None, self.reader.horizon, len(self.reader.targets)))
        return {"history": self.reader.spec, "target": target}

    def example(self, batch: Mapping[str, Any]) -> tuple[Any, Any]:
        """Scaled windows, and what came behind them, NaN where it is missing."""
        return self._inputs(batch["history"]), batch["target"]

    def _inputs(self, history: Mapping[str, Any]) -> Any:
        """What the model has inputs for, that is of any width."""
        named = {"history": history["values"], "known": history["known"], "static": history["static"]}
        inputs = {name: part for name, part in named.items() if part.shape[-1]}
        return inputs if len(inputs) > 1 else inputs["history"]

    def loss(self, label_smoothing: float = 0.0) -> keras.losses.Loss:
        """That of the recipe's `model.loss` or `model.quantiles`, in scaled units."""
        return self._loss

    def num_tokens(self, split: Any) -> int:
        """The steps that are forecast."""
        return split.num_examples * self.reader.horizon

    def loops(self, model: keras.Model, *, sampling: str | None) -> dict[str, str]:
        told = {"cells": "only recurrent products in the loop; the inputs' are made before it, all at once"}
        if isinstance(model.get_layer("network"), RecursiveForecast):
            told["forecast"] = f"a loop over {self.reader.horizon} steps, each reading the one before"
        return told

    def score(self, model: keras.Model, batch: Mapping[str, Any], state: Any) -> tuple[dict[str, Any], Any]:
        """The loss of each window, and how many of its values are known."""
        inputs, labels = self.example(batch)
        losses = self._loss.call(labels, model(inputs, training=False))
        is_known = ops.cast(ops.logical_not(ops.isnan(labels)), "int32")
        return {"loss": ops.sum(losses, axis=(1, 2)), "num_values": ops.sum(is_known, axis=(1, 2))}, state

    def figures(self, sums: Mapping[str, float]) -> dict[str, float]:
        return {"loss": sums["loss"] / max(sums["num_values"], 1)}

    def questions(self, split: Any) -> tuple[list[Any], list[Any]]:
        """An `Origin` of each window, and the `Truth` behind it."""
        return split.origins, split.truths

    def inputs(self, given: Iterable[Any]) -> Iterable[Any]:
        """Lines are those of a file like the one learned from, whose series are forecast from their ends."""
        given = list(given)
        return self.reader.windows(given) if given and all(type(one) is str for one in given) else given

    def encode(self, inputs: list[Any]) -> dict[str, Any]:
        """Windows: what `inputs` gave, or mappings with a `history` and what else the model reads."""
        return {"history": self.reader.encode([self.reader.window(one) for one in inputs])}

    def encode_examples(self, columns: Mapping[str, list[Any]]) -> dict[str, Any]:
        raise DataError(
            "A forecaster gives examples no probability.\n  fix: measure it with `kerasseq evaluate`"
        )

    def respond(
        self, model: keras.Model, encoded: Mapping[str, Any], decoder: Any, *, detailed: bool = False
    ) -> dict[str, Any]:
        """`forecast` (batch, horizon, targets) and `quantiles` (..., quantiles), if any, in raw units."""
        history = encoded["history"]
        found = ops.cast(model(self._inputs(history), training=False), "float32")
        width = len(self.reader.targets)
        shift, scale = (
            ops.take(ops.convert_to_tensor(part[:, :width], "float32"), history["series"], axis=0)
            for part in self.reader.scale
        )  # (batch, targets)
        if not self._quantiles:
            return {"forecast": found * scale[:, None] + shift[:, None]}
        # In order, for learned quantiles may cross.
        quantiles = ops.sort(found, axis=-1) * scale[:, None, :, None] + shift[:, None, :, None]
        return {"forecast": quantiles[..., _middle(self._quantiles)], "quantiles": quantiles}

    def present(self, encoded: Mapping[str, Any], answers: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """`prediction` is a number for each step, or for several targets a list of them, as `dates` say."""
        history = encoded["history"]
        levels = list(map("{:g}".format, self._quantiles))
        return present_forecasts(self.reader, history["series"], history["time"], answers, levels)

    def signatures(self, model: keras.Model, decoder: Any) -> dict[str, Signature]:
        return forecast_signatures(
            self.reader, lambda history: self.respond(model, {"history": history}, decoder)
        )
