"""What is wrong at a place of a JSON text, in the words of a job's author."""

from __future__ import annotations

import re

_WORD = re.compile(r"[-+]?[\w.]+")
_MISSPELT = {"True": "true", "False": "false", "None": "null"}
_NOT_FINITE = ("NaN", "Infinity", "-Infinity", "inf", "nan")


def word_at(text: str, offset: int) -> str:
    """The word or number that begins at the offset; empty where none does."""
    match = _WORD.match(text, offset)
    return match.group() if match else ""


def explain_text(reason: str) -> str:
    """What is wrong with a text in double quotes, from what the decoder says."""
    if "control character" in reason:
        return r"a text may not contain a line break or a tab; write \n or \t, or use YAML"
    if "Unterminated" in reason:
        return 'the closing " of this text is missing'
    return f"{reason[:1].lower()}{reason[1:]}"


def explain_value(text: str, offset: int) -> str:
    """Why no value begins here."""
    word = word_at(text, offset)
    if word:
        return _explain_word(word)
    if text[offset] == "'":
        return 'texts stand in double quotes: "…"'
    if text[offset] == "#" or text.startswith(("//", "/*"), offset):
        return "JSON has no comments; a YAML job may have them"
    return f"{text[offset]!r} is not a value"


def _explain_word(word: str) -> str:
    """Why the word is not a value."""
    if word in _MISSPELT:
        return f"write {_MISSPELT[word]} instead of {word}"
    if word in _NOT_FINITE:
        return f"{word} is not a number of JSON; write \"(float('{word.strip('-').lower()[:3]}'))\""
    if word[0].isdigit() or word[0] in "+-.":
        return f"{word} is not a number of JSON: no leading zero, plus or point"
    return f"{word} is not a value; texts stand in double quotes"


def explain_key(text: str, offset: int) -> str:
    """Why no key begins here."""
    word = word_at(text, offset)
    if word:
        return f'write "{word}": keys stand in double quotes'
    if text[offset] == ",":
        return "remove this comma"
    if text[offset] in "'#/":
        return explain_value(text, offset)
    return "a key in double quotes is expected here"


def explain_between(text: str, offset: int) -> str:
    """What is wrong where neither a comma nor the closing bracket follows an entry."""
    sign = text[offset]
    if sign in "#/":
        return explain_value(text, offset)
    if sign in '"{[' or sign.isalnum():
        return "a comma is missing before this"
    return f"expected a comma or the closing bracket, not {sign!r}"
