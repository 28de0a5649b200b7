"""Ways to run a cell over time: one file each, named as in a recipe's `kernel: NAME`."""
