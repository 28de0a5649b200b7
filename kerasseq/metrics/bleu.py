"""BLEU, as sacreBLEU and as NLTK compute it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib.metadata import version
from typing import Literal

from kerasseq.metrics.corpus import check_corpus, reference_streams
from kerasseq.registry import register
from kerasseq.specs import PositiveFloat, PositiveInt, check_arguments

ANSWERS = ("text",)
CONSTRAINTS = (
    (
        "smoothing_value is None or smoothing in ('floor', 'add-k')",
        "leave `smoothing_value` out, or set `smoothing` to floor or add-k",
    ),
)


@register("metric")
class Bleu:
    """Corpus BLEU.

    Both scores read the same tokens. sacreBLEU's smooths an order without a match; NLTK's is 0 then.

    Args:
        tokenize: sacreBLEU's tokenizer; give it detokenized text. `char` and `zh` suit languages without
            spaces.
        lowercase: Whether to ignore case.
        max_ngram_order: Longest n-grams that are compared.
        smoothing: What sacreBLEU's score does with an order without a match; `add-k` adds to all orders but
            the first.
        smoothing_value: What `floor` and `add-k` put there or add; null is 0.1 and 1.
    Call arguments:
        predictions: Texts that a model wrote.
        references: For each prediction one reference or more, not necessarily equally many.
    Returns:
        `bleu` (sacreBLEU) and `nltk_bleu`, each 0 to 100.
    Raises:
        ValueError: If an argument is out of its range, or predictions and references do not match.
    Reference:
        Papineni et al. 2002, https://aclanthology.org/P02-1040; Post 2018, https://arxiv.org/abs/1804.08771
    """

    from_text = True

    def __init__(
        self,
        *,
        tokenize: Literal["13a", "none", "char", "intl", "zh"] = "13a",
        lowercase: bool = False,
        max_ngram_order: PositiveInt = 4,
        smoothing: Literal["exp", "floor", "add-k", "none"] = "exp",
        smoothing_value: PositiveFloat | None = None,
    ):
        given = {"smoothing": smoothing, "smoothing_value": smoothing_value}
        check_arguments(Bleu.__init__, tokenize=tokenize, max_ngram_order=max_ngram_order, **given)
        if smoothing_value is not None and smoothing not in ("floor", "add-k"):
            message = "`smoothing_value` goes with `smoothing` floor or add-k"
            raise ValueError(f"{message}. Received: smoothing={smoothing!r}")
        self.smoothing = smoothing
        self.smoothing_value = smoothing_value
        self.tokenize = tokenize
        self.lowercase = lowercase
        self.max_ngram_order = max_ngram_order
        self.signature: dict[str, str] = {}

    def __call__(self, predictions: list[str], references: list[list[str]]) -> dict[str, float]:
        from sacrebleu.metrics import BLEU

        check_corpus(predictions, references)
        scorer = BLEU(
            tokenize=self.tokenize,
            lowercase=self.lowercase,
            max_ngram_order=self.max_ngram_order,
            smooth_method=self.smoothing,
            smooth_value=self.smoothing_value,
            force=True,  # keeps it from remarking on text that looks tokenized
        )
        score = scorer.corpus_score(predictions, reference_streams(references)).score
        signature = str(scorer.get_signature())
        self.signature = {
            "bleu": f"{signature}|order:{self.max_ngram_order}" if self.max_ngram_order != 4 else signature,
            "nltk_bleu": "|".join(
                [
                    f"case:{'lc' if self.lowercase else 'mixed'}",
                    f"tok:{self.tokenize}",
                    f"order:{self.max_ngram_order}",
                    "smooth:none",
                    f"nltk:{version('nltk')}",
                ]
            ),
        }
        return {"bleu": score, "nltk_bleu": self._nltk(predictions, references, tokenizer=scorer.tokenizer)}

    def _nltk(
        self, predictions: list[str], references: list[list[str]], *, tokenizer: Callable[[str], str]
    ) -> float:
        from nltk.translate.bleu_score import corpus_bleu

        def tokens(text: str) -> list[str]:
            return tokenizer((text.lower() if self.lowercase else text).rstrip()).split()

        weights = (1 / self.max_ngram_order,) * self.max_ngram_order
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of an order without a match
            score = corpus_bleu(
                [[tokens(reference) for reference in several] for several in references],
                [tokens(prediction) for prediction in predictions],
                weights=weights,
            )
        # NLTK puts the smallest float there is in the place of a precision of 0.
        return 100.0 * score if score > 1e-9 else 0.0
