"""Texts that would be more than text if anybody let them, and how a test sees that they are not."""

from __future__ import annotations

MARK = "pröbe"  # stands in every probe and nowhere else
HOST = "probe.invalid"  # nobody has this name; who asks for it is caught in the browser
PROBES = (
    f"![{MARK}](http://{HOST}/p.png)",
    f"[Log in {MARK}](http://{HOST}/l)",
    f"[{MARK}]: http://{HOST}/x [{MARK}]",
    f"http://{HOST}/{MARK}",
    f"HTTPS://{HOST}/{MARK}",
    f"www.{HOST}.example.com/{MARK}",
    f"{MARK} me@{HOST}.example.com",
    f"<http://{HOST}/{MARK}>",
    f"<img src=//{HOST}/{MARK}>",
    f"<a href=//{HOST}>{MARK}</a>",
    f"<b>{MARK}</b> &lt;b&gt; &#42;",
    f"**{MARK}** and *{MARK}*",
    f"__{MARK}__ and _{MARK}_ {MARK}_x_",
    f"~~{MARK}~~ ~{MARK}~",
    f"`{MARK}` ``{MARK}``",
    f"# {MARK}",
    f"- {MARK}",
    f"+ {MARK}",
    f"* {MARK}",
    f"1. {MARK}",
    f"12) {MARK}",
    f"> {MARK}",
    f"--- {MARK} -- {MARK} -> <- <-> >= <= ~=",
    f"$x^2$ {MARK} $$y$$",
    f":red[{MARK}] :blue-background[{MARK}]",
    f":rainbow[{MARK}] :small[{MARK}] :kbd[{MARK}]",
    f":smile: {MARK} :+1: :material/home: :streamlit:",
    f":material_home: {MARK}",
    f"::: {MARK} ::{MARK}[x]{{.y}} :{MARK}",
    f"| {MARK} | b |",
    f"[^1] {MARK} [^1]: x",
    f"[ ] {MARK} [x]",
    f"\\{MARK}\\* \\\\ \\$ \\:smile:",
    f"{MARK}: 0.5, 1-2, a_b_c 'x' \"y\" 100 % (of z)",
)
# All that a page says, the insides of components included; a text that lies in several nodes is one.
SAID = """() => {
    const said = [], walk = (root) => {
        let text = "";
        for (const node of [...root.childNodes, null]) {
            if (node?.nodeType === Node.TEXT_NODE) { text += node.data; continue; }
            if (text) said.push(text.replaceAll("\\u2060", ""));
            text = "";
            if (!node || ["SCRIPT", "STYLE"].includes(node.nodeName)) continue;
            if (node.shadowRoot) walk(node.shadowRoot);
            walk(node);
        }
    };
    walk(document.body);
    return said;
}"""
# Links that lead away from here, and pictures and frames that come from elsewhere.
FOREIGN = """() => {
    const found = [], walk = (root) => root.querySelectorAll("*").forEach((node) => {
        if (node.shadowRoot) walk(node.shadowRoot);
        const to = node.getAttribute("href") ?? node.getAttribute("src") ?? node.getAttribute("xlink:href");
        if (to && /probe/i.test(to) && new URL(to, document.baseURI).host !== location.host) found.push(node.outerHTML);
    });
    walk(document);
    return found;
}"""
