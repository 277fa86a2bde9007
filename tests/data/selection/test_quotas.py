"""Quotas are lowered to what a policy can fill, and no further."""

from collections.abc import Callable

import msgspec
import pytest

from bakeoff.config.data import SelectionConfig
from bakeoff.core.errors import ShortageError
from bakeoff.data.index import Index
from bakeoff.data.selection import fit_quotas, select


@pytest.mark.parametrize("policy", ["exclusive", "balanced", "first-fit"])
def test_the_fitted_quotas_can_be_filled_and_one_more_can_not(index_factory: Callable[..., Index], policy: str) -> None:
    one, two = [("a", 0.1, False)], [("b", 0.1, False)]
    index = index_factory({**dict.fromkeys(range(10), one), **dict.fromkeys(range(10, 17), two)}, ("a", "b"))
    config = SelectionConfig(classes=("a", "b"), train_per_class=8, val_per_class=4, policy=policy)
    fitted = fit_quotas(index, config)
    assert (fitted.train_per_class, fitted.val_per_class) == (5, 2)
    assert select(index, fitted).chosen.height == 14
    with pytest.raises(ShortageError):
        select(index, msgspec.structs.replace(fitted, val_per_class=3))


def test_quotas_that_fit_stay(index_factory: Callable[..., Index]) -> None:
    index = index_factory({1: [("a", 0.1, False)], 2: [("b", 0.1, False)]}, ("a", "b"))
    config = SelectionConfig(classes=("a", "b"), train_per_class=1, val_per_class=0)
    assert fit_quotas(index, config) == config
