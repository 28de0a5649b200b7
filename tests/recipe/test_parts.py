"""Every part that ships can be read statically, and its defaults are values that a recipe may give."""

import pytest

from kerasseq import registry, specs
from kerasseq.recipe.annotations import describe, marker
from kerasseq.recipe.reading import Node
from kerasseq.recipe.signatures import REQUIRED, part_signature
from kerasseq.recipe.validation import Checker
from kerasseq.specs import Part

ALIASES = [part for alias in vars(specs).values() if (part := marker(alias, Part))]
PARTS = {part.kind: part for part in [*map(Part, registry.FOLDERS), *ALIASES]}
SHIPPED = [(kind, word) for kind in registry.FOLDERS for word in registry.names(kind)]


def test_every_kind_of_the_aliases_has_a_folder():
    assert set(PARTS) == set(registry.FOLDERS)


@pytest.mark.parametrize(("kind", "word"), SHIPPED)
def test_every_option_has_a_known_type_a_description_and_a_default_that_is_allowed(kind, word):
    signature = part_signature(PARTS[kind], word)
    assert signature.summary
    for parameter in signature.parameters:
        assert describe(parameter.annotation)
        assert parameter.description, f"{kind}/{word}: `{parameter.name}` is not under Args:"
        if parameter.default is not REQUIRED:
            checker = Checker()
            checker.value(Node.of(parameter.default, "default"), parameter.annotation, parameter.name)
            assert not checker.problems, [str(problem) for problem in checker.problems]
