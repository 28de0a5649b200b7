"""chrF: agreement in character n-grams, which forgives wrong endings."""

from __future__ import annotations

from kerasseq.metrics.corpus import check_corpus, reference_streams
from kerasseq.registry import register
from kerasseq.specs import NonNegativeInt, PositiveInt, check_arguments

ANSWERS = ("text",)


@register("metric")
class Chrf:
    """Corpus chrF, from sacreBLEU.

    Args:
        char_order: Longest character n-grams that are compared.
        word_order: Longest word n-grams that are compared as well; 2 gives chrF++.
        beta: How much more recall weighs than precision.
        lowercase: Whether to ignore case.
        eps_smoothing: Whether orders that a text is too short for count, as in NLTK and Moses; else the mean
            is over the others.
    Call arguments:
        predictions: Texts that a model wrote.
        references: For each prediction one reference or more, not necessarily equally many.
    Returns:
        `chrf`, 0 to 100.
    Raises:
        ValueError: If an argument is out of its range, or predictions and references do not match.
    Reference:
        Popović 2015, https://aclanthology.org/W15-3049; 2017, https://aclanthology.org/W17-4770
    """

    from_text = True

    def __init__(
        self,
        *,
        char_order: PositiveInt = 6,
        word_order: NonNegativeInt = 0,
        beta: PositiveInt = 2,
        lowercase: bool = False,
        eps_smoothing: bool = False,
    ):
        check_arguments(Chrf.__init__, char_order=char_order, word_order=word_order, beta=beta)
        self.char_order = char_order
        self.word_order = word_order
        self.beta = beta
        self.lowercase = lowercase
        self.eps_smoothing = eps_smoothing
        self.signature: dict[str, str] = {}

    def __call__(self, predictions: list[str], references: list[list[str]]) -> dict[str, float]:
        from sacrebleu.metrics import CHRF

        check_corpus(predictions, references)
        scorer = CHRF(
            char_order=self.char_order,
            word_order=self.word_order,
            beta=self.beta,
            lowercase=self.lowercase,
            eps_smoothing=self.eps_smoothing,
        )
        score = scorer.corpus_score(predictions, reference_streams(references)).score
        signature = str(scorer.get_signature())
        self.signature = {"chrf": f"{signature}|beta:{self.beta}" if self.beta != 2 else signature}
        return {"chrf": score}
