"""Any text, made fit for a picture: Graphviz, SVG and terminals each refuse some characters."""

from __future__ import annotations

import re
from html import escape as _escape_markup
from unicodedata import category

__all__ = ["html_text", "is_blank", "one_line", "quoted_text", "shorten", "shorten_name", "visible"]

# XML 1.0 allows tab, newline, carriage return and everything from the space on except surrogates and U+FFFE, U+FFFF.
# Carriage return and the C1 control characters are allowed there, but show as nothing or move the cursor of a terminal.
_FORBIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_BREAKS = re.compile("\r\n|[\r\u2028\u2029]")
_PATH = re.compile(r"[^\W\d][\w.,\[\] ]*")  # layers[0].linear.weight[2, 1]
# Marks that reverse the reading direction: in a label they would reorder what stands beside it.
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    r"""Replace what cannot be shown: control characters by their escapes, the rest by U+FFFD. Newlines stay.

    Examples
    --------
    >>> print(visible("a\x00b" + chr(0xD800)))
    a\x00b�
    """
    text = _DIRECTION.sub("\ufffd", _BREAKS.sub("\n", text))
    return _FORBIDDEN.sub(_picture, text)


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code == 0x09:
        return " "
    return f"\\x{code:02x}" if code < 0xA0 else "\ufffd"


def is_blank(text: str) -> bool:
    r"""Whether a text shows nothing: it has only spaces, newlines and invisible marks.

    Examples
    --------
    >>> is_blank(" \n\ufeff"), is_blank("\x00")
    (True, False)
    """
    return all(c.isspace() or category(c) == "Cf" for c in visible(text))


def one_line(text: str) -> str:
    r"""Make text visible on one line.

    Examples
    --------
    >>> one_line("layer 1\nweights")
    'layer 1 weights'
    """
    return " ".join(visible(text).split())


def shorten(text: str, limit: int) -> str:
    """Cut text that is longer than `limit` characters, and show that it was cut.

    Examples
    --------
    >>> shorten("a very long name", 7)
    'a very…'
    """
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def shorten_name(name: str, limit: int) -> str:
    """Cut a longer name in its middle: its end, as the index of a weight, often tells it from others.

    Examples
    --------
    >>> shorten_name("layers[0].linear.weight[2,1]", 24)
    'layers[0].li…weight[2,1]'
    >>> shorten_name("model.layers[0].linear.bias[2]", 24)
    'model.layers[0].…bias[2]'
    """
    if len(name) <= limit:
        return name
    tail = name[len(name) - (limit - 1) // 2 :].lstrip()
    if _PATH.fullmatch(name):
        tail = tail.partition(".")[2] or tail  # the last part as a whole
    return f"{name[: limit - 1 - len(tail)].rstrip()}…{tail}"


def html_text(text: str) -> str:
    r"""Text for an HTML-like label of Graphviz, which replaces ``\N`` and the like there, too.

    Examples
    --------
    >>> html_text('x < "y" & z\nw')
    'x &lt; &quot;y&quot; &amp; z<BR/>w'
    """
    return _escape_markup(visible(text)).replace("\\", "&#92;&#92;").replace("\n", "<BR/>")


def quoted_text(text: str) -> str:
    r"""Text for a quoted attribute such as a tooltip, before quoting.

    Graphviz replaces ``\N`` and the like, and HTML entities, in such attributes, so backslashes and ampersands are
    escaped, backslashes twice, for in a node's tooltip it does so twice. Quotation marks are left to the quoting.

    Examples
    --------
    >>> print(quoted_text("a\\N & b"))
    a\\\\N &amp; b
    """
    return visible(text).replace("\\", "\\" * 4).replace("&", "&amp;").replace("\n", "&#10;")
