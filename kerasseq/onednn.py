"""A setting of oneDNN without which products can write where they must not."""

from __future__ import annotations

import os

CAPACITY = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"


def keep_no_second_cache() -> None:
    """Has oneDNN keep none of its compiled products, unless the environment says otherwise.

    TensorFlow keeps them itself, for each of its threads. What oneDNN hands out once more can want more
    scratch memory than TensorFlow 2.21 gives it, and writes behind it: so do batched products in the loop of
    a decoder, on two cores with AVX-512. The process then dies of a corrupted heap, at any time later.

    It counts until the process has computed its first product.
    """
    os.environ.setdefault(CAPACITY, "0")
