import keras
import numpy as np
import pytest

from tests.layers.gradients import assert_gradients_close
from tests.models.language_model_toys import TASK, random_text, small_model, windows

RATE = 0.5


def _step(trained, batch):
    """One step of plain gradient descent: the loss, and the gradients of every weight."""
    inputs, labels = TASK.example(batch)
    before = [weight.numpy() for weight in trained.trainable_weights]
    loss = float(trained.train_on_batch(inputs, labels))
    after = [weight.numpy() for weight in trained.trainable_weights]
    return loss, [(old - new) / RATE for old, new in zip(before, after, strict=True)]


def _trained(rows, eagerly=False, **options):
    model = small_model(**options)
    trained = TASK.training_model(model, batch_size=rows)
    trained.compile(keras.optimizers.SGD(RATE), TASK.loss(), jit_compile=False, run_eagerly=eagerly)
    trained.optimizer.build(trained.trainable_variables)  # or the step is traced twice
    return model, trained


def test_windows_have_the_loss_of_the_whole_and_no_gradient_into_the_past():
    text = random_text(2, 11)
    first, second = windows(text, 5)
    model, trained = _trained(2, eagerly=True, num_layers=2)
    trained.optimizer.learning_rate = 0.0
    losses = [_step(trained, batch)[0] for batch in (first, second)]
    whole = TASK.loss()(text[:, 1:], model({"text": text[:, :-1]}))
    np.testing.assert_allclose(np.mean(losses), float(whole), rtol=1e-5)

    # The second window's gradient is that of a model whose first states are numbers, not functions.
    _, trained = _trained(2, eagerly=True, num_layers=2)
    trained.optimizer.learning_rate = 0.0
    _step(trained, first)
    trained.optimizer.learning_rate = RATE
    _, gradients = _step(trained, second)
    _, alone = _trained(2, eagerly=True, num_layers=2)
    _, states = TASK.score(alone.model, first, TASK.initial_state(alone.model, 2))
    for variable, state in zip(alone.states, keras.tree.flatten(states), strict=True):
        variable.assign(state)
    _, expected = _step(alone, second)
    assert_gradients_close(gradients, expected)


def test_a_row_that_resets_starts_from_zero():
    first, second = windows(random_text(2, 11), 5)
    _, trained = _trained(2, eagerly=True)
    _, fresh = _trained(2, eagerly=True)
    trained.optimizer.learning_rate = 0.0
    _step(trained, first)
    second["reset"] = np.array([True, True])
    np.testing.assert_allclose(_step(trained, second)[0], _step(fresh, second)[0], rtol=1e-6)


def test_the_model_inside_has_every_weight_that_is_trained():
    model, trained = _trained(2, num_layers=2)
    assert [w.path for w in trained.trainable_variables] == [w.path for w in model.trainable_variables]
    assert {id(w) for w in trained.variables} - {id(s) for s in trained.states} == {
        id(w) for w in model.variables
    }


def test_fit_goes_through_epochs_of_windows():
    model, trained = _trained(4, activity_penalty=2.0, slowness_penalty=1.0, output_dropout=0.3)
    batches = [TASK.example(batch) for batch in windows(random_text(4, 21), 5)]

    def endless():
        while True:
            yield from batches

    history = trained.fit(endless(), steps_per_epoch=4, epochs=3, shuffle=False, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert model({"text": random_text(7, 9)}).shape[:2] == (7, 9)  # as many rows as one likes


def test_a_batch_without_a_row_for_each_state_is_refused():
    _, trained = _trained(3)
    inputs, _ = TASK.example(next(windows(random_text(2, 6), 5)))
    with pytest.raises(ValueError, match="a row for each of the 3 streams. Received: 2 rows"):
        trained(inputs)
