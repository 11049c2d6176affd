"""Networks on their way to the browser: packed without loss, one address per state of a run, small on the wire."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from packed import head, unpacked
from safetensors.numpy import load

from ae_core.looks.maps import View
from ae_core.runs.opened import opened
from ae_core.runs.run import RunError
from ae_core.runs.store import Store
from ui.components.shared.packing import FORM, Packer
from ui.results import networks
from ui.sections.latent import maps

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


def test_what_is_packed_is_safetensors_with_shapes_and_each_array_where_a_browser_can_read_it():
    packer = Packer()
    header = {name: packer.add(array) for name, array in reversed(ARRAYS.items())}  # odd lengths first
    data = packer.pack(header)
    size = int.from_bytes(data[:8], "little")
    described, found = json.loads(data[8 : 8 + size]), load(data)
    for name, array in ARRAYS.items():
        at = header[name]["tensor"]
        np.testing.assert_array_equal(found[at].astype(array.dtype), array)
        assert size % 8 == 0 and described[at]["data_offsets"][0] % found[at].itemsize == 0


def test_the_version_is_that_of_header_and_arrays_alike_and_the_same_bytes_come_of_the_same():
    def packed(values: list[float], title: str) -> bytes:
        packer = Packer()
        return packer.pack({"numbers": packer.add(np.array(values, np.float32)), "title": title})

    assert packed([1, 2], "a") == packed([1, 2], "a")
    assert len({head(packed(*what))["version"] for what in (([1, 2], "a"), ([1, 3], "a"), ([1, 2], "b"))}) == 3
    with pytest.raises(ValueError, match="not JSON compliant"):
        Packer().pack({"error": float("nan")})


def test_a_packer_keeps_what_it_was_given_and_a_copy_goes_its_own_way():
    numbers, packer = np.full(3, 0.1, np.float32), Packer()
    header = {"numbers": packer.add(numbers)}
    numbers[:] = 7
    other = packer.copy()
    more = {**header, "empty": other.add(np.zeros((0, 2), np.float32))}
    assert packer.add(np.ones(1, np.uint8)) == more["empty"]
    assert unpacked(packer.pack(header))["numbers"].tolist() == pytest.approx([0.1] * 3)
    assert unpacked(other.pack(more))["empty"].shape == (0,)


def test_pictures_are_deflated_and_come_back():
    pictures = np.zeros((20, 1, 28, 28), np.uint8)
    pictures[:, :, 10:18, 10:18] = RNG.integers(0, 256, (20, 1, 8, 8))
    packer = Packer()
    data = packer.pack({"tiles": packer.add_pictures(pictures)})
    assert len(data) < pictures.nbytes / 4
    np.testing.assert_array_equal(unpacked(data)["tiles"], pictures.ravel())


def answer(where, rows):
    """What the layers at an address make of rows (n, inputs), computed with NumPy."""
    h = rows.astype(float)
    for layer in unpacked(networks.at(where))["layers"]:
        h = h @ layer["weight"].reshape(-1, h.shape[1]).T.astype(float) + layer["bias"]
        h = {"relu": lambda a: np.maximum(a, 0), "sigmoid": lambda a: 1 / (1 + np.exp(-a)), "linear": lambda a: a,
             "silu": lambda a: a / (1 + np.exp(-a)), "tanh": np.tanh}[layer["activation"]](h)  # fmt: skip
    return h


@pytest.mark.parametrize("name", ["vae-digits-2d", "multilayer-digits-2d", "contractive-digits"])
def test_encoder_and_decoder_at_their_addresses_are_those_of_the_run(name):
    run = opened(Store.default().find(name))
    model, codes, x = run.model, torch.randn(5, run.model.latent), torch.rand(5, *run.model.shape)
    decoded, encoded = model.decode(codes).detach().flatten(1), model.encode(x).detach()
    np.testing.assert_allclose(answer(networks.address(run), codes.numpy()), decoded, atol=1e-5)
    np.testing.assert_allclose(answer(networks.address(run, "encoder"), x.flatten(1).numpy()), encoded, atol=1e-4)


@pytest.mark.parametrize("part", ["encoder", "decoder"])
@pytest.mark.parametrize("run, version, words", [
    ("vae-digits-2d", "0123456789abcdef-2", "has other weights now: load the page again"),
    ("no-such-run", "0123456789abcdef", "there is no such run"),
    ("convolutional-digits", None, "er of run .* does not run in a browser"),
])  # fmt: skip
def test_an_address_that_has_no_network_says_why(part, run, version, words):
    with pytest.raises(RunError, match=words):
        networks.packed(part, run, version or networks.address(opened(Store.default().find(run))).split("/")[-1])


def test_a_browser_that_keeps_a_decoder_in_an_older_form_is_not_asked_for_it_again():
    where = networks.address(opened(Store.default().find("vae-digits-2d")))
    older, _, form = where.rpartition("-")
    assert form == str(FORM)
    with pytest.raises(RunError, match="load the page again"):
        networks.at(older)


def test_no_map_of_a_shipped_run_takes_500_kb_on_the_wire():
    sizes = {}
    for run in Store.default().listing():
        if run.pretrained:
            for view in (View("dims"), View("pca")):
                header, packer = maps.beside_pca(opened(run), view, ready=True)
                sizes[run.id, view.kind] = len(packer.pack(header))
    assert len(sizes) >= 40
    assert max(sizes.values()) < 500_000, sorted(sizes.items(), key=lambda item: -item[1])[:5]
