"""Optimizers: one file each, named as in a recipe's `optimizer: NAME`."""
