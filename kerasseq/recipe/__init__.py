"""Recipes: one YAML file read, held against the signatures it configures, and written out in full."""

from kerasseq.recipe.finding import find_recipe
from kerasseq.recipe.resolve import Recipe, load_recipe
from kerasseq.recipe.schema import recipe_schema

__all__ = ["Recipe", "find_recipe", "load_recipe", "recipe_schema"]
