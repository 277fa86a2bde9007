"""The section `[cluster]`: where the executor "ray" runs, and with what."""

from typing import Annotated

from msgspec import Meta

from bakeoff.config.tables import ConfigTable, Count


class ClusterConfig(ConfigTable, frozen=True):
    """The section `[cluster]`; all but `storage` is for the executor "ray" alone.

    Attributes:
        address: "auto" joins the Ray cluster that this machine is in, or that RAY_ADDRESS names; "local" starts one
            for the command, on this machine alone; "ray://HOST:PORT" or "HOST:PORT" joins that one.
        num_cpus: Processors that a run reserves; 0 means as many as its `training.threads`.
        num_gpus: GPUs that a run on CUDA reserves; 0.25 lets four runs share one.
        storage: Where checkpoints go: an absolute path that all nodes share, or a URL that fsspec knows
            (`s3://bucket/folder`); empty means the experiment's own folder, which all nodes must then share.
    """

    address: Annotated[str, Meta(pattern=r"^(auto|local|(ray://)?[\w.\[\]:-]+:\d+)\Z")] = "auto"
    num_cpus: Count = 0
    num_gpus: Annotated[float, Meta(gt=0.0, le=64.0)] = 1.0
    storage: Annotated[str, Meta(pattern=r"^(\Z|/|[A-Za-z]:[/\\]|[A-Za-z][\w+.-]+://)")] = ""
