"""What Streamlit does otherwise than this server needs it, changed once when the server starts: three patches.

Each was written for Streamlit 1.67.0. A test of each shows what Streamlit does without it (tests/ui/test_patches.py),
and fails where that is no longer so: then the patch goes.
"""

from __future__ import annotations

from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

from ae_core.waits import before_each
from ui.results.turns import turns


def no_page_that_was_left() -> None:
    """Have nothing drawn for a part of a page that the visitor has left.

    Whoever moves a knob and opens another page in the same moment, as a tap on a screen does with a text that was being
    typed, asks for the new page first and for a part of the old one after it. Streamlit would go back to the old page
    for that, in which there is no such part any more: the visitor would look at an empty page.

    Upstream: reruns of a fragment wait for the script that runs, whatever page that is of (streamlit/streamlit#8298).
    Nobody has reported the empty page there.
    """
    from streamlit.runtime.scriptrunner.script_runner import ScriptRunner

    run = ScriptRunner._run_script

    def run_what_is_open(self: ScriptRunner, rerun_data: RerunData) -> None:
        if (
            not rerun_data.fragment_id_queue
            or rerun_data.page_script_hash == self._pages_manager.current_page_script_hash
        ):
            run(self, rerun_data)

    ScriptRunner._run_script = run_what_is_open  # type: ignore[method-assign]


def one_page_at_a_time() -> None:
    """Have every run of a page or of a part of one wait for its turn: a moved knob first, what a timer asks for last.

    Whoever is about to wait lets the next one go on.

    Upstream: scripts of all sessions run at once, in threads that fight over one interpreter; the open request for more
    of them is streamlit/streamlit#8490.
    """
    from streamlit.runtime.scriptrunner.script_runner import ScriptRunner

    def rank(self: ScriptRunner, rerun_data: RerunData) -> int:
        return 2 if rerun_data.is_auto_rerun else 0 if rerun_data.fragment_id_queue else 1

    before_each(turns.give_up)
    ScriptRunner._run_script = turns.taking(ScriptRunner._run_script, rank)  # type: ignore[method-assign]


def remember_theme() -> None:
    """Have Streamlit translate the theme once instead of for every rerun.

    It reads all of its settings six times for that, in the one thread that talks to all browsers, and holds the lock
    that every element of every page waits for. Settings do not change while a server runs.

    Upstream: the six sections came with streamlit/streamlit#12707.
    """
    from streamlit.proto.NewSession_pb2 import CustomThemeConfig
    from streamlit.runtime import app_session

    translate, known = app_session._populate_theme_msg, dict[str, CustomThemeConfig]()

    def remembered(msg: CustomThemeConfig, section: str = "theme") -> None:
        if section not in known:
            known[section] = CustomThemeConfig()
            translate(known[section], section)
        if known[section].ByteSize():
            msg.MergeFrom(known[section])

    app_session._populate_theme_msg = remembered
