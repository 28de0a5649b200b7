import pytest

from kerasseq.metrics.bleu import Bleu

HYPOTHESES = ["The dog bit the man.", "It wasn't surprising.", "The man had just bitten him."]
REFERENCES = [
    ["The dog bit the man.", "The dog had bit the man."],
    ["It was not unexpected.", "No one was surprised."],
    ["The man bit him first.", "The man had bitten the dog."],
]


@pytest.mark.parametrize(
    ("tokenize", "expected"), [("13a", 48.530827), ("none", 49.1919566), ("intl", 43.91623493)]
)
def test_is_sacrebleus_own_example(tokenize, expected):
    assert Bleu(tokenize=tokenize)(HYPOTHESES, REFERENCES)["bleu"] == pytest.approx(expected, abs=1e-5)


def test_is_nltks_own_example():
    hypotheses = [
        "It is a guide to action which ensures that the military always obeys the commands of the party",
        "he read the book because he was interested in world history",
    ]
    references = [
        [
            "It is a guide to action that ensures that the military will forever heed Party commands",
            "It is the guiding principle which guarantees the military forces always being under the command "
            "of the Party",
            "It is the practical guide for the army always to heed the directions of the party",
        ],
        ["he was interested in world history because he read the book"],
    ]
    assert Bleu(tokenize="none")(hypotheses, references)["nltk_bleu"] == pytest.approx(59.2077, abs=1e-3)


def test_both_agree_where_every_order_matches():
    scores = Bleu(tokenize="none")(["a b c d e f g", "x y z w"], [["a b c d q f g"], ["x y z w v"]])
    assert scores["bleu"] == pytest.approx(scores["nltk_bleu"], abs=1e-6)


def test_a_right_corpus_scores_a_hundred():
    scores = Bleu()(HYPOTHESES, [[one] for one in HYPOTHESES])
    assert scores == pytest.approx({"bleu": 100.0, "nltk_bleu": 100.0})


@pytest.mark.parametrize("predictions", [["", ""], ["x", "y"]])
def test_nothing_right_scores_zero_without_a_warning(predictions):
    scores = Bleu()(predictions, [["the man bit a dog"], ["it was a surprise"]])
    assert scores == {"bleu": 0.0, "nltk_bleu": 0.0}


def test_an_order_without_a_match_is_smoothed_by_sacrebleu_alone():
    scores = Bleu()(["a b x c d"], [["a b y c d"]])
    assert scores["bleu"] > 1.0
    assert scores["nltk_bleu"] == 0.0


def test_case_may_be_ignored():
    predictions, references = ["THE DOG BIT THE MAN."], [["The dog bit the man."]]
    assert Bleu()(predictions, references)["nltk_bleu"] < 1.0
    assert Bleu(lowercase=True)(predictions, references) == pytest.approx({"bleu": 100.0, "nltk_bleu": 100.0})


@pytest.mark.parametrize("tokenize", ["char", "zh"])
def test_languages_without_spaces_are_read_by_character(tokenize):
    scores = Bleu(tokenize=tokenize)(["我喜欢红苹果"], [["我喜欢青苹果"]])
    assert 10.0 < scores["bleu"] < 90.0


def test_a_shorter_order_may_be_asked_for():
    assert Bleu(max_ngram_order=1)(["a b x"], [["a b c"]]) == pytest.approx(
        {"bleu": 200 / 3, "nltk_bleu": 200 / 3}
    )


def test_references_may_differ_in_number():
    alone = Bleu()(HYPOTHESES[:1], REFERENCES[:1])
    assert alone["bleu"] == pytest.approx(100.0)
    mixed = Bleu()(HYPOTHESES, [REFERENCES[0], REFERENCES[1][:1], REFERENCES[2]])
    assert 0.0 < mixed["bleu"] < 50.0


def test_the_signature_says_how_it_was_computed():
    metric = Bleu(tokenize="intl", lowercase=True)
    assert metric.signature == {}
    metric(HYPOTHESES, REFERENCES)
    assert metric.signature["bleu"].startswith("nrefs:2|case:lc|eff:no|tok:intl|smooth:exp|version:")
    assert metric.signature["nltk_bleu"].startswith("case:lc|tok:intl|order:4|smooth:none|nltk:")


def test_another_order_is_part_of_the_signature():
    metric = Bleu(max_ngram_order=2)
    metric(["a b"], [["a b"]])
    assert metric.signature["bleu"].endswith("|order:2")


def test_rejects_arguments_out_of_range():
    with pytest.raises(ValueError) as caught:
        Bleu(tokenize="moses")
    assert str(caught.value) == (
        "`tokenize` must be one of '13a', 'none', 'char', 'intl', 'zh'. Received: tokenize='moses'"
    )
    with pytest.raises(ValueError, match="`max_ngram_order` must be positive. Received: max_ngram_order=0"):
        Bleu(max_ngram_order=0)


def test_an_order_without_a_match_may_be_smoothed_otherwise():
    # Of "a b x c d" 4 words of 5 and 2 bigrams of 4 match "a b y c d", no trigram of 3 and no 4-gram of 2.
    predictions, references = ["a b x c d"], [["a b y c d"]]
    scores = {
        smoothing: Bleu(smoothing=smoothing)(predictions, references)["bleu"]
        for smoothing in ("exp", "floor", "add-k", "none")
    }
    products = {
        "exp": 4 / 5 * 2 / 4 * (1 / 2) / 3 * (1 / 4) / 2,
        "floor": 4 / 5 * 2 / 4 * 0.1 / 3 * 0.1 / 2,
        "add-k": 4 / 5 * 3 / 5 * 1 / 4 * 1 / 3,
        "none": 0.0,
    }
    assert scores == pytest.approx({name: 100 * product**0.25 for name, product in products.items()})
    metric = Bleu(smoothing="floor", smoothing_value=0.5)
    assert metric(predictions, references)["bleu"] == pytest.approx(
        100 * (4 / 5 * 2 / 4 * 0.5 / 3 * 0.5 / 2) ** 0.25
    )
    assert "smooth:floor[0.50]" in metric.signature["bleu"]


def test_a_value_needs_a_smoothing_that_takes_it():
    with pytest.raises(ValueError) as caught:
        Bleu(smoothing_value=0.5)
    expected = "`smoothing_value` goes with `smoothing` floor or add-k. Received: smoothing='exp'"
    assert str(caught.value) == expected
    with pytest.raises(ValueError, match="`smoothing_value` must be positive. Received: smoothing_value=0"):
        Bleu(smoothing="floor", smoothing_value=0)
