"""Forms in which a trained model leaves the run folder: one file each, named as in a recipe's `export`."""
