"""What names of files say: hidden or not, class and part, order, and which are taken where there are too many."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest

from ae_core.pictures.names import (
    BEYOND,
    LEARN,
    MOST_CLASSES,
    NEITHER,
    NO_CLASS,
    TEST,
    evenly,
    hidden,
    names,
    natural,
    numbered,
    places,
    plain,
)


def placed(*paths: str) -> list[tuple[int, str]]:
    return [tuple(place) for place in places([names(path) for path in paths])]


# --- classes ----------------------------------------------------------------------------------------------------------

L, T, N = LEARN, TEST, NEITHER
PLACES = {
    "the last folder names the class": ({"d/cat/1": (N, "cat"), "d/dog/2": (N, "dog"), "d/x/dog/3": (N, "dog")}),
    "one folder is no class": {"d/1": (N, ""), "d/2": (N, "")},
    "beside the folders there is no class": {"d/0/1": (N, "0"), "d/1/2": (N, "1"), "d/preview": (N, "")},
    "two depths": {"dog/1": (N, "dog"), "dog/puppy/2": (N, "puppy"), "cat/3": (N, "cat")},
    "other systems": {"d\\cat\\1": (N, "cat"), "d\\dog\\2": (N, "dog")},
    "composed differently": {"train/e\u0301/1": (L, "\xe9"), "test/\xe9/2": (T, "\xe9"), "test/b/3": (T, "b")},
    "another case": {"train/Cat/1": (L, "Cat"), "test/cat/2": (T, "Cat"), "train/b/3": (L, "b")},
    "two cases side by side": {"A/1": (N, "A"), "a/2": (N, "a"), "b/3": (N, "b")},
    "upwards": {"../../a/1": (N, "a"), "/b/2": (N, "b"), "..": (N, "")},
    "every class holds a folder of one name": {"d-master/images/3/img/0": (N, "3"), "d-master/images/4/img/0": (N, "4"),
                                               "d-master/logo": (N, "")},
    "the same beside parts": {"t/train/n1/images/0": (L, "n1"), "t/train/n2/images/1": (L, "n2"), "t/val/images/2": (T, "")},
    "two such folders": {"cat/a/b/1": (N, "cat"), "dog/a/b/2": (N, "dog"), "dog/A/b/3": (N, "dog")},
    "such a folder in some classes only": {"cat/images/1": (N, "images"), "dog/2": (N, "dog")},
    # parts
    "training and testing": {"m/training/0/1": (L, "0"), "m/testing/0/2": (T, "0"), "m/testing/1/3": (T, "1")},
    "validation is learned from": {"train/a/1": (L, "a"), "Val/a/2": (L, "a"), "TEST/b/3": (T, "b")},
    "validation is for testing": {"Train/a/1": (L, "a"), "validation/a/2": (T, "a"), "validation/b/3": (T, "b")},
    "part inside of the class": {"cat/train/1": (L, "cat"), "cat/test/2": (T, "cat"), "dog/train/3": (L, "dog")},
    "packed twice": {"seg_train/seg_train/sea/1": (L, "sea"), "seg_test/seg_test/ice/2": (T, "ice"), "seg_pred/3": (N, "")},
    "tests without classes": {"x_train/x_train/A/1": (L, "A"), "x_train/x_train/B/2": (L, "B"), "x_test/x_test/A_test": (T, "")},
    "sets": {"training_set/cats/1": (L, "cats"), "test_set/cats/2": (T, "cats"), "test_set/dogs/2": (T, "dogs")},
    "years": {"train2017/a/1": (L, "a"), "val2017/b/2": (T, "b")},
    "words grown together": {"f/Training/joy/1": (L, "joy"), "f/PublicTest/joy/2": (T, "joy"),
                             "f/PrivateTest/fear/3": (T, "fear")},
    "short words": {"imagesTr/a/1": (L, "a"), "imagesTs/b/2": (T, "b")},
    "short words alone are classes": {"tr/1": (N, "tr"), "ts/2": (N, "ts"), "en/3": (N, "en")},
    "held out": {"train/a/1": (L, "a"), "holdout/b/2": (T, "b")},
    "held out alone": {"d/holdout/1": (N, "holdout"), "d/rest/2": (N, "rest")},
    "a letter grown to it is a class": {"x/trainA/1": (N, "trainA"), "x/trainB/2": (N, "trainB"), "x/testA/3": (N, "testA"),
                                        "x/testB/4": (N, "testB")},
    "only in tests": {"b/train/good/1": (L, "good"), "b/test/good/2": (T, "good"), "b/test/broken/3": (T, "broken"),
                      "b/ground_truth/broken/4": (N, "")},
    "a train is a vehicle": {"v/train/1": (N, "train"), "v/car/2": (N, "car"), "v/bus/3": (N, "bus")},
    "a vehicle in a part": {"train/train/1": (L, "train"), "train/car/2": (L, "car"), "test/train/3": (T, "train")},
    "train alone": {"d/train/a/1": (N, "a"), "d/train/b/2": (N, "b")},
}  # fmt: skip


@pytest.mark.parametrize("case", PLACES)
def test_part_and_class_of_each_picture(case):
    assert dict(zip(PLACES[case], placed(*PLACES[case]), strict=True)) == PLACES[case]


@pytest.mark.parametrize(
    "path",
    ["__MACOSX/d/._1.png", "d/.DS_Store", "d/._1.png", "d/3/.ipynb_checkpoints/1.png", "d/Thumbs.db", "d/THUMBS.DB",
     "d/Thumbs.db:encryptable", "d/1.png:Zone.Identifier",
     "d/desktop.ini", "d/@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg", "#recycle/1.png", "d/.git/a", ".@__thumb/1.jpg",
     "$RECYCLE.BIN/1.png", "d\\.thumbnails\\1.png", "System Volume Information/x", "@Recycle/1.png"],
)  # fmt: skip
def test_what_systems_leave_is_hidden(path):
    assert hidden(names(path))


@pytest.mark.parametrize(
    "path", ["d/1.png", "../1.png", "./d/1.png", "d/recycle/1.png", "d/a.b/thumbs.png", "d/@/1.png"]
)
def test_what_people_leave_is_not(path):
    assert not hidden(names(path))


# --- names on screen --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["0", "10", "-1", "cat", "T-shirt", "upper_A", "St. Mary", "naïve", "あ", "हिन्दी", "x" * 24]
)
def test_a_number_or_a_short_word_stays(name):
    assert plain(name)


@pytest.mark.parametrize(
    "name",
    ["", " a", "a ", "a  b", "..", "---", "x" * 25, "<b>x", "[x](y)", "*x*", "`x`", "$x$", ":red", "a/b", "C:", "a\nb",
     "a\x00", "x\u202eb", "e\u0301", "www.example.com", "WWW.x", "x\u200b", "\u3164", "{0}", "&amp;", "'", '"', "\ud800", "😀"],
)  # fmt: skip
def test_another_name_does_not(name):
    assert not plain(name)


def test_numbers_stand_in_the_order_of_numbers_and_before_words():
    told = ["-1", "0", "0.5", "1", "2", "10", "A", "b2", "b10", "c"]
    assert sorted(set(told), key=natural) == told


def test_there_are_as_many_classes_as_there_are_up_to_a_limit_of_which_the_largest_stay():
    many = [f"c{k}" for k in range(MOST_CLASSES)] * 2
    shown, numbers = numbered([*many, "rare", ""])
    assert shown == [f"c{k}" for k in range(MOST_CLASSES)] and numbers[-2:] == [BEYOND, NO_CLASS]
    assert MOST_CLASSES >= 200 and numbers[: MOST_CLASSES + 1] == [*range(MOST_CLASSES), 0]
    assert numbered(["a"] * 5 + [""]) == ([], [NO_CLASS] * 6)


# --- which are taken --------------------------------------------------------------------------------------------------


def test_the_limit_is_taken_evenly_over_classes_and_over_each_class():
    labels, parts = [k // 500 for k in range(5000)], [T if k % 500 >= 400 else L for k in range(5000)]
    first = evenly(labels, parts, 2000)[:2000]
    assert Counter(labels[k] for k in first) == dict.fromkeys(range(10), 200)
    assert Counter((labels[k], parts[k]) for k in first)[3, T] == 40, "both parts keep their proportion"
    of_one = sorted(k for k in first if labels[k] == 3)
    assert max(b - a for a, b in itertools.pairwise(of_one)) <= 3


def test_small_classes_are_taken_whole_and_all_of_the_limit_is_used():
    labels = [0] * 5 + [1] * 1000 + [2] * 1000 + [NO_CLASS] * 50
    order = evenly(labels, [N] * len(labels), 100)
    assert sorted(order) == list(range(len(labels)))
    assert Counter(labels[k] for k in order[:100]) == {0: 5, 1: 47, 2: 48}
    assert [labels[k] for k in order[-50:]] == [NO_CLASS] * 50, "what has no class comes last"
    assert sorted(evenly([NO_CLASS] * 100, [N] * 100, 10)[:10]) == list(range(5, 100, 10))
