"""Which weights are evaluated and kept: the last ones, their EMA, or those of the best epoch."""

from dataclasses import dataclass

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


@dataclass(frozen=True)
class BestEpoch:
    """The epoch with the lowest loss on the holdout so far, and its weights by name."""

    epoch: int
    loss: float
    weights: dict[str, Tensor]


class KeptWeights:
    """The weights of a network in training, as they are evaluated and kept.

    Attributes:
        ema: The network with the exponential moving average of its weights (Polyak and Juditsky, SIAM J. Control Optim.
            30, 1992); None where the decay is 0.
        best: What the holdout has chosen so far; None without a holdout.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self._network = network
        self.ema = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True) if decay else None
        self.best: BestEpoch | None = None

    @property
    def evaluated(self) -> nn.Module:
        """What is evaluated: the network, or the EMA of its weights."""
        return self.ema.module if self.ema else self._network

    def update(self) -> None:
        """Takes the weights of a step into the EMA."""
        if self.ema:
            self.ema.update_parameters(self._network)

    def judge(self, epoch: int, loss: float | None) -> None:
        """Keeps the weights of the epoch just completed, if its loss on the holdout is the lowest so far."""
        if loss is not None and (self.best is None or loss < self.best.loss):
            weights = {name: value.detach().clone() for name, value in self.evaluated.state_dict().items()}
            self.best = BestEpoch(epoch, loss, weights)

    def choose(self) -> None:
        """Gives the network the weights that are kept: the best epoch's, or the last ones as they are evaluated."""
        if self.best:
            self._network.load_state_dict(self.best.weights)
        elif self.ema:
            self._network.load_state_dict(self.ema.module.state_dict())
