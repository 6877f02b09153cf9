"""Whether words that staff write for others to read name a person by a number or an address.

They stay readable, some of them for ever in the audit chain. Names are not looked for: colleagues are named there.
"""

from functools import cache

import numpy as np

from nlp import addresses, taxonomy
from nlp.doc import Doc
from nlp.mask import Masker
from nlp.normalize import normalize


def personal_in(text: str) -> str:
    """The Chinese name of the first identifier in a text, or of an address; "" where there is none."""
    doc = Doc.of("", text)
    doc.normal = {0: normalize(text)}
    identifiers = _masker().predict([doc])[0]
    if identifiers:
        return taxonomy.pii_title(identifiers[0].kind)
    normal = doc.normal[0].text
    by_form = addresses.find(normal, np.zeros(len(normal), np.float32))
    return taxonomy.pii_title("ADDRESS") if any(by_form) else ""


@cache
def _masker() -> Masker:
    return Masker()
