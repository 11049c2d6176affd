"""The console command: starts the app of an installed package, as `streamlit run app.py` starts that of a checkout."""

from __future__ import annotations

import sys

from streamlit.web.cli import main as streamlit

from ae_core.places import PROGRAM


def main() -> None:
    """Start the server; what stands behind the command, as `--server.port=8502`, is for Streamlit."""
    sys.argv[1:] = ["run", str(PROGRAM / "app.py"), *sys.argv[1:]]
    streamlit(prog_name="autoencoder-explorer")
