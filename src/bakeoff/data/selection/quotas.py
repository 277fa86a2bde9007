"""Quotas that a policy can fill."""

import msgspec

from bakeoff.config.data import SelectionConfig
from bakeoff.data.index import Index
from bakeoff.data.selection.candidates import find_candidates, target_annotations
from bakeoff.data.selection.select import apportion, largest_common_quota
from bakeoff.data.selection.splits import amounts, assign, val_fraction


def fit_quotas(index: Index, config: SelectionConfig) -> SelectionConfig:
    """The same configuration, its quotas lowered to what its policy can give to every class, in their proportion.

    Where they are not one number for all classes, they become tables of what the policy gives to each.

    Raises:
        SelectionError: The classes can't be used.
        ConfigError: There is no such policy.
    """
    candidates = find_candidates(target_annotations(index, config), len(config.classes), index.splits)
    numbers = config.numbers
    if numbers:
        common = largest_common_quota(candidates, numbers, config.policy, config.seed)
        fitted: dict[str, object] = {f"{split}_per_class": count for split, count in apportion(common, numbers).items()}
    else:
        quotas = amounts(config)
        counts = assign(candidates, quotas, config.policy, config.seed, val_fraction(config)).counts(quotas)
        fitted = {
            f"{split}_per_class": dict(zip(config.classes, row.tolist(), strict=True))
            for split, row in zip(quotas, counts, strict=True)
        }
    return msgspec.structs.replace(config, **fitted)
