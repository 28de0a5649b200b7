"""The cells and energies of the literature in NumPy, written from their equations, not from the layers."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    exponentials = np.exp(x - x.max(-1, keepdims=True))
    return exponentials / exponentials.sum(-1, keepdims=True)


def gates_of(matrix, number):
    """The blocks of a matrix (..., number * units), one for each gate."""
    return np.split(matrix, number, axis=-1)


def lstm(cell, x, states):
    h, c = states
    w_i, w_f, w_g, w_o = gates_of(weight(cell, "kernel"), 4)
    u_i, u_f, u_g, u_o = gates_of(weight(cell, "recurrent_kernel"), 4)
    b_i, b_f, b_g, b_o = gates_of(weight(cell, "bias"), 4)
    i = sigmoid(x @ w_i + h @ u_i + b_i)
    f = sigmoid(x @ w_f + h @ u_f + b_f)
    g = np.tanh(x @ w_g + h @ u_g + b_g)
    o = sigmoid(x @ w_o + h @ u_o + b_o)
    c = f * c + i * g
    return o * np.tanh(c), c


def peephole_lstm(cell, x, states):
    h, c = states
    w_i, w_f, w_g, w_o = gates_of(weight(cell, "kernel"), 4)
    u_i, u_f, u_g, u_o = gates_of(weight(cell, "recurrent_kernel"), 4)
    b_i, b_f, b_g, b_o = gates_of(weight(cell, "bias"), 4)
    p_i, p_f, p_o = gates_of(weight(cell, "peephole"), 3)
    i = sigmoid(x @ w_i + h @ u_i + p_i * c + b_i)
    f = sigmoid(x @ w_f + h @ u_f + p_f * c + b_f)
    c = f * c + i * np.tanh(x @ w_g + h @ u_g + b_g)
    o = sigmoid(x @ w_o + h @ u_o + p_o * c + b_o)
    return o * np.tanh(c), c


def coupled_lstm(cell, x, states):
    h, c = states
    w_i, w_g, w_o = gates_of(weight(cell, "kernel"), 3)
    u_i, u_g, u_o = gates_of(weight(cell, "recurrent_kernel"), 3)
    b_i, b_g, b_o = gates_of(weight(cell, "bias"), 3)
    i = sigmoid(x @ w_i + h @ u_i + b_i)
    c = (1 - i) * c + i * np.tanh(x @ w_g + h @ u_g + b_g)
    return sigmoid(x @ w_o + h @ u_o + b_o) * np.tanh(c), c


def mingru(cell, x, states):
    w_z, w_n = gates_of(weight(cell, "kernel"), 2)
    b_z, b_n = gates_of(weight(cell, "bias"), 2)
    z = sigmoid(x @ w_z + b_z)
    return ((1 - z) * states[0] + z * (x @ w_n + b_n),)


def minlstm(cell, x, states):
    w_f, w_i, w_n = gates_of(weight(cell, "kernel"), 3)
    b_f, b_i, b_n = gates_of(weight(cell, "bias"), 3)
    f, i = sigmoid(x @ w_f + b_f), sigmoid(x @ w_i + b_i)
    return (f / (f + i) * states[0] + i / (f + i) * (x @ w_n + b_n),)


def gru(cell, x, states):
    (h,) = states
    w_z, w_r, w_n = gates_of(weight(cell, "kernel"), 3)
    u_z, u_r, u_n = gates_of(weight(cell, "recurrent_kernel"), 3)
    b_z, b_r, b_n = gates_of(weight(cell, "bias"), 3)
    d_z, d_r, d_n = gates_of(weight(cell, "recurrent_bias"), 3) if cell.reset_after else (0, 0, 0)
    z = sigmoid(x @ w_z + b_z + h @ u_z + d_z)
    r = sigmoid(x @ w_r + b_r + h @ u_r + d_r)
    candidate = r * (h @ u_n + d_n) if cell.reset_after else (r * h) @ u_n
    n = np.tanh(x @ w_n + b_n + candidate)
    return (z * h + (1 - z) * n if cell.update == "keras" else (1 - z) * h + z * n,)


def rnn(cell, x, states):
    total = x @ weight(cell, "kernel") + states[0] @ weight(cell, "recurrent_kernel") + weight(cell, "bias")
    return (np.tanh(total) if cell.activation == "tanh" else np.maximum(total, 0),)


CELLS = {
    "coupled_lstm": coupled_lstm, "gru": gru, "lstm": lstm, "mingru": mingru, "minlstm": minlstm,
    "peephole_lstm": peephole_lstm, "rnn": rnn,
}  # fmt: skip


def weight(layer, name):
    """A layer's weight by its name, in double precision."""
    (found,) = (variable for variable in layer.weights if variable.name == name)
    return np.asarray(found.numpy(), "float64")


def attend(energies, values, mask):
    """Weights over the real tokens and their mean of the values; energies and mask (batch, source_time)."""
    weights = np.zeros_like(energies)
    for row, is_real in enumerate(mask):
        weights[row, is_real] = softmax(energies[row, is_real])
    return np.einsum("bj,bjd->bd", weights, values), weights


def additive_energies(attention, query, memory):
    """v^T tanh(W s + U h_j + b)."""
    w, u = weight(attention, "query_kernel"), weight(attention, "memory_kernel")
    b, v = weight(attention, "bias"), weight(attention, "energy_kernel")[:, 0]
    return np.array(
        [[v @ np.tanh(s @ w + h @ u + b) for h in row] for s, row in zip(query, memory, strict=True)]
    )


def product_energies(attention, query, memory):
    """s^T h_j, s^T h_j / sqrt(units) or s^T W h_j, where W = g V."""
    eye, root = np.eye(memory.shape[-1]), np.sqrt(query.shape[-1])
    if attention.score == "general":
        w = weight(attention, "scale") * weight(attention, "memory_kernel")
    else:
        w = {"dot": eye, "scaled_dot": eye / root}[attention.score]
    return np.array([[s @ (h @ w) for h in row] for s, row in zip(query, memory, strict=True)])
