r"""Words of LaTeX, for MathJax, KaTeX and Matplotlib: texts, names and numbers, and what stands in parentheses.

What a label holds is never taken for LaTeX. Commands are those that all three know; of a text, only plain characters
stand inside ``\text{}``, for MathJax shows every other escape in there as it is written.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from viz.words.escape import one_line
from viz.words.numbers import short_number

__all__ = [
    "ATOM",
    "POWER",
    "PRODUCT",
    "SIGN",
    "SUM",
    "Tex",
    "name_latex",
    "number_latex",
    "parenthesised",
    "text_latex",
]

SUM, SIGN, PRODUCT, POWER, ATOM = range(5)
"""How strongly a formula holds together."""


class Tex(NamedTuple):
    """LaTeX, and how strongly it holds together: what is weaker than its surroundings stands in parentheses."""

    text: str
    level: int = ATOM

    def at_least(self, level: int) -> str:
        """Return it in parentheses unless it holds together as strongly as `level`."""
        return self.text if self.level >= level else parenthesised(self.text)


def parenthesised(text: str) -> str:
    """Return LaTeX in parentheses, tall ones where it needs them."""
    tall = any(command in text for command in (r"\frac", r"\begin", r"\sqrt", r"\sum"))
    return rf"\left( {text} \right)" if tall else f"({text})"


_SPECIAL = {
    "\\": r"\backslash ", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "^": r"\wedge ", "_": r"\_",
    "~": r"\sim ", "%": r"\%", "<": r"\lt ",
}  # fmt: skip
_SPECIAL_OR_PLAIN = re.compile(rf"([{re.escape(''.join(_SPECIAL))}])|([^{re.escape(''.join(_SPECIAL))}]+)")
_GREEK_LETTERS = dict(
    zip("αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩ", [
        "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu",
        "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega", "Gamma", "Delta", "Theta",
        "Lambda", "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega",
    ], strict=True)
)  # fmt: skip
_GREEK_NAMES = set(_GREEK_LETTERS.values())
_WORD = rf"(?:[A-Za-z]+|[{''.join(_GREEK_LETTERS)}])"
_NAME = re.compile(rf"({_WORD})(\d*)((?:_(?:{_WORD}|\d+))*)((?:\[-?\d+(?:, ?-?\d+)*\])*)")
_NUMBER = re.compile(r"(-?)(?:(\d[\d.]*)(?:e([+-]\d+))?|(inf))|(nan)")


def text_latex(text: str) -> str:
    r"""Show any text as it is.

    Examples
    --------
    >>> print(text_latex("loss (mean)"), text_latex("50% & {x_1}"))
    \text{loss (mean)} \text{50}\%\text{ }\&\text{ }\{\text{x}\_\text{1}\}
    """
    pieces = _SPECIAL_OR_PLAIN.findall(one_line(text))
    return "".join(_SPECIAL[special] if special else rf"\text{{{plain}}}" for special, plain in pieces) or r"\text{ }"


def name_latex(name: str) -> str:
    r"""Set a name as mathematics if it reads as a Python name, else as text.

    Examples
    --------
    >>> print(name_latex("v3"), name_latex("alpha"), name_latex("w[0, 1]"), name_latex("layers[0].W_out"))
    v_{3} \alpha w_{0,1} \mathrm{layers}_{0}.W_{\mathrm{out}}
    """
    parts = [_NAME.fullmatch(part) for part in name.split(".")]
    if not all(parts):
        return text_latex(name)
    return ".".join(_part(*match.groups()) for match in parts if match)


def _part(word: str, digits: str, after: str, indices: str) -> str:
    subscripts = [digits] * bool(digits) + [x if x.isdigit() else _word(x) for x in after.split("_")[1:]]
    if indices and not subscripts:
        subscripts, indices = re.findall(r"-?\d+", indices), ""
    return _word(word) + (f"_{{{','.join(subscripts)}}}" if subscripts else "") + indices


def _word(word: str) -> str:
    if word in _GREEK_LETTERS or word in _GREEK_NAMES:
        return rf"\{_GREEK_LETTERS.get(word, word)}"
    return word if len(word) == 1 else rf"\mathrm{{{word}}}"


def number_latex(x: Any) -> Tex:
    r"""Write a number with four significant digits, or a short form of an array.

    Examples
    --------
    >>> print(number_latex(2.5e-05).text, number_latex(1e-5).text, number_latex(float("-inf")).text)
    2.5 \times 10^{-5} 10^{-5} -\infty
    """
    shown = short_number(x)
    if shown == "no elements":
        return Tex(text_latex(shown))
    text = _NUMBER.sub(_one_number, shown)
    if " … " in text:
        least, greatest = text.split(" … ")
        return Tex(rf"{least} \text{{ to }} {{{greatest}}}", SUM)
    if text.startswith("-"):
        return Tex(text, SIGN)
    return Tex(text, PRODUCT if r"\times" in text else POWER if "^" in text else ATOM)


def _one_number(match: re.Match[str]) -> str:
    sign, mantissa, exponent, infinite, nan = match.groups()
    if nan:
        return r"\text{nan}"
    if infinite:
        return rf"{sign}\infty"
    if exponent is None:
        return f"{sign}{mantissa}"
    return sign + (rf"{mantissa} \times " if mantissa != "1" else "") + f"10^{{{int(exponent)}}}"
