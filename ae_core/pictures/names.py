"""What the names of files say: whose pictures they are, which class they show, and for which part they were meant.

The last folder names the class. A folder beside which another one lies that is called the same but for "train" and
"test" is a part of the whole, not a class. This is used by the limited process that reads an archive, and again by the
one that does not believe its answer; it needs nothing but Python.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

Names = tuple[str, ...]  # of folders from the outermost inwards, and of the file in the last of them

MOST_CLASSES = 200  # their numbers fit into a byte, and ten pictures of each into a data set
LONGEST = 24  # characters of a name that is shown
LONGEST_PATH, DEEPEST = 2000, 16  # characters and folders of a path that are looked at, from its end
LEARN, TEST, NEITHER = 0, 1, -1  # the part of a picture; neither: nothing is said about it
NO_CLASS, BEYOND = -1, -2  # in place of a class: there is none; there are too many, and it is none of the largest

_SYSTEM = {  # what computers and photo stations leave beside pictures; whatever begins with a dot too
    "__macosx",
    "thumbs.db",
    "ehthumbs.db",
    "ehthumbs_vista.db",
    "desktop.ini",
    "icon\r",
    "@eadir",
    "#recycle",
    "@recycle",
    "#snapshot",
    "@recently-snapshot",
    "$recycle.bin",
    "recycler",
    "system volume information",
    "lost+found",
    "__pycache__",
    "zbthumbnail.info",
}
_INVISIBLE = "\u115f\u1160\u3164\uffa0"  # letters by their kind, and yet nothing to see
_PARTS = {
    kind: re.compile(rf"({words})(sets?|data|images?)?")
    for kind, words in (
        ("train", "train|training|trn|learn|learning"),
        ("valid", "valid|validation|val|dev"),
        ("test", "test|testing|tst|eval|evaluation|holdout"),
    )
}
_SHORT = {"tr": "train", "ts": "test"}  # beside another word, for alone they may be a class
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")  # where imagesTr is cut; trainA is not, for A is a class
_FILLING = {
    "set",
    "sets",
    "data",
    "dataset",
    "images",
    "image",
    "imgs",
    "img",
    "pictures",
    "files",
    "public",
    "private",
}
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?")


class Place(NamedTuple):
    """Where a picture lies, as far as it matters."""

    part: int  # LEARN, TEST or NEITHER
    folder: str  # that could be its class; empty where there is none


def names(path: str) -> Names:
    """The inner folders and the file of a path, whichever system wrote it; without steps upwards and empty ones."""
    parts = unicodedata.normalize("NFC", path[-LONGEST_PATH:]).replace("\\", "/").split("/")
    return tuple([part for part in parts if part.strip() not in ("", ".", "..")][-DEEPEST:])


def hidden(path: Names) -> bool:
    """Whether nobody put this file there on purpose."""
    return any(
        name.startswith((".", "~$"))
        or name.casefold().endswith(":zone.identifier")
        or name.casefold().partition(":")[0] in _SYSTEM  # behind the colon: a stream beside what is in the file
        for name in path
    )


def plain(name: str) -> bool:
    """Whether a name can stay on screen as it is: a number or a short word of letters, digits, spaces and `_-.`"""
    letters = (c.isalnum() or c in " _-." or unicodedata.category(c) in ("Mn", "Mc") for c in name)
    return (
        0 < len(name) <= LONGEST
        and name == " ".join(unicodedata.normalize("NFC", name).split())
        and all(letters)
        and any(map(str.isalnum, name))
        and not any(c in _INVISIBLE for c in name)
        and "www." not in name.casefold()  # Markdown makes a link of it
    )


def word(text: str) -> str:
    """A name as a class has it: with single spaces, and the number 3.0 as 3."""
    text = " ".join(unicodedata.normalize("NFC", text).split())
    return text.rstrip("0").rstrip(".") if re.fullmatch(r"-?[0-9]{1,15}\.0{1,9}", text) else text


def natural(name: str) -> tuple[object, ...]:
    """A key that puts numbers before words, 2 before 10, and picture2 before picture10."""
    if _NUMBER.fullmatch(name):
        return (0, float(name), (), name)
    pieces = re.split(r"([0-9]+)", name.casefold())
    return (1, 0.0, tuple((int(p[:15]), "") if k % 2 else (-1, p) for k, p in enumerate(pieces)), name)


def in_order(path: Names) -> tuple[object, ...]:
    """A key that puts paths into natural order."""
    return tuple(map(natural, path))


# --- part and folder --------------------------------------------------------------------------------------------------


def places(paths: Sequence[Names]) -> list[Place]:
    """Part and folder of each picture among all of them.

    What lies in the folder that holds all others has no class, and a folder that every class holds is none. Pictures
    for validation are to be learned from where others are for testing, else they are for testing.
    """
    parts = _part_folders(paths)
    meaning = {"train": LEARN, "test": TEST, "valid": LEARN if "test" in parts.values() else TEST}
    found = []
    for path in paths:
        said = [meaning[parts[path[: k + 1]]] for k in range(len(path) - 1) if path[: k + 1] in parts]
        left = [k for k in range(len(path) - 1) if path[: k + 1] not in parts]
        found.append((said[0] if said else NEITHER, left))
    meant = [k for k, (part, _) in enumerate(found) if part != NEITHER or not parts]
    shared = _shared([[paths[k][i] for i in found[k][1]] for k in meant])
    inner = _inner([[paths[k][i] for i in found[k][1][shared:]] for k in meant])
    folders = [
        path[: left[-1 - inner] + 1] if len(left) > shared + inner else ()
        for path, (_, left) in zip(paths, found, strict=True)
    ]
    spelled = _spelled(folders)
    return [
        Place(part, spelled[folder] if folder and (part != NEITHER or not parts) else "")
        for folder, (part, _) in zip(folders, found, strict=True)
    ]


def _part_folders(paths: Sequence[Names]) -> dict[Names, str]:
    """The folders that are a part of the whole, not a class: the path of each, and train, valid or test.

    So are others of their names that lie beside no class, as in an archive that packs each part twice.
    """
    inside: dict[Names, set[str]] = defaultdict(set)
    for path in paths:
        for k in range(len(path)):
            inside[path[:k]].add(path[k] if k < len(path) - 1 else "")  # "": a picture
    found: dict[Names, str] = {}
    for parent, children in inside.items():
        alike: dict[Names, dict[str, str]] = defaultdict(dict)
        for child in children:
            kind, rest = _part(child)
            if kind:
                alike[rest][child] = kind
        for group in alike.values():
            if "train" in group.values() and len(set(group.values())) > 1:
                found |= {(*parent, child): kind for child, kind in group.items()}
    known = {folder[-1].casefold(): kind for folder, kind in found.items()}
    for parent, children in inside.items():
        kinds = {child: known.get(child.casefold(), "") for child in children - {""}}
        if all(kinds.values()) and found.get(parent, "") in ("", *kinds.values()):
            found |= {(*parent, child): kind for child, kind in kinds.items()}
    return found


def _part(name: str) -> tuple[str, Names]:
    """Train, valid or test where exactly one word of a name says so, else nothing; and its other words."""
    words = [word for word in re.split(r"[\W\d_]+", _HUMP.sub(" ", name).casefold()) if word]
    short = _SHORT if len(words) > 1 else {}
    kinds = [
        next((kind for kind, pattern in _PARTS.items() if pattern.fullmatch(word)), short.get(word, ""))
        for word in words
    ]
    rest = tuple(word for word, kind in zip(words, kinds, strict=True) if not kind and word not in _FILLING)
    return ("".join(kinds) if sum(map(bool, kinds)) == 1 else "", rest)


def _shared(folders: Sequence[Sequence[str]]) -> int:
    """How many of the outer folders all have in common."""
    levels = zip(*folders, strict=False)
    return len(list(itertools.takewhile(lambda level: len(set(level)) == 1, levels)))


def _inner(folders: Sequence[Sequence[str]]) -> int:
    """How many of the innermost folders are called the same in all classes, as in cat/images and dog/images."""
    inwards = [[name.casefold() for name in reversed(path)] for path in folders if path]
    same = _shared(inwards)
    return same if len({path[same] for path in inwards if len(path) > same}) > 1 else 0


def _spelled(folders: Sequence[Names]) -> dict[Names, str]:
    """How the class of each folder is spelled: Cat and cat are one, unless they lie beside one another."""
    alike: dict[str, set[Names]] = defaultdict(set)
    for folder in filter(None, folders):
        alike[word(folder[-1]).casefold()].add(folder)
    found: dict[Names, str] = {}
    for group in alike.values():
        beside = len({folder[:-1] for folder in group}) < len(group)
        first = min((word(folder[-1]) for folder in group), key=natural)
        found |= {folder: word(folder[-1]) if beside else first for folder in group}
    return found


# --- classes, and which pictures are taken ----------------------------------------------------------------------------


def numbered(classes: Sequence[str]) -> tuple[list[str], list[int]]:
    """The names of the classes in natural order, and the number of each picture's; there may be too many of them.

    Empty: no class. Where there is one class only, there is none.
    """
    counts = Counter(filter(None, classes))
    largest = sorted(counts, key=lambda name: (-counts[name], natural(name)))[:MOST_CLASSES]
    if len(largest) < 2:
        return [], [NO_CLASS] * len(classes)
    shown = sorted(largest, key=natural)
    number = {name: k for k, name in enumerate(shown)}
    return shown, [number.get(name, BEYOND) if name else NO_CLASS for name in classes]


def evenly(labels: Sequence[int], parts: Sequence[int], most: int) -> list[int]:
    """All indices, the `most` that are to be taken first: as many of each class as there are, or an equal share.

    What is taken of a class is spread over its pictures, so both parts keep their proportion. Without classes all are
    one.
    """
    groups: dict[int, list[int]] = defaultdict(list)
    for k in sorted(range(len(labels)), key=lambda k: (parts[k], k)):
        groups[labels[k]].append(k)
    classed = [groups[label] for label in sorted(groups) if label >= 0] or [groups[label] for label in groups]
    first, then, left = [], [], most
    for done, group in enumerate(sorted(classed, key=len)):
        share = min(len(group), left // (len(classed) - done))
        left -= share
        chosen = [group[(2 * k + 1) * len(group) // (2 * share)] for k in range(share)]
        first.append(chosen)
        then.append(sorted(set(group) - set(chosen)))
    order = [k for groups in (first, then) for turn in itertools.zip_longest(*groups) for k in turn if k is not None]
    return order + sorted(set(range(len(labels))) - set(order))
