"""Attentions: one file each, named as in a recipe's `attention: NAME`."""
