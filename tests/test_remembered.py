"""What is kept for all visitors: made once, told apart by the right arguments, dropped when it must go."""

import threading

import pytest

from ui.remembered import forget, remembered


@pytest.fixture
def counted():
    """A remembered function of (run, version, seed), and the list of what it was really asked for."""
    asked = []

    @remembered(2)
    def make(_run, version, seed=0):
        asked.append((version, seed))
        return object()

    return make, asked


def test_a_result_is_made_once_and_is_the_same_for_everybody(counted):
    make, asked = counted
    assert make("a", "v1") is make("b", "v1")
    assert asked == [("v1", 0)]


def test_other_versions_and_other_named_arguments_are_other_results(counted):
    make, asked = counted
    assert len({id(make("a", "v1")), id(make("a", "v2"))}) == 2
    assert make("a", "v1", seed=1) is not make("a", "v1")
    assert make("a", "v1", seed=1) is make("b", "v1", seed=1)
    assert asked[:2] == [("v1", 0), ("v2", 0)]


def test_the_result_that_nobody_asked_for_longest_makes_room(counted):
    make, asked = counted
    first, _ = make("a", "v1"), make("a", "v2")
    assert make("a", "v1") is first
    make("a", "v3")
    assert make("a", "v1") is first
    make("a", "v2")
    assert [version for version, _ in asked] == ["v1", "v2", "v3", "v2"]


def test_an_error_is_not_kept():
    answers = iter([ValueError("not yet"), None])

    @remembered(1)
    def make():
        if error := next(answers):
            raise error
        return "there"

    with pytest.raises(ValueError, match="not yet"):
        make()
    assert make() == make() == "there"


def test_whoever_comes_together_waits_for_one_result():
    begun, go_on, asked, got = threading.Event(), threading.Event(), [], []

    @remembered(1)
    def make(version):
        asked.append(version)
        begun.set()
        assert go_on.wait(10)
        return object()

    visitors = [threading.Thread(target=lambda: got.append(make("v"))) for _ in range(4)]
    for visitor in visitors:
        visitor.start()
    assert begun.wait(10)
    go_on.set()
    for visitor in visitors:
        visitor.join(10)
    assert asked == ["v"] and len(got) == 4 and len(set(map(id, got))) == 1


def test_everything_can_be_forgotten(counted):
    make, asked = counted
    make("a", "v1")
    forget()
    make("a", "v1")
    assert len(asked) == 2
