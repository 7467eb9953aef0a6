"""The QR code of a secret, as an image that a page can show."""

from xml.etree import ElementTree as ET

from jotbase.http.accounts.qr_code import qr_svg


def test_a_qr_code_is_an_svg_that_fits_in_a_data_url() -> None:
    """Well-formed, of SVG's namespace, and without the sign at which a URL ends."""
    svg = qr_svg("otpauth://totp/Shop:ada@example.com?secret=ABC")

    assert ET.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
    assert "#" not in svg
    assert 'fill="white"' in svg
    assert 'stroke="black"' in svg
