"""What the strong network promises."""

import pytest
import torch

from bakeoff.models.factory import create
from bakeoff.models.summary import describe


def test_it_has_at_most_three_million_parameters() -> None:
    assert 2_500_000 < describe(create("strong", 5, 64), 64).parameters <= 3_000_000


@pytest.mark.parametrize("size", [8, 9, 17, 31, 64])
def test_a_batch_of_one_image_can_be_learned_from(size: int) -> None:
    network = create("strong", 3, size).train()
    network(torch.zeros(1, 3, size, size)).sum().backward()


def test_it_takes_images_of_another_size_than_it_was_made_for() -> None:
    network = create("strong", 3, 64).eval()
    assert network(torch.zeros(2, 3, 48, 48)).shape == (2, 3)


def test_each_block_begins_as_its_shortcut() -> None:
    network = create("strong", 3, 32).eval()
    maps = torch.rand(2, 32, 16, 16)
    torch.testing.assert_close(network.body[0](maps), maps)


def test_it_says_where_without_saying_otherwise_what() -> None:
    network = create("strong", 3, 64).eval()
    images = torch.rand(2, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        logits, cells = network.forward_with_heatmaps(images)
        torch.testing.assert_close(logits, network(images))
    assert cells.shape == (2, 3, 8, 8)
