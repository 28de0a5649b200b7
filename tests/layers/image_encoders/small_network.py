"""Two layers that stand in for the hundreds of a network of `keras.applications`."""

import keras


def small_network(*, include_top, weights, input_shape):
    """A map of 6 features, a 32nd of the picture high and wide, with statistics that are not all zero."""
    assert not include_top
    inputs = keras.Input(input_shape)
    maps = keras.layers.BatchNormalization()(keras.layers.Conv2D(6, 32, strides=32)(inputs))
    network = keras.Model(inputs, maps)
    network.layers[-1].moving_mean.assign([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    if weights is not None:
        network.load_weights(weights)
    return network
