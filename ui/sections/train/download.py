"""Offer to download a data set, with progress; never without being asked."""

from __future__ import annotations

import streamlit as st

from ae_core.datasets import Dataset, DatasetError
from ui.plain import plain


def offer_download(data: Dataset) -> bool:
    """Say that a data set is not here and offer to fetch it; True once it is here."""
    st.info(
        f"{plain(data.title)} is not on this computer yet. It is downloaded once (about 30 MB or less) and then kept."
    )
    if not data.fetch or not st.button(f"Download {plain(data.title)}", icon=":material/download:", width="stretch"):
        return False
    bar = st.progress(0.0, text="Asking the servers …")
    try:
        for received, expected in data.fetch():
            bar.progress(
                min(1.0, received / expected), text=f"{received / 1e6:.1f} of {expected / 1e6:.1f} MB of this file"
            )
    except DatasetError as error:
        bar.empty()
        st.error(plain(error))
        return False
    bar.empty()
    return True
