# SPDX-License-Identifier: MIT
"""The types of samples/orders/orders.idl as the client sees them: lists."""

from __future__ import annotations

from typing import Any

import cbor2

from mw_client import doubles
from mw_delta import Numbers, Optional, Scalar, Sequence, Struct, Text

CONFIRM = "orders.Desk.confirm"
SMOOTH = "orders.Desk.smooth"
AUDIT = "orders.Desk.audit"
AUDITED = "orders.Desk.audited"

DRAFT, CONFIRMED, ON_HOLD = range(3)

# Where the members of an Order are.
NUMBER, STATUS, CUSTOMER, LINES, NOTES, SAMPLES, DISCOUNT, ATTACHMENTS = range(8)

CUSTOMER_TYPE = Struct(Text(), Text(), Optional(Text()))
LINE_TYPE = Struct(Text(), Text(), Scalar(), Scalar(0.0))
ORDER_TYPE = Struct(
    Scalar(), Scalar(), CUSTOMER_TYPE, Sequence(LINE_TYPE), Text(), Numbers([]),
    Optional(Scalar(0.0)), Numbers(b""),
)  # fmt: skip


def line(sku: str, quantity: Any = 1, title: str = "", price: Any = 0.0) -> list[Any]:
    return [sku, title, quantity, price]


def order(changes: dict[int, Any] | None = None) -> list[Any]:
    """A small draft; changes by the number of the member."""
    made: list[Any] = [
        7,
        DRAFT,
        ["Ada", "London", None],
        [line("BOLT-8", 100, "Bolts")],
        "Ring twice.",
        doubles([1.0, 2.0, 99.0, 4.0]),
        None,
        b"scan",
    ]
    for member, value in (changes or {}).items():
        made[member] = value
    return made


class Raw(bytes):
    """Encoded CBOR that goes into a message as it is."""


def encode(item: Any) -> bytes:
    """Like cbor2.dumps(), with Raw inside lists."""
    if isinstance(item, Raw):
        return bytes(item)
    if isinstance(item, list) and len(item) < 24:
        return bytes([0x80 + len(item)]) + b"".join(map(encode, item))
    return cbor2.dumps(item)
