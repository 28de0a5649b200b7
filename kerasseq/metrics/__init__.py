"""Metrics, of two kinds that a class attribute tells apart.

`from_text = True`: reads what a model wrote on its own. `metric(predictions, references)` takes strings, and
for each a list of references, and returns names and scores; `metric.signature` says how the last call
computed each. BLEU, chrF and ROUGE run from 0 to 100 as they are published; shares and accuracies run from 0
to 1. What is more than a score stands by name in `metric.details`, and goes to `metrics.json` for the report.
With `from_answers = True` as well, predictions are whole answers with their `score`, as in predictions.jsonl.

`from_text = False`: a `keras.metrics.Metric` that reads the logits of a model that was shown the reference
(teacher forcing), with every token weighing the same and padding nothing. These say how sure a model is, not
how well it writes. They pass over all logits once more, which a training step need not pay for: without label
smoothing `Perplexity.update_from_mean` reads the loss that is already there.
"""
