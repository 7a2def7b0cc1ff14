"""Text that passes through everybody's hands unchanged, except for what would act instead of being read.

A terminal obeys control characters, and a page shows right-to-left overrides as something that nobody said
("Trojan Source", CVE-2021-42574). They are replaced by signs that can be seen. Markup stays as it is: it is
text, and whoever shows it escapes it.
"""

LONGEST_TEXT = 4000

_KEPT = "\n\t"
_CONTROL_PICTURES = 0x2400  # Unicode's block of signs for the control characters, in their order
_DELETE, _DELETE_PICTURE = 0x7F, 0x2421
_REPLACEMENT = "\ufffd"
# Embeddings, overrides and isolates (Unicode Standard Annex 9). The marks U+200E, U+200F and U+061C stay:
# right-to-left languages need them, and they reorder nothing but themselves.
_BIDI = [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]

_SEEN = {
    **{code: chr(_CONTROL_PICTURES + code) for code in range(0x20) if chr(code) not in _KEPT},
    **dict.fromkeys(range(0x80, 0xA0), _REPLACEMENT),
    **dict.fromkeys(_BIDI, _REPLACEMENT),
    _DELETE: chr(_DELETE_PICTURE),
}


def safe(text: object) -> str:
    """Return ``text`` so that it can be sent, stored and shown: at most :data:`LONGEST_TEXT` characters.

    Half a surrogate pair, which is no text, becomes a question mark.
    """
    cut = str(text)[:LONGEST_TEXT].replace("\r\n", "\n")
    return cut.encode(errors="replace").decode().translate(_SEEN)
