"""Averages of a training's weights: one file each, named as in a recipe's `averaging: NAME`."""
