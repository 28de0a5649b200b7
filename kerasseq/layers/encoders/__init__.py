"""Encoders: one file each, named as in a recipe's `encoder: NAME`."""
