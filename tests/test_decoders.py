"""Networks on their way to the browser: packed without loss, one address per state of a run, small on the wire."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from packed import unpacked

from ae_core.runs import RunError
from ae_core.store import Store
from ui import cached, decoders, latent
from ui.components.packing import Packer

RNG = np.random.default_rng(0)
ARRAYS = {
    "halves": RNG.integers(-9, 9, (4, 5)).astype(np.float32) / 8,
    "floats": RNG.normal(size=7).astype(np.float32),
    "large": np.array([1e6, -1e-9], np.float32),
    "bytes": RNG.integers(0, 256, 11, dtype=np.uint8),
    "whole": np.arange(-2, 3, dtype=np.int32),
}


def test_arrays_arrive_bit_for_bit_and_take_half_the_room_where_nothing_is_lost():
    packer = Packer()
    header = {name: packer.add(array) for name, array in ARRAYS.items()} | {
        "deep": [{"more": packer.add(np.ones(3, np.float32))}]
    }
    found = unpacked(packer.pack(header))
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name].astype(array.dtype), array.ravel())
    assert found["halves"].dtype == np.float16 and found["floats"].dtype == np.float32 == found["large"].dtype
    assert found["deep"][0]["more"].tolist() == [1, 1, 1]


def test_pictures_are_deflated_and_come_back():
    pictures = np.zeros((20, 1, 28, 28), np.uint8)
    pictures[:, :, 10:18, 10:18] = RNG.integers(0, 256, (20, 1, 8, 8))
    packer = Packer()
    data = packer.pack({"tiles": packer.add_pictures(pictures)})
    assert len(data) < pictures.nbytes / 4
    np.testing.assert_array_equal(unpacked(data)["tiles"], pictures.ravel())


@pytest.mark.parametrize("name", ["vae-digits-2d", "multilayer-digits-2d"])
def test_the_decoder_at_its_address_is_that_of_the_run(name):
    run = Store.default().find(name)
    model, codes = run.load()[0], torch.randn(5, 2)
    h = codes.numpy().astype(float)
    for layer in unpacked(decoders.at(decoders.address(run)))["layers"]:
        h = h @ layer["weight"].reshape(-1, h.shape[1]).T.astype(float) + layer["bias"]
        h = {"relu": lambda a: np.maximum(a, 0), "sigmoid": lambda a: 1 / (1 + np.exp(-a)), "linear": lambda a: a,
             "silu": lambda a: a / (1 + np.exp(-a)), "tanh": np.tanh}[layer["activation"]](h)  # fmt: skip
    np.testing.assert_allclose(h, model.decode(codes).detach().flatten(1), atol=1e-5)


@pytest.mark.parametrize("run, version, words", [
    ("vae-digits-2d", "0123456789abcdef", "has other weights now: load the page again"),
    ("no-such-run", "0123456789abcdef", "there is no such run"),
    ("convolutional-digits", None, "does not run in a browser"),
])  # fmt: skip
def test_an_address_that_has_no_decoder_says_why(run, version, words):
    with pytest.raises(RunError, match=words):
        decoders.packed(run, version or decoders.address(Store.default().find(run)).split("/")[-1])


def test_no_map_of_a_shipped_run_takes_500_kb_on_the_wire():
    sizes = {}
    for run in Store.default().listing():
        if run.pretrained:
            for view in (latent.View("dims"), latent.View("pca")):
                header, packer = latent.beside_pca(run, cached.version(run), view, ready=True)
                sizes[run.id, view.kind] = len(packer.pack(header))
    assert len(sizes) >= 40
    assert max(sizes.values()) < 500_000, sorted(sizes.items(), key=lambda item: -item[1])[:5]
