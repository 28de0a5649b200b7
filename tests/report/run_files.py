"""Makes run folders as a finished run leaves them, with made-up but plausible contents."""

import csv
import json
import math
import random

RECIPE = """\
seed: 1
data:
  source: {type: parallel, train: dates/train.tsv, validation: dates/validation.tsv, test: dates/test.tsv}
  features:
    source: {type: text, tokenizer: {type: character}}
    target: {type: text, tokenizer: {type: character}}
  batch_size: 64
# The model of the paper, smaller.
model:
  type: seq2seq
  embedding_dim: 64
  encoder: {type: recurrent, cell: {type: lstm}, units: 128, bidirectional: true}
  decoder:
    cell: {type: lstm}
    units: 128
    attention: {type: bahdanau}
train:
  epochs: 12
  optimizer: {type: adam, learning_rate: 0.001}
  clipping: {global_norm: 1.0}
decode: {type: beam, beam_width: 5, length_penalty: 0.6}
evaluate:
  metrics: [exact_match, bleu, rouge]
"""
MONTHS = ["January", "February", "March", "April", "May", "June"]
MONTHS += ["July", "August", "September", "October", "November", "December"]


def write_run(folder, *, num_examples=200, epochs=12, examples=None):
    """Fills a run folder; `examples` replaces the made-up predictions."""
    chance = random.Random(7)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    write_json(folder / "environment.json", environment())
    write_json(folder / "metrics.json", metrics())
    write_history(folder / "history.csv", epochs, chance)
    made = examples if examples is not None else [example(place, chance) for place in range(num_examples)]
    lines = [json.dumps(line, ensure_ascii=False) + "\n" for line in made]
    (folder / "predictions.jsonl").write_text("".join(lines), encoding="utf-8")
    return folder


def write_json(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def environment():
    def counts(read, kept):
        return {"read": read, "kept": kept, "dropped_too_long": read - kept, "skipped_bad_lines": 0}

    return {
        "kerasseq": "0.1.0",
        "python": "3.11.7",
        "tensorflow": "2.21.0",
        "keras": "3.15.1",
        "platform": "Linux-6.1-x86_64",
        "devices": ["CPU:0"],
        "cores": 2,
        "seed": 1,
        "parameters": 412_345,
        "command": "kerasseq run translate_dates train.epochs=12",
        "data": {
            "counts": {"train": counts(9000, 8991), "validation": counts(500, 500), "test": counts(500, 500)},
            "sha256": {f"datasets/dates/{name}.tsv": f"{len(name):x}3fa" * 16 for name in ("train", "test")},
        },
    }


def metrics():
    return {
        "validation": {
            "loss": 0.0213,
            "perplexity": 1.0215,
            "teacher_forced_accuracy": 0.9952,
            "exact_match": 0.988,
        },
        "test": {
            "loss": 0.0198,
            "perplexity": 1.02,
            "teacher_forced_accuracy": 0.9961,
            "exact_match": 0.991,
            "bleu": 97.83,
            "rougeL": 99.31,
        },
        "signature": {
            "bleu": "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0",
            "rougeL": "f-measure|refs:best|mean|stemmer:none|rouge-score:0.1.2",
        },
        "seconds": {"training": 184.2, "evaluation": 6.4},
    }


def write_history(path, epochs, chance):
    rows = []
    for epoch in range(1, epochs + 1):
        loss = 0.02 + 2.4 * math.exp(-0.55 * epoch) * chance.uniform(0.92, 1.08)
        validation = 0.024 + 2.1 * math.exp(-0.52 * epoch) * chance.uniform(0.9, 1.1) + 0.0015 * epoch
        rows.append(
            {
                "epoch": epoch,
                "seconds": round(chance.uniform(14, 16.5), 2),
                "loss": loss,
                "learning_rate": 1e-3 * min(1, epoch / 3) * 0.9 ** max(0, epoch - 3),
                "gradient_norm": 0.2 + 1.6 * math.exp(-0.3 * epoch) * chance.uniform(0.8, 1.2),
                "clipped_share": max(0.0, 0.6 - 0.06 * epoch),
                "tokens_per_second": chance.uniform(28_500, 31_000),
                "validation_loss": validation,
                "validation_perplexity": math.exp(validation),
                "validation_teacher_forced_accuracy": 1 - 0.7 * math.exp(-0.5 * epoch),
                "validation_exact_match": max(0, 1 - 1.4 * math.exp(-0.45 * epoch)) if epoch % 2 == 0 else "",
            }
        )
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def example(place, chance):
    """A date in words and in numbers; one in twelve predictions has wrong digits."""
    day, month, year = chance.randint(1, 28), chance.randint(1, 12), chance.randint(1950, 2040)
    text = chance.choice(
        [
            f"{day} {MONTHS[month - 1]} {year}",
            f"{MONTHS[month - 1]} {day}, {year}",
            f"the {day}th of {MONTHS[month - 1]} {year}",
        ]
    )
    reference = f"{year}-{month:02}-{day:02}"
    prediction = reference
    if place % 12 == 3:
        wrong = chance.choice([1, 2, 4])
        prediction = reference[: 10 - wrong] + "".join(chance.choice("0123") for _ in range(wrong))
    line = {"input": text, "reference": reference, "prediction": prediction, "score": -chance.random() / 5}
    if place < 20:
        line["attention"] = attention(text, prediction, chance)
    return line


def attention(source, target, chance):
    columns, rows = [*source, "</s>"], [*target, "</s>"]
    weights = []
    for row in range(len(rows)):
        focus = len(columns) * ((row * 0.9 + 3) / len(rows) * 0.8) % len(columns)
        raw = [
            math.exp(-((column - focus) ** 2) / 3) + 0.004 * chance.random() for column in range(len(columns))
        ]
        weights.append([value / sum(raw) for value in raw])
    return {"source_tokens": columns, "target_tokens": rows, "weights": weights}
