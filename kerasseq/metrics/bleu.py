"""BLEU, as sacreBLEU and as NLTK compute it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib.metadata import version
from typing import Literal

from kerasseq.metrics.corpus import check_corpus, reference_streams
from kerasseq.registry import register
from kerasseq.specs import PositiveInt, check_arguments


@register("metric")
class Bleu:
    """Corpus BLEU.

    Both scores read the same tokens. sacreBLEU's smooths an order without a match; NLTK's is then 0.

    Args:
        tokenize: sacreBLEU's tokenizer; give it detokenized text. `char` and `zh` suit languages without
            spaces.
        lowercase: Whether to ignore case.
        max_ngram_order: Longest n-grams that are compared.
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
    ):
        check_arguments(Bleu.__init__, tokenize=tokenize, max_ngram_order=max_ngram_order)
        self.tokenize = tokenize
        self.lowercase = lowercase
        self.max_ngram_order = max_ngram_order
        self.signature: dict[str, str] = {}

    def __call__(self, predictions: list[str], references: list[list[str]]) -> dict[str, float]:
        from sacrebleu.metrics import BLEU

        check_corpus(predictions, references)
        # `force` keeps sacreBLEU from remarking on text that looks tokenized.
        scorer = BLEU(
            tokenize=self.tokenize, lowercase=self.lowercase, max_ngram_order=self.max_ngram_order, force=True
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
