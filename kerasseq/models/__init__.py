"""Tasks: one file each, named as in a recipe's `model: {type: NAME}`."""
