"""What a run's gradients.json becomes: charts on one axis, a table, text and a picture."""

import json

import pytest

from kerasseq.errors import RunFolderError
from kerasseq.report import gradient_picture, write_report
from kerasseq.report.gradients import (
    clipping_sentence,
    gradient_charts,
    gradients_text,
    layer_rows,
    training_charts,
)
from tests.report.run_files import write_json
from tests.report.test_picture import size_of


def layer(name="decoder", cell="rnn", *, factor=0.5, length=6, **options):
    norms = [(factor or 0.0) ** distance for distance in range(length)]
    own_norms = [0.9 * norm for norm in norms]
    found = {
        "name": name,
        "cell": cell,
        "units": 4,
        "recurrent": {"h": {"spectral_radius": 0.81, "norm": 1.2}},
        "distance": list(range(length)),
        "rows": [8] * length,
        "norms": {"h": norms},
        "own_norms": {"h": own_norms},
        "factor": factor,
        "bound": [1.2**distance for distance in range(length)],
    }
    return {**found, **options}


def flow(*layers):
    return {"loss": "the loss of the last token", "rows": 8, "layers": list(layers)}


LSTM = layer(
    "encoder",
    "lstm",
    factor=0.9,
    recurrent={gate: {"spectral_radius": 1.0, "norm": 1.0} for gate in "ifgo"},
    norms={"h": [1.0, 0.9, 0.81], "c": [0.0, 0.5, 0.45]},
    own_norms={},
    distance=[0, 1, 2],
    rows=[8, 8, 4],
)
del LSTM["bound"]


def test_a_chart_a_layer_on_one_axis_of_powers_of_ten():
    steep, flat = gradient_charts(flow(layer(length=12), LSTM))
    assert (steep.title, flat.title) == ("decoder", "encoder")
    assert steep.x_label == "steps from the loss"
    assert steep.y_label == flat.y_label == "norm of the gradient, powers of ten"
    assert steep.y_ticks == flat.y_ticks
    assert [line.name for line in steep.lines] == [
        "h, all ways", "h, own recurrence alone", "bound of own recurrence",
    ]  # fmt: skip
    assert [line.name for line in flat.lines] == ["h, all ways", "c, all ways"]
    shown = json.loads(flat.values)
    assert [distance for _, distance, _ in shown] == [0, 1, 2]
    assert [len(entries) for _, _, entries in shown] == [1, 2, 2]  # nothing has reached c at the loss itself
    assert [len(entries) for _, _, entries in json.loads(steep.values)[:2]] == [3, 2]  # above all else


def test_the_own_way_is_shown_where_there_are_others():
    (chart,) = gradient_charts(flow(layer(own_norms=layer()["norms"])))
    assert [line.name for line in chart.lines] == ["h, all ways", "bound of own recurrence"]


def test_without_gradients_there_is_no_chart():
    assert gradient_charts({}) == [] == layer_rows({})
    nothing = layer(norms={"h": [0.0] * 6}, own_norms={"h": [0.0] * 6}, factor=None)
    assert gradient_charts(flow(nothing)) == []
    assert layer_rows(flow(nothing))[0][3:] == ("–", "–")
    assert "own recurrence" in gradients_text(flow(nothing))


def test_a_row_a_layer():
    assert layer_rows(flow(layer(), LSTM, layer(recurrent={}))) == [
        ("decoder", "rnn", "0.81", "× 0.500", "0.000977"),
        ("encoder", "lstm", "i 1.00, f 1.00, g 1.00, o 1.00", "× 0.900", "0.349"),
        ("decoder", "rnn", "–", "× 0.500", "0.000977"),
    ]


def test_the_text_has_the_norms_at_ever_larger_distances():
    lines = gradients_text(flow(layer(), LSTM)).splitlines()
    assert lines[0].startswith("dL/dh(t-1) = J(t)^T dL/dh(t) + other ways")
    assert lines[2].split()[-4:] == ["0", "1", "2", "4"]
    assert lines[3].split()[:-1] == ["decoder", "all", "ways", "1.0e+00", "5.0e-01", "2.5e-01", "6.2e-02"]
    assert lines[3].split()[-1] == "█▇▅▄▂▁"
    assert lines[5].split()[:6] == ["encoder", "all", "ways", "1.0e+00", "9.0e-01", "8.1e-01"]
    assert lines[-2].split() == ["decoder", "rnn", "0.81", "×", "0.500", "0.000977"]


def test_how_often_clipping_bit():
    history = [{"clipped_share": 0.5}, {"clipped_share": None}, {"clipped_share": 0.1}]
    assert clipping_sentence(history, 1.0) == (
        "In 30.0 % of all steps the norm exceeded 1.000 and the gradient was scaled down; in the last epoch "
        "in 10.0 %."
    )
    assert clipping_sentence(history, None).startswith("In 30.0 % of all steps the gradient was scaled")
    assert clipping_sentence([{"loss": 1.0}], 1.0) == ""


def test_the_norm_over_training_has_the_threshold_beside_it():
    history = [{"epoch": 1, "gradient_norm": 2.0, "clipped_share": 1.0}, {"epoch": 2, "gradient_norm": 0.5}]
    norm, share = training_charts(history, 1.0)
    assert [line.name for line in norm.lines] == ["mean norm", "clipped above"]
    assert share.title == "Clipped steps"
    assert training_charts([{"epoch": 1, "loss": 1.0}], 1.0) == []


def test_a_threshold_that_moves_is_drawn_as_it_was():
    history = [{"epoch": n, "gradient_norm": 2.0, "clipping_threshold": 3.0 - n} for n in (1, 2)]
    norm = training_charts(history, None)[0]
    assert [line.name for line in norm.lines] == ["mean norm", "clipped above"]
    assert training_charts(history, None)[0] != training_charts([{**history[0]}, history[0]], None)[0]


def test_the_report_shows_them(run_folder):
    write_json(run_folder.gradients, flow(layer(name="<b>decoder"), LSTM))
    html = write_report(run_folder).read_text(encoding="utf-8")
    assert "the gradient of the loss of the last token" in html and "means over 8 examples" in html
    assert "&lt;b&gt;decoder" in html and "<b>decoder" not in html
    assert 'data-unit="steps from the loss"' in html and 'data-unit="epoch"' in html
    assert "of all steps the norm exceeded 1.000" in html and "clipped above" in html


def test_the_report_says_where_nothing_was_measured(run_folder):
    run_folder.history.write_text("epoch,loss\n1,2.0\n", encoding="utf-8")
    assert "<code>kerasseq explain --gradients</code> follows it" in write_report(run_folder).read_text(
        "utf-8"
    )


def test_a_broken_file_is_named(run_folder):
    run_folder.gradients.write_text("[", encoding="utf-8")
    with pytest.raises(RunFolderError, match="gradients.json:1: this is not JSON") as error:
        write_report(run_folder)
    assert str(error.value).endswith("write the file again with `kerasseq explain --gradients`")


def test_a_picture_grows_with_the_layers(tmp_path):
    gradient_picture({"": flow(layer())}, tmp_path / "one.png")
    gradient_picture(
        {"rnn": flow(layer(), LSTM), "lstm": flow(layer(cell="lstm"), LSTM)}, tmp_path / "two.png"
    )
    assert size_of(tmp_path / "one.png") < size_of(tmp_path / "two.png")
    gradient_picture({"": flow(layer())}, tmp_path / "one.svg")
    assert (tmp_path / "one.svg").read_text("utf-8").startswith("<?xml")


def test_what_is_no_picture_is_refused(tmp_path):
    with pytest.raises(
        ValueError, match=r"`path` must end in \.png, \.svg, \.pdf\. Received: path='a\.jpeg'"
    ):
        gradient_picture({"": flow(layer())}, "a.jpeg")
    with pytest.raises(
        ValueError, match="`flows` must have a layer. Received: runs without recurrent layers"
    ):
        gradient_picture({"": flow()}, tmp_path / "a.png")
