"""Eight examples by heart, before the long run."""

import pytest

from kerasseq import pipeline, sanity
from kerasseq.errors import TrainingError
from kerasseq.measuring import quick_decoder
from kerasseq.models.seq2seq import Seq2SeqTask
from tests.tiny_run import PLAIN, write_recipe
from tests.train.test_language_training import _recipe

MODEL = {
    **PLAIN, "train.epochs": 1, "model.dropout": 0.0, "model.decoder.dropout": 0.0, "model.encoder.units": 32,
    "model.decoder.units": 32, "model.embedding_dim": 16, "model.decoder.attention": "luong",
}  # fmt: skip


def _run(tmp_path, capsys):
    recipe = write_recipe(tmp_path)
    run = pipeline.train(recipe, MODEL, out=tmp_path / "run", sanity=True)
    return run, capsys.readouterr().out


def test_a_model_that_can_learn_writes_them_exactly_and_is_trained(tmp_path, capsys, monkeypatch):
    run, said = _run(tmp_path, capsys)
    line = next(line for line in said.splitlines() if line.startswith("sanity"))
    assert line.startswith("sanity: 8 examples by heart in ") and line.endswith(", all decoded exactly")
    assert run.folder.model.exists()
    monkeypatch.setattr(sanity, "check_sanity", lambda *_: pytest.fail("it was checked again"))
    pipeline.train(tmp_path / "tiny.yaml", MODEL, out=tmp_path / "run", sanity=True, quiet=True)


def test_targets_that_are_shifted_wrongly_are_found_before_the_run(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sanity, "MOST_STEPS", 60)

    def unshifted(batch):
        source, target = batch["source"], batch["target"]
        return {"source": source[:, 1:], "target": target[:, :-1]}, target[:, :-1]

    monkeypatch.setattr(Seq2SeqTask, "example", staticmethod(unshifted))
    with pytest.raises(
        TrainingError, match=r"^The model does not learn 8 examples by heart: after 60 steps the "
    ):
        _run(tmp_path, capsys)
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_a_language_models_loss_becomes_small(tmp_path, monkeypatch):
    monkeypatch.setattr(sanity, "SMALL", 0.7)
    values = pipeline.check(_recipe(tmp_path), {"model.cell": "rnn"}).values
    opened = pipeline.Run(pipeline.RunFolder(tmp_path / "run"), values, recipe_folder=tmp_path)
    opened.prepare()
    said = sanity.check_sanity(opened, quick_decoder(opened.decoder))
    assert said.startswith("sanity: a batch by heart in ")
