"""A QR code as SVG, in the form that clients put behind `data:image/svg+xml;utf-8,`.

In charge of the drawing's form alone; its modules are segno's.
"""

from __future__ import annotations


def qr_svg(text: str) -> str:
    """Return the SVG of a QR code with a white ground, which dark pages need.

    A `#` would end a data URL (RFC 3986 section 3.5), so that colours are named.
    """
    import segno  # 17 ms, which only an enrolment needs

    drawn = segno.make(text, error="m", micro=False).svg_inline(
        scale=4, dark="black", light="white"
    )
    named = drawn.replace("#fff", "white").replace("#000", "black")
    return named.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
