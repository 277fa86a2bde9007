"""majority learns the frequencies of the classes, whatever the photos are."""

import torch
from torch.nn.functional import cross_entropy
from torch.optim import Adam

from bakeoff.models.factory import create


def test_it_learns_the_most_frequent_class() -> None:
    network = create("majority", 3, 16)
    labels = torch.tensor([0, 1, 1, 2, 1, 2, 1, 1, 1, 1])
    images = torch.rand(len(labels), 3, 16, 16)
    optimizer = Adam(network.parameters(), lr=0.1)
    for _ in range(200):
        optimizer.zero_grad()
        cross_entropy(network(images), labels).backward()
        optimizer.step()
    torch.testing.assert_close(network(images[:1]).softmax(1)[0], torch.tensor([0.1, 0.7, 0.2]), atol=0.01, rtol=0)
    assert network(torch.rand(5, 3, 16, 16)).argmax(1).tolist() == [1] * 5
