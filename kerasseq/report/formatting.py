"""Numbers and names as people read them."""

from __future__ import annotations

import math

_TITLES = {
    "bleu": "BLEU",
    "chrf": "chrF",
    "chrf++": "chrF++",
    "cider": "CIDEr-D",
    **{f"coco_bleu_{order}": f"COCO BLEU-{order}" for order in (1, 2, 3, 4)},
    "coco_rouge_l": "COCO ROUGE-L",
    "f1": "F1",
    "macro_f1": "Macro F1",
    "mae": "MAE",
    "mase": "MASE",
    "meteor": "METEOR",
    "mse": "MSE",
    **{f"scaled_{error}": f"{error.upper()}, scaled" for error in ("mae", "mse", "rmse")},
    "smape": "sMAPE",
    "nltk_bleu": "NLTK BLEU",
    "rmse": "RMSE",
    "rouge": "ROUGE",
    "span_f1": "Span F1",
    "ter": "TER",
    "wer": "WER",
    "cer": "CER",
}
_SHARES = (
    "accuracy",
    "coverage",
    "exact_match",
    "share",
    "rate",
    "precision",
    "recall",
    "repetition",
    "distinct",
)
_COUNTS = ("epoch",)
_NOT_A_RATE = ("learning_rate",)


def title(name: str) -> str:
    """`teacher_forced_accuracy` is "Teacher-forced accuracy", `rougeL` is "ROUGE-L"."""
    if name in _TITLES:
        return _TITLES[name]
    if name.startswith("rouge"):
        return f"ROUGE-{name.removeprefix('rouge').strip('_').upper()}"
    text = name.replace("teacher_forced", "teacher-forced").replace("_", " ")
    return text[:1].upper() + text[1:]


def is_share(name: str) -> bool:
    """Whether a metric is a part of a whole, written as a percentage."""
    return name.endswith(_SHARES) and not name.endswith(_NOT_A_RATE)


def metric(name: str, value: object) -> str:
    """A metric's value: shares up to 1 as a percentage, the rest to a sensible number of digits."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "–" if value is None else str(value)
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "infinite"
    if is_share(name):
        return f"{value * 100 if abs(value) <= 1 else value:.1f} %"
    return number(int(value) if name in _COUNTS else value)


def number(value: float) -> str:
    """A count with its thousands in groups; any other number to about four digits: 31.24, 0.482, 1.2e-05."""
    size = abs(value)
    if isinstance(value, int) or size == 0:
        return f"{int(value):,}"
    if size >= 1e15 or size < 1e-3:
        return f"{value:.3g}"
    for floor, digits in ((1000, 0), (100, 1), (10, 2)):
        if size >= floor:
            return f"{value:,.{digits}f}"
    return f"{value:.3f}" if size >= 0.01 else f"{value:.3g}"


def short(value: float) -> str:
    """A count in few characters: 950, 12.3 k, 4.1 M."""
    for floor, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= floor:
            scaled = value / floor
            return f"{scaled:.0f} {letter}" if scaled >= 100 else f"{scaled:.1f} {letter}"
    return number(int(value) if float(value).is_integer() else value)


def duration(seconds: float) -> str:
    """0.8 s, 42 s, 3 min 20 s, 1 h 05 min."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    total = round(seconds)
    if total < 60:
        return f"{total} s"
    if total < 3600:
        return f"{total // 60} min {total % 60:02} s"
    return f"{total // 3600} h {total % 3600 // 60:02} min"
