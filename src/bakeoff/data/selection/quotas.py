"""Quotas that a policy can fill."""

import msgspec

from bakeoff.config.schema import SelectionConfig
from bakeoff.data.index import Index
from bakeoff.data.selection.candidates import find_candidates, target_annotations
from bakeoff.data.selection.select import apportion, largest_common_quota


def fit_quotas(index: Index, config: SelectionConfig) -> SelectionConfig:
    """The same configuration, its quotas lowered to what its policy can give to every class, in their proportion.

    Raises:
        SelectionError: The classes can't be used.
        ConfigError: There is no such policy.
    """
    quotas = config.quotas
    candidates = find_candidates(target_annotations(index, config), len(config.classes), index.splits)
    common = largest_common_quota(candidates, quotas, config.policy, config.seed)
    fitted = {f"{split}_per_class": count for split, count in apportion(common, quotas).items()}
    return msgspec.structs.replace(config, **fitted)
