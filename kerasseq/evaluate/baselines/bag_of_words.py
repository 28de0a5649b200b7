"""Which words stand in a text, whatever their order."""

from __future__ import annotations

from kerasseq.registry import register
from kerasseq.specs import PositiveInt, check_arguments

ANSWERS = ("class",)
WORDS = r"(?u)\w+|[^\w\s]"
MOST_ITERATIONS = 1000


@register("baseline")
class BagOfWords:
    """Logistic regression on the words that stand in a text, lower-cased, with scikit-learn.

    Args:
        longest_run: The most words in a row that count as one.
    Call arguments:
        inputs: The training split's texts.
        references: Their classes, in the same order.
        questions: The texts to classify.
    Returns:
        A class for each question.
    Raises:
        ValueError: If `longest_run` is not positive.
        ImportError: If scikit-learn is not installed.
    """

    media = ("text",)

    def __init__(self, *, longest_run: PositiveInt = 1):
        check_arguments(BagOfWords.__init__, longest_run=longest_run)
        self.longest_run = longest_run

    def __call__(self, inputs: list[str], references: list[str], questions: list[str]) -> list[str]:
        try:
            from sklearn.feature_extraction.text import CountVectorizer
            from sklearn.linear_model import LogisticRegression
        except ImportError as error:
            message = "scikit-learn is not installed: python -m pip install 'scikit-learn>=1.6'"
            raise ImportError(message) from error
        words = CountVectorizer(binary=True, ngram_range=(1, self.longest_run), token_pattern=WORDS)
        model = LogisticRegression(max_iter=MOST_ITERATIONS).fit(words.fit_transform(inputs), references)
        return model.predict(words.transform(questions)).tolist()
