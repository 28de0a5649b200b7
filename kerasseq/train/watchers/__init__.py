"""Where else the figures of an epoch go: one file each, named as in a recipe's `watch: [NAME]`."""
