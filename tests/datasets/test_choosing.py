"""Which pictures are shown, and from which size of the code a visitor starts."""

import pytest
import torch

from ae_core.datasets.choosing import one_of_each


def in_turn(labels, n):
    """The same by hand: take the next picture of each class, in the order of the classes, until there are n."""
    waiting = {label: [i for i, found in enumerate(labels) if found == label] for label in sorted(set(labels))}
    taken = []
    while len(taken) < n and any(waiting.values()):
        taken += [pictures.pop(0) for pictures in waiting.values() if pictures]
    return taken[:n]


@pytest.mark.parametrize("classes", [1, 2, 10, 26])
@pytest.mark.parametrize("n", [1, 8, 50])
def test_the_classes_take_turns(classes, n):
    labels = torch.randint(0, classes, (40,), generator=torch.Generator().manual_seed(n))
    assert one_of_each(labels, n).tolist() == in_turn(labels.tolist(), n)


def test_a_class_without_pictures_takes_no_turn():
    assert one_of_each(torch.tensor([3, 3, 1]), 5).tolist() == [2, 0, 1]
