"""What is heard at which pitch, frame by frame."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import keras
import numpy as np
from keras import ops

from kerasseq.layers.spec_augment import SpecAugment
from kerasseq.registry import register
from kerasseq.specs import (
    NonNegativeFloat,
    Options,
    PositiveFloat,
    PositiveInt,
    Raw,
    Supplied,
    check_arguments,
)

LOUDEST = 32768.0  # of 16-bit samples
FLOOR = 1e-6  # of a band's energy, so that silence has a logarithm
LEAST_VARIANCE = 1e-5
Augmentation = Annotated[Any, Options("kerasseq.layers.spec_augment:SpecAugment")]
REACH = 2  # frames on each side that a difference is taken over


@keras.saving.register_keras_serializable("kerasseq")
@register("front_end")
class LogMel(keras.layers.Layer):
    """The logarithm of the energy in bands that are as wide as the ear tells apart, frame by frame.

    A frame begins every `step_ms`, as long as the recording lasts, and silence stands behind its end. With
    P(t, k) the energy of the k-th frequency of a frame under a Hann window,

        m(f) = 2595 log10(1 + f / 700)
        x(t, b) = log(1e-6 + sum_k w(b, k) P(t, k))

    where w(b, k) is a triangle over m that is 1 in the middle of a band and 0 in those of its neighbours.
    Normalized, x(t, b) has over the frames of a recording the mean 0 and the variance 1. Differences are
    d(t) = sum_{n=1..2} n (x(t + n) - x(t - n)) / 10, where the first and last frames go on.

    Args:
        sample_rate: Of the samples, in Hz.
        frame_ms: Length of a frame.
        step_ms: From the beginning of a frame to that of the next.
        bands: How many.
        low_hz: Where the lowest band begins.
        high_hz: Where the highest ends; null is half the sample rate.
        normalize: Whether the mean and loudness of each band in a recording do not count.
        deltas: How many orders of differences between frames stand beside the bands.
        spec_augment: Hide stretches of time and bands in training: options of `SpecAugment`.
    Call arguments:
        inputs: `samples`, (batch, samples) 16-bit integers or floats from -1 to 1, and `lengths`, (batch,).
    Returns:
        (batch, time, bands * (1 + deltas)), 0 behind the last frame; `compute_mask` tells the real ones.
    Raises:
        ValueError: If an option is out of its range, or a band is too narrow to hold a frequency.
    Reference:
        Davis and Mermelstein 1980; O'Shaughnessy 1987 (mel); Young et al., The HTK Book, 5.9 (deltas).
    """

    spec = {"samples": Raw("int16", (None, None)), "lengths": Raw("int32", (None,))}

    def __init__(
        self,
        *,
        sample_rate: Supplied[PositiveInt],
        frame_ms: PositiveFloat = 25.0,
        step_ms: PositiveFloat = 10.0,
        bands: PositiveInt = 40,
        low_hz: NonNegativeFloat = 20.0,
        high_hz: PositiveFloat | None = None,
        normalize: bool = True,
        deltas: Literal[0, 1, 2] = 0,
        spec_augment: Augmentation | None = None,
        **kwargs: Any,
    ):
        options = {
            "frame_ms": frame_ms, "step_ms": step_ms, "bands": bands, "low_hz": low_hz, "high_hz": high_hz,
            "deltas": deltas,
        }  # fmt: skip
        check_arguments(LogMel.__init__, sample_rate=sample_rate, **options)
        super().__init__(autocast=False, **kwargs)  # half precision has no room for samples
        others = {"normalize": normalize, "spec_augment": spec_augment}
        self.options = {"sample_rate": sample_rate, **options, **others}
        self.spec_augment = None if spec_augment is None else SpecAugment(**spec_augment)
        self.width = bands * (1 + deltas)
        self._frame = max(round(sample_rate * frame_ms / 1000), 1)
        self._step = max(round(sample_rate * step_ms / 1000), 1)
        self._fft_size = 2 ** int(np.ceil(np.log2(self._frame)))
        self._window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(self._frame) / self._frame)).astype(
            "float32"
        )
        self._filters = mel_filters(
            bands=bands, low_hz=low_hz, high_hz=high_hz, sample_rate=sample_rate, fft_size=self._fft_size
        )

    def call(self, inputs: Any, training: bool = False) -> Any:
        samples = inputs["samples"]
        scale = LOUDEST if keras.backend.is_int_dtype(samples.dtype) else 1.0
        samples = ops.pad(ops.cast(samples, "float32") / scale, ((0, 0), (0, self._frame - 1)))
        frames = ops.extract_sequences(samples, self._frame, self._step) * self._window
        real, imaginary = ops.rfft(frames, self._fft_size)
        bands = ops.log(FLOOR + ops.matmul(real**2 + imaginary**2, self._filters))  # (batch, time, bands)
        mask = self.compute_mask(inputs)
        orders = [bands]
        for _ in range(self.options["deltas"]):
            orders.append(_differences(orders[-1], self._num_frames(inputs)))
        found = ops.concatenate(orders, axis=-1) if len(orders) > 1 else bands
        found = _normalized(found, mask) if self.options["normalize"] else found
        found = ops.where(mask[..., None], found, 0.0)
        if self.spec_augment is not None:
            found = self.spec_augment(found, mask, training=training)
        return ops.cast(found, self.compute_dtype)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """True at the frames that begin within a recording, (batch, time)."""
        beginnings = ops.ones_like(inputs["samples"][:, :: self._step], dtype="int32")
        return ops.cumsum(beginnings, axis=1) <= self._num_frames(inputs)[:, None]

    def _num_frames(self, inputs: Any) -> Any:
        return (ops.cast(inputs["lengths"], "int32") + self._step - 1) // self._step

    def compute_output_spec(self, inputs: Any, training: bool = False) -> keras.KerasTensor:
        batch, samples = inputs["samples"].shape
        time = None if samples is None else -(-samples // self._step)
        return keras.KerasTensor((batch, time, self.width), dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.options}


def mel_filters(
    *, bands: int, low_hz: float, high_hz: float | None, sample_rate: int, fft_size: int
) -> np.ndarray:
    """w(b, k) of `LogMel`, (fft_size // 2 + 1, bands) float32.

    Raises:
        ValueError: If the highest frequency is too high or below the lowest, or a band holds none.
    """
    high_hz = sample_rate / 2 if high_hz is None else high_hz
    if not low_hz < high_hz <= sample_rate / 2:
        message = f"`high_hz` must be above `low_hz` and at most {sample_rate / 2:g}, half the rate"
        raise ValueError(f"{message}. Received: low_hz={low_hz:g}, high_hz={high_hz:g}")
    edges = np.linspace(_mel(low_hz), _mel(high_hz), bands + 2)
    places = _mel(np.arange(fft_size // 2 + 1) * sample_rate / fft_size)[:, None]
    rising = (places - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - places) / (edges[2:] - edges[1:-1])
    filters = np.maximum(np.minimum(rising, falling), 0.0)
    if not filters.any(axis=0).all():
        message = "`bands` must be fewer, or `frame_ms` longer: a band holds no frequency"
        raise ValueError(f"{message}. Received: bands={bands}")
    return filters.astype("float32")


def _mel(hz: Any) -> Any:
    return 2595.0 * np.log10(1.0 + np.asarray(hz) / 700.0)


def _normalized(bands: Any, mask: Any) -> Any:
    """Mean 0 and variance 1 over the real frames of each recording."""
    real = ops.cast(mask, "float32")[..., None]
    number = ops.maximum(ops.sum(real, axis=1, keepdims=True), 1.0)
    centred = bands - ops.sum(bands * real, axis=1, keepdims=True) / number
    variance = ops.sum(ops.square(centred) * real, axis=1, keepdims=True) / number
    return centred / ops.sqrt(variance + LEAST_VARIANCE)


def _differences(bands: Any, num_frames: Any) -> Any:
    """d(t), of the shape of `bands`."""
    places = ops.arange(ops.shape(bands)[1], dtype="int32")
    last = ops.maximum(num_frames - 1, 0)[:, None]

    def shifted(by: int) -> Any:
        there = ops.minimum(ops.maximum(places + by, 0), last)  # (batch, time)
        return ops.take_along_axis(bands, there[..., None], axis=1)

    found = sum(by * (shifted(by) - shifted(-by)) for by in range(1, REACH + 1))
    return found / (2 * sum(by**2 for by in range(1, REACH + 1)))
