#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints edge_points.h: points by name, from the curve equations alone. Not part of the build.

Run: tests/threshold/edge_points.py >tests/threshold/edge_points.h, then clang-format.
"""

P25519 = 2**255 - 19
P448 = 2**448 - 2**224 - 1


def inverse(a, p):
    return pow(a, p - 2, p)


def root(a, p):
    """A square root of a, or None."""
    if p % 4 == 3:
        r = pow(a, (p + 1) // 4, p)
    else:
        r = pow(a, (p + 3) // 8, p)
        if r * r % p != a % p:
            r = r * pow(2, (p - 1) // 4, p) % p
    return r if r * r % p == a % p else None


class Edwards:
    """a x^2 + y^2 = 1 + d x^2 y^2"""

    def __init__(self, p, a, d):
        self.p, self.a, self.d = p, a, d

    def add(self, one, other):
        (x1, y1), (x2, y2), p = one, other, self.p
        t = self.d * x1 * x2 * y1 * y2
        return ((x1 * y2 + x2 * y1) * inverse(1 + t, p) % p,
                (y1 * y2 - self.a * x1 * x2) * inverse(1 - t, p) % p)

    def multiply(self, k, point):
        result = (0, 1)
        for bit in bin(k)[2:]:
            result = self.add(result, result)
            if bit == "1":
                result = self.add(result, point)
        return result

    def x_of(self, y):
        return root((y * y - 1) * inverse(self.d * y * y - self.a, self.p), self.p)

    def encode(self, y, sign):
        """RFC 8032: 32 octets, or 57."""
        if self.p == P25519:
            return (y | sign << 255).to_bytes(32, "little")
        return y.to_bytes(56, "little") + bytes([sign << 7])

    def encode_point(self, point):
        return self.encode(point[1], point[0] & 1)


class Montgomery:
    """v^2 = u^3 + A u^2 + u, and the map to it (RFC 7748 4.1, 4.2, with the identity kept)"""

    def __init__(self, p, a, c, size):
        self.p, self.a, self.c, self.size = p, a, c, size

    def from_edwards(self, point):
        (x, y), p = point, self.p
        if p == P25519:
            u = (1 + y) * inverse(1 - y, p) % p
        else:
            u = (y + 1) * inverse(y - 1, p) % p
        return u, self.c * u * inverse(x, p) % p

    def encode(self, u, sign):
        return u.to_bytes(self.size, "little") + bytes([sign])

    def encode_point(self, point):
        u, v = self.from_edwards(point)
        return self.encode(u, (v & 1) << 7)

    def on_twist(self, u):
        return pow(u**3 + self.a * u * u + u, (self.p - 1) // 2, self.p) == self.p - 1


ED25519 = Edwards(P25519, -1, -121665 * inverse(121666, P25519) % P25519)
ED448 = Edwards(P448, 1, -39081 % P448)
CURVE448 = Edwards(P448, 1, 39082 * inverse(39081, P448) % P448)

BASE25519 = (ED25519.x_of(4 * inverse(5, P25519) % P25519), 4 * inverse(5, P25519) % P25519)
if BASE25519[0] & 1:
    BASE25519 = (P25519 - BASE25519[0], BASE25519[1])
BASE448 = (
    224580040295924300187604334099896036246789641632564134246125461686950415467406032909029192869357953282578032075146446173674602635247710,
    298819210078481492676017930443930673437544040154080242095928241372331506189835876003536878655418784733982303233503462500531545062832660)

# The base points of RFC 7748 by u and v; c is what makes the map carry the one base point to the other.
U25519, V25519 = 9, 14781619447589544791020593568409986887264606134616475288964881837755586237401
U448, V448 = 5, 355293926785568175264127502063783334808976399387714271831880898435169088786967410002932673765864550910142774147268105838985595290606362
X25519 = Montgomery(P25519, 486662, BASE25519[0] * V25519 * inverse(U25519, P25519) % P25519, 32)
X448 = Montgomery(P448, 156326, root(156324, P448), 56)
BASE_CURVE448 = (X448.c * U448 * inverse(V448, P448) % P448, (U448 + 1) * inverse(U448 - 1, P448) % P448)

L25519 = 2**252 + 27742317777372353535851937790883648493


def torsion_25519():
    """The eight points of order 1, 8, 4, 8, 2, 8, 4, 8."""
    y = 2
    while True:
        x = ED25519.x_of(y)
        if x is not None:
            point = ED25519.multiply(L25519, (x, y))
            if ED25519.multiply(4, point) != (0, 1):
                return [ED25519.multiply(i, point) for i in range(8)]
        y += 1


TORSION_25519 = torsion_25519()
TORSION_448 = [(0, 1), (1, 0), (0, P448 - 1), (P448 - 1, 0)]
ORDERS = {8: [1, 8, 4, 8, 2, 8, 4, 8], 4: [1, 4, 2, 4]}
SOME_SCALAR = 0x1234567890abcdef1234567890abcdef1234567


def with_bit(octets, position, bit):
    changed = bytearray(octets)
    changed[position] |= bit
    return bytes(changed)


def good_rows(curve, base):
    good = curve.multiply(SOME_SCALAR, base)
    return good, [("a good point", good, "OK"),
                  ("its negative", (-good[0] % curve.p, good[1]), "OK"),
                  ("the base point", base, "OK")]


def edwards_rows(curve, base, torsion):
    good, rows = good_rows(curve, base)
    rows = [(name, curve.encode_point(point), verdict) for name, point, verdict in rows]
    for i, (point, order) in enumerate(zip(torsion, ORDERS[len(torsion)])):
        name = "a point of order %d (%d)" % (order, i) if i else "the identity"
        rows.append((name, curve.encode_point(point), "POINT_SMALL_ORDER"))
        if i:
            rows.append(("a good point plus one of order %d (%d)" % (order, i),
                         curve.encode_point(curve.add(good, point)), "POINT_SUBGROUP"))
    p = curve.p
    for name, y, sign in (("the identity with a sign", 1, 1), ("the point of order 2 with a sign", p - 1, 1),
                          ("y = p", p, 0), ("y = p + 1", p + 1, 0), ("y = p + 1 with a sign", p + 1, 1)):
        rows.append((name, curve.encode(y, sign), "POINT_ENCODING"))
    size = len(curve.encode(0, 0))
    rows.append(("all bits set", b"\xff" * size, "POINT_ENCODING"))
    y = next(y for y in range(2, 100) if curve.x_of(y) is None)
    rows.append(("y = %d, not on the curve" % y, curve.encode(y, 0), "POINT_NOT_ON_CURVE"))
    if size == 57:
        rows.append(("a bit beside the sign", with_bit(curve.encode_point(good), 56, 1), "POINT_ENCODING"))
    return rows


def montgomery_rows(curve, form, base, torsion):
    good, rows = good_rows(curve, base)
    rows = [(name, form.encode_point(point), verdict) for name, point, verdict in rows]
    for i, (point, order) in enumerate(zip(torsion, ORDERS[len(torsion)])):
        if order == 2:
            rows.append(("u = 0, of order 2", form.encode(0, 0), "POINT_SMALL_ORDER"))
            rows.append(("u = 0 with a sign", form.encode(0, 0x80), "POINT_ENCODING"))
        elif order > 2:
            rows.append(("a point of order %d (%d)" % (order, i), form.encode_point(point), "POINT_SMALL_ORDER"))
        if i:
            rows.append(("a good point plus one of order %d (%d)" % (order, i),
                         form.encode_point(curve.add(good, point)), "POINT_SUBGROUP"))
    p, size = curve.p, form.size
    u = next(u for u in range(2, 100) if form.on_twist(u))
    rows.append(("u = %d, on the twist" % u, form.encode(u, 0), "POINT_NOT_ON_CURVE"))
    u = p - 1 if size == 32 else 1
    assert form.on_twist(u)
    rows.append(("u = %s, of order 4 on the twist" % ("-1" if size == 32 else "1"), form.encode(u, 0),
                 "POINT_NOT_ON_CURVE"))
    rows.append(("u = p", form.encode(p, 0), "POINT_ENCODING"))
    rows.append(("u = p + 1", form.encode(p + 1, 0), "POINT_ENCODING"))
    rows.append(("all bits set", b"\xff" * (size + 1), "POINT_ENCODING"))
    encoded = form.encode_point(good)
    rows.append(("a bit beside the sign", with_bit(encoded, size, 1), "POINT_ENCODING"))
    if size == 32:
        rows.append(("the sign in the top bit of u", with_bit(encoded, 31, 0x80), "POINT_ENCODING"))
    return rows


HEADER = """/* SPDX-License-Identifier: Apache-2.0 */
/* Points by name, good and bad, and what decoding has to say of each. Made by edge_points.py. */
#ifndef KC_TESTS_EDGE_POINTS_H
#define KC_TESTS_EDGE_POINTS_H

#include "base/error.h"
#include "threshold/curve.h"

static const struct edge_point {
    const char *name;
    enum kc_curve curve;
    const char *encoding;
    enum kc_error error;
} edge_points[] = {
/* clang-format off */"""

FOOTER = """/* clang-format on */
};

#endif"""


def main():
    print(HEADER)
    for curve, rows in (("ED25519", edwards_rows(ED25519, BASE25519, TORSION_25519)),
                        ("ED448", edwards_rows(ED448, BASE448, TORSION_448)),
                        ("X25519", montgomery_rows(ED25519, X25519, BASE25519, TORSION_25519)),
                        ("X448", montgomery_rows(CURVE448, X448, BASE_CURVE448, TORSION_448))):
        for name, octets, verdict in rows:
            text = octets.hex()
            pieces = '"\n        "'.join(text[i:i + 80] for i in range(0, len(text), 80))
            verdict = "KC_OK" if verdict == "OK" else "KC_ERR_" + verdict
            print('    {"%s", KC_CURVE_%s,\n        "%s",\n        %s},' % (name, curve, pieces, verdict))
    print(FOOTER)


main()
