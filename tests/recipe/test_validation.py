"""Every mistake in a recipe is reported at once, each with its place, what is allowed and what to do."""

import textwrap

import pytest

from kerasseq import registry
from kerasseq.errors import RecipeError
from kerasseq.recipe.reading import Node
from kerasseq.recipe.validation import Checker
from kerasseq.specs import Annotated, Any, Cell, Part, PositiveInt

GOOD = {
    "data": "data: {path: dates.tsv, features: {source: {}, target: {}}}",
    "model": "model: seq2seq",
}


@pytest.fixture
def refusal(load):
    """The whole message of a recipe in which sections were replaced; `data` is line 1, `model` line 2."""

    def message(overrides=None, **sections):
        text = "\n".join(textwrap.dedent(section) for section in {**GOOD, **sections}.values())
        with pytest.raises(RecipeError) as caught:
            load(text, overrides)
        return str(caught.value)

    return message


def test_the_message_of_the_style_guide(load):
    text = (
        "data: {path: a, features: {}}\nmodel:\n  type: seq2seq\n  encoder: {type: recurrent, cell: lsmt}\n"
    )
    with pytest.raises(RecipeError) as caught:
        load(text)
    assert str(caught.value) == (
        "tiny.yaml:4: `model.encoder.cell` is 'lsmt'.\n  allowed: gru, lstm\n  fix: did you mean 'lstm'?"
    )


@pytest.mark.parametrize(
    ("section", "text", "expected"),
    [
        ("seed", "seed: -1", "`seed` is -1.\n  allowed: a whole number >= 0"),
        ("seed", "seed: true", "`seed` is true.\n  allowed: a whole number >= 0"),
        ("seed", "seed: 1.5", "`seed` is 1.5.\n  allowed: a whole number >= 0"),
        ("seed", "seed: .nan", "`seed` is nan.\n  allowed: a whole number >= 0"),
        ("seed", "seed: null", "`seed` is null.\n  allowed: a whole number >= 0"),
        ("seed", "seed: [1]", "`seed` is a list.\n  allowed: a whole number >= 0"),
        ("seed", "seed: {a: 1}", "`seed` is a mapping.\n  allowed: a whole number >= 0"),
        ("train", "train: 3", "`train` is 3.\n  allowed: a mapping of options"),
        ("train", "train: {note: 3}", "`train.note` is 3.\n  allowed: a string"),
        ("train", "train: {limit: x}", "`train.limit` is 'x'.\n  allowed: a whole number, null"),
        ("train", "train: {shuffle: perhaps}", "`train.shuffle` is 'perhaps'.\n  allowed: true or false"),
        (
            "train",
            "train: {teacher_forcing: 1.5}",
            "`train.teacher_forcing` is 1.5.\n  allowed: a number >= 0 and <= 1",
        ),
        (
            "train",
            "train: {optimizer: {learning_rate: .inf}}",
            "`train.optimizer.learning_rate` is inf.\n  allowed: a positive number",
        ),
        (
            "train",
            "train: {precision: flaot32}",
            "`train.precision` is 'flaot32'.\n  allowed: float32, mixed_bfloat16\n"
            "  fix: did you mean 'float32'?",
        ),
        (
            "train",
            "train: {layer_sizes: [1, 0]}",
            "`train.layer_sizes[1]` is 0.\n  allowed: a positive whole number",
        ),
        (
            "train",
            "train: {layer_sizes: 3}",
            "`train.layer_sizes` is 3.\n  allowed: a list of: a positive whole number\n"
            "  fix: write it as a list: [3]",
        ),
        ("train", "train: {weights: {a: -1}}", "`train.weights.a` is -1.\n  allowed: a number >= 0"),
        (
            "train",
            "train: {weights: 3}",
            "`train.weights` is 3.\n  allowed: a mapping from names to: a number >= 0, null",
        ),
        (
            "train",
            "train: {schedule: lsmt}",
            "`train.schedule` is 'lsmt'.\n  allowed: a positive number, gru, lstm\n"
            "  fix: did you mean 'lstm'?",
        ),
        ("train", "train: {schedule: 0}", "`train.schedule` is 0.\n  allowed: a positive number, gru, lstm"),
        (
            "train",
            "train: {schedule: {type: lstm, dropout: 1}}",
            "`train.schedule.dropout` is 1.\n  allowed: a number >= 0 and < 1",
        ),
        (
            "train",
            "train: {clipping: {until_step: 3}}",
            "`train.clipping.global_norm` is missing.\n  allowed: a positive number",
        ),
        (
            "train",
            "train: {epoch: 3}",
            "`train.epoch` is not a key.\n  allowed: epochs, optimizer, clipping, teacher_forcing, precision,"
            " layer_sizes, weights, schedule, shuffle, limit, note\n  fix: did you mean 'epochs'?",
        ),
        (
            "train",
            "train: {clipping: {model: 3}}",
            "`train.clipping.model` is not a key.\n  allowed: global_norm, until_step\n"
            "tiny.yaml:3: `train.clipping.global_norm` is missing.\n  allowed: a positive number",
        ),
        ("decode", "decode: {type: greedy, k: 1}", "`decode.k` is not a key.\n  allowed: none"),
        ("decode", "decode: 3", "`decode` is 3.\n  allowed: beam, greedy, null"),
        ("decode", "decode: {type: 3}", "`decode.type` is 3.\n  allowed: beam, greedy"),
        ("decode", "decode: {type: [beam]}", "`decode.type` is a list.\n  allowed: beam, greedy"),
        (
            "decode",
            "decode: {type: beem}",
            "`decode.type` is 'beem'.\n  allowed: beam, greedy\n  fix: did you mean 'beam'?",
        ),
        (
            "decode",
            "decode: {type: beam, num_hypotheses: 9}",
            "`decode.num_hypotheses` is 9 and `decode.beam_width` is 5, against the rule:"
            " num_hypotheses <= beam_width.\n  fix: widen the beam or ask for fewer hypotheses",
        ),
        (
            "evaluate",
            "evaluate: {metrics: [bleu, rogue]}",
            "`evaluate.metrics[1]` is 'rogue'.\n  allowed: bleu, rouge\n  fix: did you mean 'rouge'?",
        ),
        (
            "export",
            "export: saved_model",
            "`export` is 'saved_model'.\n  allowed: a list of: saved_model\n"
            "  fix: write it as a list: [saved_model]",
        ),
    ],
)
def test_one_mistake(refusal, section, text, expected):
    assert refusal(**{section: text}) == f"tiny.yaml:3: {expected}"


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("model: {}", "`model` has no `type`.\n  allowed: seq2seq\n  fix: add one: model: {type: …}"),
        ("model: 3", "`model` is 3.\n  allowed: seq2seq"),
        (
            "model: {type: seq2seq, source_vocabulary_size: 3}",
            "`model.source_vocabulary_size` is not a key: its value comes from elsewhere.\n"
            "  allowed: embedding_dim, encoder, decoder\n  fix: leave it out",
        ),
        (
            "model: {type: seq2seq, decoder: {attention: {width: 3}}}",
            "`model.decoder.attention` has no `type`.\n  allowed: bahdanau, windowed\n"
            "  fix: add one: attention: {type: …}",
        ),
        (
            "model: {type: seq2seq, decoder: {attention: windowed}}",
            "`model.decoder.attention.width` is missing.\n  allowed: a positive whole number",
        ),
        (
            "model: {type: seq2seq, decoder: {attention: {type: windowed, width: 2, units: 3}}}",
            "`model.decoder.attention.units` is not a key: its value comes from elsewhere.\n"
            "  allowed: width\n  fix: leave it out",
        ),
    ],
)
def test_one_mistake_in_the_model(refusal, model, expected):
    assert refusal(model=model) == f"tiny.yaml:2: {expected}"


def test_a_feature_that_the_model_does_not_read(refusal):
    data = "data:\n  path: a\n  features:\n    sorce: {tokenizer: word}\n    target: {}"
    assert refusal(data=data) == (
        "tiny.yaml:4: `data.features.sorce` is not a field of the model 'seq2seq'.\n"
        "  allowed: source, target\n  fix: did you mean 'source'?"
    )


def test_a_rule_between_sections(load, refusal):
    overrides = ["data.batch_size=2000", "model.encoder.cell=gru"]
    assert refusal(overrides) == (
        "command line: `data.batch_size` is 2000 and `model.encoder.cell.type` is 'gru', against the rule:"
        " data.batch_size < 1000 or model.encoder.cell.type != 'gru'.\n  fix: lower the one"
    )
    for one in overrides:
        load(overrides=[one])


def test_sections_that_are_missing_are_named_key_by_key(load):
    with pytest.raises(RecipeError) as caught:
        load("seed: 1\n")
    assert str(caught.value) == (
        "tiny.yaml:1: `data.path` is missing.\n  allowed: a string\n"
        "tiny.yaml:1: `data.features` is missing.\n  allowed: a mapping from names to: text\n"
        "tiny.yaml:1: `model` is missing.\n  allowed: seq2seq"
    )


def test_all_mistakes_come_at_once_in_the_order_of_the_file(refusal):
    message = refusal(
        ["train.note=3"],
        data="data: {pth: a, features: {source: {tokenizer: wrd}}}",
        model="""\
            model:
              type: seq2seq
              embedding_dim: many
              encoder: {cell: gruu, num_layers: 0}
              decoder: {cell: {type: lstm, dropout: 2}}""",
        evaluate="evaluate: {metrics: [blue]}",
        train="train: {epochs: 1e}",
    )
    firsts = [line.split("`.")[0] for line in message.splitlines() if line[0] != " "]
    assert [first.split("`")[0] + first.split("`")[1] for first in firsts] == [
        "tiny.yaml:1: data.pth",
        "tiny.yaml:1: data.path",
        "tiny.yaml:1: data.features.source.tokenizer",
        "tiny.yaml:4: model.embedding_dim",
        "tiny.yaml:5: model.encoder.cell",
        "tiny.yaml:5: model.encoder.num_layers",
        "tiny.yaml:6: model.decoder.cell.dropout",
        "tiny.yaml:7: evaluate.metrics[0]",
        "tiny.yaml:8: train.epochs",
        "command line: train.note",
    ]


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ("optimizer: {learning_rate: 1e-3}", "optimizer.learning_rate", 0.001),
        ("optimizer: {learning_rate: '1e-3'}", "optimizer.learning_rate", 0.001),
        ("optimizer: {learning_rate: 1}", "optimizer.learning_rate", 1.0),
        ("epochs: '3'", "epochs", 3),
        ("epochs: 3.0", "epochs", 3),
        ("epochs: 1e3", "epochs", 1000),
        ("shuffle: no", "shuffle", False),
        ("schedule: '0.5'", "schedule", 0.5),
        ("schedule: gru", "schedule", {"type": "gru", "activation": "tanh"}),
        ("limit: null", "limit", None),
        ("note: 2019-05-03", "note", "2019-05-03"),
        ("weights: {a: 1, 2: '3'}", "weights", {"a": 1.0, "2": 3.0}),
        ("layer_sizes: []", "layer_sizes", []),
        ("optimizer: {epsilon: 1}", "optimizer.type", "adam"),
    ],
)
def test_values_are_brought_to_their_types(load, text, key, expected):
    value = load(f"{GOOD['data']}\n{GOOD['model']}\ntrain: {{{text}}}\n").values["train"]
    for name in key.split("."):
        value = value[name]
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize("epochs", ["3.5", "'3.5'", "'x'", "''", "false"])
def test_what_is_no_whole_number(refusal, epochs):
    assert "`train.epochs` is" in refusal(train=f"train: {{epochs: {epochs}}}")


def test_parts_that_users_register(load, monkeypatch):
    class Clockwork:
        """A cell with a clock.

        Args:
            period: Steps between updates.
        """

        def __init__(self, *, units: int, period: PositiveInt = 2, inner: Cell = "gru"):
            self.period = period

    monkeypatch.setitem(registry._registered, ("cell", "clockwork"), Clockwork)
    recipe = load(
        f"{GOOD['data']}\nmodel: {{type: seq2seq, encoder: {{cell: {{type: clockwork, period: 3}}}}}}\n"
    )
    cell = recipe.values["model"]["encoder"]["cell"]
    assert cell["period"] == 3
    assert cell["inner"]["type"] == "gru"
    with pytest.raises(RecipeError, match=r"encoder.cell.period` is 0") as caught:
        load(f"{GOOD['data']}\nmodel: {{type: seq2seq, encoder: {{cell: {{type: clockwork, period: 0}}}}}}\n")
    assert "a positive whole number" in str(caught.value)


def test_a_kind_without_parts(monkeypatch, tmp_path):
    monkeypatch.setattr(registry, "PACKAGE", tmp_path)
    monkeypatch.setattr(registry, "_registered", {})
    checker = Checker()
    checker.value(Node("x", "a:1"), Annotated[Any, Part("export")], "export[0]")
    assert [str(problem) for problem in checker.problems] == [
        "a:1: `export[0]` is 'x'.\n  allowed: no export exists"
    ]
