"""A zip becomes a data set in a real browser: kept, trained on by another process, there after a restart, deleted."""

from __future__ import annotations

import pytest
from browser import JOURNEY, Server, expect
from own_zips import files, zipped

pytestmark = [pytest.mark.slow, *JOURNEY]


@pytest.fixture
def server(tmp_path):
    """A server of its own, which is killed and started again."""
    with Server(tmp_path / "runs") as started:
        yield started


def test_a_zip_is_kept_trained_on_and_there_after_a_restart_until_it_is_deleted(server, visit, tmp_path):
    (tmp_path / "mine.zip").write_bytes(zipped(files(60)))
    page = visit("train?epochs=20")
    page.get_by_text("Your own pictures").click()
    page.locator("input[type=file]").set_input_files(str(tmp_path / "mine.zip"))
    expect(page.locator(".ae-pairs img")).to_have_count(6)
    page.get_by_role("button", name="Keep as a data set").click()
    expect(page.get_by_text("60 pictures that somebody brought along, 28×28 pixels, grey.")).to_be_visible()
    page.wait_for_url("**dataset=own-28-grey-3-**")
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_text("done", exact=True)).to_be_visible()
    page.wait_for_url("**run=vanilla-own-28-grey-3-**")
    address = page.url
    server.kill()
    server.start()
    page.goto(address)
    expect(page.get_by_text("done", exact=True)).to_be_visible()
    expect(page.get_by_role("img", name="rebuilt after step")).to_be_visible()
    page.get_by_role("button", name="Delete these pictures").click()
    expect(page.get_by_text("1 run was trained on them and will miss them.")).to_be_visible()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("they were deleted; bring the same zip along again")).to_be_visible()
    expect(page.get_by_role("img", name="What the network answered after step")).to_be_visible()
    page.get_by_role("link", name="Its latent space").click()
    expect(page.get_by_text("they were deleted; bring the same zip along again")).to_be_visible()
    expect(page.locator(".pad canvas").first).to_be_visible()
