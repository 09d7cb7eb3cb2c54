#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Prints data/edge-cases.json: what the test vectors of Project Wycheproof (C2SP/wycheproof, files x25519_test, x448_test,
ed25519_test, ed448_test and ecdh_secp256r1_test) test, as facts computed here anew from the equations of RFC 7748, RFC 8032
and SP 800-186. Not part of the build.

Run: tests/vectors/edge_vectors.py >tests/vectors/data/edge-cases.json

A `fact` is what a case is about, in the words of those files' flags: special and edge-case public keys, twists, small order,
non-canonical coordinates, edge-case shared secrets and private keys; signatures with special, malleable, truncated or padded
values, re-encoded R, components of small order. The verdict is this project's: every public key outside the prime-order
group is refused, where RFC 7748 lets one compute with it.
"""
import hashlib
import json

import published_eddsa as signatures
import published_xdh as published

P25519 = 2**255 - 19
P448 = 2**448 - 2**224 - 1
L25519 = 2**252 + 27742317777372353535851937790883648493
L448 = 2**446 - 13818066809895115352007386748515426880336692474882178609894547503885
PP256 = 2**256 - 2**224 + 2**192 + 2**96 - 1
NP256 = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
BP256 = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b


def root(a, p):
    """A square root of a, or None."""
    a %= p
    r = pow(a, (p + 1) // 4, p) if p % 4 == 3 else pow(a, (p + 3) // 8, p)
    if p % 4 == 1 and r * r % p != a:
        r = r * pow(2, (p - 1) // 4, p) % p
    return r if r * r % p == a else None


class Weierstrass:
    """y^2 = x^3 + a x + b; the identity is None."""

    def __init__(self, p, a, b):
        self.p, self.a, self.b = p, a, b

    def add(self, one, other):
        if one is None or other is None:
            return other if one is None else one
        (x1, y1), (x2, y2), p = one, other, self.p
        if x1 == x2 and (y1 + y2) % p == 0:
            return None
        slope = ((3 * x1 * x1 + self.a) * pow(2 * y1, -1, p) if one == other
                 else (y2 - y1) * pow(x2 - x1, -1, p)) % p
        x = (slope * slope - x1 - x2) % p
        return x, (slope * (x1 - x) - y1) % p

    def multiply(self, k, point):
        result = None
        for bit in bin(k)[2:]:
            result = self.add(result, result)
            if bit == "1":
                result = self.add(result, point)
        return result

    def lift(self, x):
        y = root(x**3 + self.a * x + self.b, self.p)
        return None if y is None else (x, y)


class Montgomery:
    """v^2 = u^3 + A u^2 + u by way of Weierstrass' form, and the ladder of RFC 7748 beside it."""

    def __init__(self, name, p, a, order, cofactor, size, base):
        self.name, self.p, self.a, self.order, self.cofactor, self.size = name, p, a, order, cofactor, size
        self.shift = a * pow(3, -1, p) % p
        self.curve = Weierstrass(p, (1 - a * self.shift) % p,
                                 (2 * a**3 - 9 * a) * pow(27, -1, p) % p)
        self.base = self.lift(base)

    def lift(self, u):
        return self.curve.lift((u + self.shift) % self.p)

    def u_of(self, point):
        return (point[0] - self.shift) % self.p

    def clamp(self, private):
        octets = bytearray(private)
        if self.size == 32:
            octets[0] &= 248
            octets[31] = octets[31] & 127 | 64
        else:
            octets[0] &= 252
            octets[55] |= 128
        return int.from_bytes(octets, "little")

    def ladder(self, k, u):
        """RFC 7748, section 5: the second opinion on every result."""
        p, a24 = self.p, (self.a - 2) // 4
        x2, z2, x3, z3, swap = 1, 0, u, 1, 0
        for t in reversed(range(255 if self.size == 32 else 448)):
            bit = k >> t & 1
            if swap ^ bit:
                x2, x3, z2, z3 = x3, x2, z3, z2
            swap = bit
            a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
            aa, bb, da, cb = a * a, b * b, d * a, c * b
            e = aa - bb
            x3, z3 = (da + cb)**2 % p, u * (da - cb)**2 % p
            x2, z2 = aa * bb % p, e * (aa + a24 * e) % p
        if swap:
            x2, z2 = x3, z3
        return x2 * pow(z2, p - 2, p) % p

    def verdict(self, octets):
        value = int.from_bytes(octets, "little")
        if len(octets) != self.size or value >= self.p:
            return "point-encoding"
        point = self.lift(value)
        if point is None:
            return "point-not-on-curve"
        if self.curve.multiply(self.cofactor, point) is None:
            return "point-small-order"
        return "ok" if self.curve.multiply(self.order, point) is None else "point-not-in-subgroup"


X25519 = Montgomery("X25519", P25519, 486662, L25519, 8, 32, 9)
X448 = Montgomery("X448", P448, 156326, L448, 4, 56, 5)


def seeded(label, size):
    return hashlib.shake_256(label.encode()).digest(size)


class Vectors:
    def __init__(self):
        self.rows, self.counts = [], {}

    def add(self, kind, source, fact, **fields):
        group = "%s-%s" % (fields.get("alg", "").lower(), fact.split(":")[0].replace(" ", "-"))
        self.counts[group] = self.counts.get(group, 0) + 1
        self.rows.append({"id": "%s-%d" % (group, self.counts[group]), "type": kind, "source": source, "fact": fact, **fields})


def special_numbers(bits, p):
    """Small, near p, powers of two and runs of ones at limbs of every usual size, and patterns of limbs."""
    numbers = list(range(2, 21)) + [p - i for i in range(2, 8)]
    for limb in (16, 25, 26, 28, 32, 51, 52, 56, 64, 127, 128, 224):
        for k in range(limb, bits - 1, limb):
            numbers += [2**k, 2**k - 1, p - 2**k]
        ones = sum((2**limb - 1) << (2 * limb * i) for i in range(bits // (2 * limb) + 1))
        numbers += [ones % 2**(bits - 1), (ones << limb) % 2**(bits - 1)]
    seen = []
    for number in numbers:
        if 1 < number < p and number not in seen:
            seen.append(number)
    return seen


SOURCE = "computed; Wycheproof %s"


def xdh(vectors, form):
    source = SOURCE % (form.name.lower() + "_test")

    def add(fact, private, public, source=source):
        verdict = form.verdict(public)
        fields = {"alg": form.name, "private": private.hex(), "public": public.hex(), "verdict": verdict}
        if verdict == "ok":
            u = form.ladder(form.clamp(private), int.from_bytes(public, "little"))
            point = form.curve.multiply(form.clamp(private) % form.order, form.lift(int.from_bytes(public, "little")))
            assert form.u_of(point) == u
            fields["shared"] = u.to_bytes(form.size, "little").hex()
        vectors.add("xdh", source, fact, **fields)

    def little(u):
        return u.to_bytes(form.size, "little")

    def key(number):
        return seeded("%s key %d" % (form.name, number), form.size)

    for i in range(12):
        own = form.curve.multiply(form.clamp(key(1000 + i)), form.base)
        add("normal", key(i), little(form.u_of(own)))
    for i, u in enumerate(special_numbers(8 * form.size - (form.size == 32), form.p)):
        add("special public key", key(i), little(u))
    for i, u in enumerate((0, 1, form.p - 1)):
        add("low order", key(i), little(u))
    for i in range(40):  # points of small order that have no small u
        point = form.curve.multiply(form.order, form.lift(form.u_of(form.base) + i) or form.base)
        if point is not None and point[0] not in (form.shift, form.shift + 1):
            add("low order: not 0 or 1", key(i), little(form.u_of(point)))
            break
    for i in range(20):
        add("non-canonical public key: p + %d" % i, key(i), little(form.p + i))
    if form.size == 32:
        for i, u in enumerate((0, 1, 9, form.p - 1, 2**255 - 1)):
            add("non-canonical public key: bit 255", key(i), little(u | 1 << 255))
    for i in range(20):
        u = int.from_bytes(seeded("%s twist %d" % (form.name, i), form.size), "little") % form.p
        while form.lift(u) is not None:
            u += 1
        add("twist", key(i), little(u))
    for i in range(10):
        u = int.from_bytes(seeded("%s curve %d" % (form.name, i), form.size), "little") % form.p
        while form.lift(u) is None:
            u += 1
        add("any point of the curve", key(i), little(u))
    for i, u in enumerate(special_numbers(8 * form.size - (form.size == 32), form.p)):  # edge case shared secrets
        point = form.lift(u)
        if point is None or form.curve.multiply(form.order, point) is not None:
            continue
        inverse = pow(form.clamp(key(i)), -1, form.order)
        add("edge case shared secret", key(i), little(form.u_of(form.curve.multiply(inverse, point))))
    base = little(form.u_of(form.base))
    for private in ([bytes(form.size), b"\xff" * form.size, b"\x55" * form.size, b"\xaa" * form.size] +
                    [little(1 << k) for k in range(3, 8 * form.size, 29)] +
                    [little((form.order + d) % 2**(8 * form.size)) for d in (-8, -1, 0, 1, 8)]):
        if form.clamp(private) % form.order:
            add("edge case private key", private, base)
            add("edge case private key", private, little(form.u_of(form.curve.multiply(77, form.base))))
    add("public key too long", key(1), base + b"\0")
    add("public key too short", key(1), base[:-1])


def published_xdh(vectors):
    for name, source, private, public, shared in published.rows():
        form = X25519 if name == "X25519" else X448
        octets = bytes.fromhex(public)
        fact = "published"
        u = int.from_bytes(octets, "little") % 2**(8 * form.size - (form.size == 32))
        assert form.ladder(form.clamp(bytes.fromhex(private)), u % form.p).to_bytes(form.size, "little").hex() == shared
        fields = {"alg": name, "private": private, "public": public, "verdict": form.verdict(octets)}
        if fields["verdict"] == "ok":
            fields["shared"] = shared
        vectors.add("xdh", source, fact, **fields)


class Edwards:
    """a x^2 + y^2 = 1 + d x^2 y^2, and EdDSA on it (RFC 8032)"""

    def __init__(self, name, p, a, d, order, cofactor, size, base_y):
        self.name, self.p, self.a, self.d, self.order = name, p, a, d % p, order
        self.cofactor, self.size = cofactor, size
        self.base = (self.x_of(base_y, 0), base_y % p)

    def x_of(self, y, odd):
        x = root((y * y - 1) * pow(self.d * y * y - self.a, -1, self.p), self.p)
        if x is not None and x & 1 != odd:
            x = self.p - x
        return x

    def add(self, one, other):
        (x1, y1), (x2, y2), p = one, other, self.p
        t = self.d * x1 * x2 * y1 * y2
        return ((x1 * y2 + x2 * y1) * pow(1 + t, -1, p) % p, (y1 * y2 - self.a * x1 * x2) * pow(1 - t, -1, p) % p)

    def multiply(self, k, point):
        result = (0, 1)
        for bit in bin(k)[2:]:
            result = self.add(result, result)
            if bit == "1":
                result = self.add(result, point)
        return result

    def write(self, y, sign):
        return (y | sign << (8 * self.size - 1)).to_bytes(self.size, "little")

    def encode(self, point):
        return self.write(point[1], point[0] & 1)

    def torsion(self):
        y = 2
        while True:
            x = self.x_of(y, 0)
            if x is not None:
                point = self.multiply(self.order, (x, y))
                if self.multiply(self.cofactor // 2, point) != (0, 1):
                    return [self.multiply(i, point) for i in range(self.cofactor)]
            y += 1

    def hash(self, *parts):
        data = b"".join(parts)
        digest = hashlib.sha512(data).digest() if self.size == 32 else hashlib.shake_256(data).digest(114)
        return digest

    def domain(self, context, prehash):
        if self.size == 32 and context is None and not prehash:
            return b""
        label = b"SigEd25519 no Ed25519 collisions" if self.size == 32 else b"SigEd448"
        context = context or b""
        return label + bytes([prehash, len(context)]) + context

    def expand(self, seed):
        octets = bytearray(self.hash(seed))
        if self.size == 32:
            octets[0] &= 248
            octets[31] = octets[31] & 127 | 64
        else:
            octets[0] &= 252
            octets[55] |= 128
            octets[56] = 0
        return int.from_bytes(octets[:self.size], "little"), bytes(octets[self.size:])

    def challenge(self, r, public, message, domain=None):
        return int.from_bytes(self.hash(self.domain(None, 0) if domain is None else domain, r, public, message),
                              "little") % self.order

    def sign(self, seed, message, context=None, prehash=False):
        s, prefix = self.expand(seed)
        public = self.encode(self.multiply(s, self.base))
        domain = self.domain(context, prehash)
        if prehash:
            message = (hashlib.sha512(message).digest() if self.size == 32 else
                       hashlib.shake_256(message).digest(64))
        r = int.from_bytes(self.hash(domain, prefix, message), "little") % self.order
        point = self.encode(self.multiply(r, self.base))
        k = self.challenge(point, public, message, domain)
        return public, point + ((r + k * s) % self.order).to_bytes(self.size, "little")

    def holds(self, public_point, public, r, s, message, cofactor=1):
        """[S]B = R + [k]A, or both sides times the cofactor."""
        point = self.multiply(cofactor * s, self.base)
        k = self.challenge(r[1], public, message)
        return point == self.multiply(cofactor, self.add(r[0], self.multiply(k, public_point)))


ED25519 = Edwards("Ed25519", P25519, -1, -121665 * pow(121666, -1, P25519), L25519, 8, 32, 4 * pow(5, -1, P25519) % P25519)
ED448 = Edwards("Ed448", P448, 1, -39081, L448, 4, 57,
                298819210078481492676017930443930673437544040154080242095928241372331506189835876003536878655418784733982303233503462500531545062832660)


def verify(vectors, curve):
    source = SOURCE % (curve.name.lower() + "_test")
    size, order, p = curve.size, curve.order, curve.p
    seed = seeded(curve.name + " seed", size)
    secret, _ = curve.expand(seed)
    message = b"?"
    public, good = curve.sign(seed, message)
    point = curve.multiply(secret, curve.base)
    torsion = curve.torsion()

    def add(fact, signature, valid=False, key=public, text=message):
        vectors.add("eddsa-verify", source, fact, alg=curve.name, public=key.hex(), message=text.hex(),
                    signature=signature.hex(), valid=valid)

    def scalar(number):
        return (number % 2**(8 * size)).to_bytes(size, "little")

    for length in (0, 1, 2, 3, 16, 32, 63, 64, 65, 127, 128, 200, 300):
        text = seeded("message", length)
        add("valid", curve.sign(seed, text)[1], True, text=text)
    special = [0, 1, order - 1, order, p - 1, p]
    for r in special:
        for s in special:
            add("special values for R and S", scalar(r) + scalar(s))
    r, s = good[:size], int.from_bytes(good[size:], "little")
    for multiple in (1, 2, 3, 4, 7, 8, 15):
        if s + multiple * order < 2**(8 * size):
            add("malleable: S + %d L" % multiple, r + scalar(s + multiple * order))
    for bit in range(8 * size - 8, 8 * size):
        add("malleable: high bits of S", r + scalar(s ^ 1 << bit))
    for bit in (0, 1, 7, 8, 9, 127, 250, 255, 8 * size - 1):
        add("a bit of R is wrong", scalar(int.from_bytes(r, "little") ^ 1 << bit) + scalar(s))
        add("a bit of S is wrong", r + scalar(s ^ 1 << bit % 250))
    for length in (0, 1, size - 1, size, 2 * size - 1):
        add("truncated", good[:length])
    for tail in (b"\0", b"\x20", good, bytes(size)):
        add("garbage behind", good + tail)
    add("garbage before", b"\0" + good)
    add("another message", good, text=message + b"\0")
    add("R and S exchanged", good[size:] + good[:size])
    add("- S", r + scalar(-s % order))
    add("- R", scalar(int.from_bytes(r, "little") ^ 1 << (8 * size - 1)) + scalar(s))
    # R is written in another way, and S made to fit what was written.
    identity_like = [(torsion[0], curve.write(1, 1)), (torsion[0], curve.write(p + 1, 0))]
    two = next(t for t in torsion if t[1] == p - 1)
    identity_like.append((two, curve.write(p - 1, 1)))
    for r_point, written in identity_like + [(t, curve.encode(t)) for t in torsion]:
        k = curve.challenge(written, public, message)
        add("R is re-encoded or of small order", written + scalar(k * secret % order))
    # R or A has a component of small order; the equation with the cofactor holds, the one without may.
    nonce = 12345
    for t in torsion[1:]:
        mixed = curve.add(curve.multiply(nonce, curve.base), t)
        written = curve.encode(mixed)
        k = curve.challenge(written, public, message)
        response = (nonce + k * secret) % order
        assert curve.holds(point, public, (mixed, written), response, message, curve.cofactor)
        add("R with a component of small order", written + scalar(response))
        key_point = curve.add(point, t)
        key = curve.encode(key_point)
        for nonce_tried in range(1, 200):
            r_point = curve.multiply(nonce_tried, curve.base)
            written = curve.encode(r_point)
            k = curve.challenge(written, key, message)
            response = (nonce_tried + k * secret) % order
            if curve.holds(key_point, key, (r_point, written), response, message):
                add("the key with a component of small order: the equation holds", written + scalar(response), key=key)
                break
        add("the key of small order", curve.encode(curve.multiply(7, curve.base)) + scalar(7), key=curve.encode(t))
    for number in (p, p + 1, 1 + (1 << (8 * size - 1)), p - 1 + (1 << (8 * size - 1))):
        add("the key is not canonical", good, key=scalar(number))


def published_eddsa(vectors):
    curves = {"Ed25519": ED25519, "Ed448": ED448}
    abc = "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42"
    abc448 = abc + "ef7822e0d5104127dc05d6dbefde69e3ab2cec7c867c6e2c49"
    octet = "c4eab05d357007c632f3dbb48489924d552b08fe0c353a0d4a1f00acda2c463afbea67c5e8d2877c5e3bc397a659949ef8021e954e0a12274e"
    ctx, other = "0305334e381af78f141cb666f6199f57bc3495335a256a95bd2a55bf546663f6", "ab9c2853ce297ddab85c993b3ae14bcad39b2c682beabc27d6d4eb20711d6560"
    rows = [
        ("Ed25519", "7.1, test 1", "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "", None, False, "e5564300"),
        ("Ed25519", "7.1, test 2", "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "72", None, False, "92a009a9"),
        ("Ed25519", "7.1, test 3", "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "af82", None, False, "6291d657"),
        ("Ed25519", "7.1, SHA(abc)", abc, hashlib.sha512(b"abc").hexdigest(), None, False, "dc2a4459"),
        ("Ed25519", "7.2, foo", ctx, "f726936d19c800494e3fdaff20b276a8", "666f6f", False, "55a4cc2f"),
        ("Ed25519", "7.2, bar", ctx, "f726936d19c800494e3fdaff20b276a8", "626172", False, "fc60d587"),
        ("Ed25519", "7.2, foo2", ctx, "508e9e6882b979fea900f62adceaca35", "666f6f", False, "8b70c1cc"),
        ("Ed25519", "7.2, foo3", other, "f726936d19c800494e3fdaff20b276a8", "666f6f", False, "21655b5f"),
        ("Ed25519", "7.3, abc", abc, "616263", None, True, "98a70222"),
        ("Ed448", "7.4, blank", "6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960ef6e348a3528c8a3fcc2f044e39a3fc5b94492f8f032e7549a20098f95b", "", None, False, "533a37f6"),
        ("Ed448", "7.4, 1 octet", octet, "03", None, False, "26b8f917"),
        ("Ed448", "7.4, 1 octet with context", octet, "03", "666f6f", False, "d4f8f613"),
        ("Ed448", "7.4, 11 octets", "cd23d24f714274e744343237b93290f511f6425f98e64459ff203e8985083ffdf60500553abc0e05cd02184bdb89c4ccd67e187951267eb328", "0c3e544074ec63b0265e0c", None, False, "1f0a8888"),
        ("Ed448", "7.4, 12 octets", "258cdd4ada32ed9c9ff54e63756ae582fb8fab2ac721f2c8e676a72768513d939f63dddb55609133f29adf86ec9929dccb52c1c5fd2ff7e21b", "64a65f3cdedcdd66811e2915", None, False, "7eeeab7c"),
        ("Ed448", "7.4, 13 octets", "7ef4e84544236752fbb56b8f31a23a10e42814f5f55ca037cdcc11c64c9a3b2949c1bb60700314611732a6c2fea98eebc0266a11a93970100e", "64a65f3cdedcdd66811e2915e7", None, False, "6a12066f"),
        ("Ed448", "7.5, abc", abc448, "616263", None, True, "822f6901"),
        ("Ed448", "7.5, abc with context", abc448, "616263", "666f6f", True, "c32299d4"),
    ]
    for name, section, seed, message, context, prehash, begins in rows:
        public, signature = curves[name].sign(bytes.fromhex(seed), bytes.fromhex(message),
                                              None if context is None else bytes.fromhex(context), prehash)
        assert signature.hex().startswith(begins), section
        vectors.add("eddsa-sign", "RFC 8032, " + section, "published", alg=name, seed=seed, public=public.hex(),
                    message=message, context=context, prehash=prehash, signature=signature.hex())
    key25519 = "7d4d0e7f6153a69b6242b522abbee685fda4420f8834b108c3bdae369ef549fa"
    for tcid, message, signature in (
            (1, "", "d4fbdb52bfa726b44d1786a8c0d171c3e62ca83c9e5bbe63de0bb2483f8fd6cc1429ab72cafc41ab56af02ff8fcc43b99bfe4c7ae940f60f38ebaa9d311c4007"),
            (2, "78", "d80737358ede548acb173ef7e0399f83392fe8125b2ce877de7975d8b726ef5b1e76632280ee38afad12125ea44b961bf92f1178c9fa819d020869975bcbe109"),
            (4, "48656c6c6f", "1c1ad976cbaae3b31dee07971cf92c928ce2091a85f5899f5e11ecec90fc9f8e93df18c5037ec9b29c07195ad284e63d548cd0a6fe358cc775bd6c1608d2c905")):
        vectors.add("eddsa-verify", "Wycheproof ed25519_test, tcId %d" % tcid, "published", alg="Ed25519", public=key25519,
                    message=message, signature=signature, valid=True)
    for tcid, public, message, signature, valid in signatures.ED25519:
        vectors.add("eddsa-verify", "Wycheproof ed25519_test, tcId %d" % tcid, "published", alg="Ed25519", public=public,
                    message=message, signature=signature, valid=valid)
    vectors.add("eddsa-verify", "Wycheproof ed448_test, tcId 2", "published", alg="Ed448",
                public="419610a534af127f583b04818cdb7f0ff300b025f2e01682bcae33fd691cee039511df0cddc690ee978426e8b38e50ce5af7dcfba50f704c00",
                message="78", valid=True,
                signature="c56e94d5c9ca860c244f33db556bf6b3cec38b024b77604a35d6a07211b1316b9a027133c374b86f72665cc45ce01583a2e0f2775c6172da801acef168717cab1196cddfb149359dfef589756257cc2d6b02fc516d8d41b4adaa3f11428f41410ef0dc3c1b008d3d052173d4389508ed0100")


def ecdh(vectors):
    curve = Weierstrass(PP256, -3, BP256)
    base = curve.lift(0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296)
    source = SOURCE % "ecdh_secp256r1_test, points compressed"

    def compress(point):
        return bytes([2 + (point[1] & 1)]) + point[0].to_bytes(32, "big")

    def add(fact, private, public, source=source):
        value = int.from_bytes(public[1:], "big")
        verdict = "ok"
        if len(public) != 33 or public[0] not in (2, 3) or value >= PP256:
            verdict = "point-encoding"
        elif curve.lift(value) is None:
            verdict = "point-not-on-curve"
        elif private % NP256 == 0:
            verdict = "scalar-range"
        fields = {"alg": "P-256", "private": private.to_bytes(32, "big").hex(), "public": public.hex(), "verdict": verdict}
        if verdict == "ok":
            shared = curve.multiply(private % NP256, curve.lift(value))  # x is the same for both signs
            fields["shared"] = shared[0].to_bytes(32, "big").hex()
        vectors.add("ecdh", source, fact, **fields)
        return fields.get("shared")

    def key(number):
        return int.from_bytes(seeded("P-256 key %d" % number, 32), "big") % NP256

    assert add("published", 0x0612465c89a023ab17855b0a6bcebfd3febb53aef84138647b5352e02c10c346,
               bytes.fromhex("0362d5bd3372af75fe85a040715d0f502428e07046868b0bfdfa61d731afe44f26"),
               "Wycheproof ecdh_secp256r1_test, tcId 2") == "53020d908b0219328b658b525f26780e3ae12bcd952bb25a93bc0895e1714285"
    assert add("published", 0x0a0d622a47e48f6bc1038ace438c6f528aa00ad2bd1da5f13ee46bf5f633d71a,
               bytes.fromhex("0258fd4168a87795603e2b04390285bdca6e57de6027fe211dd9d25e2212d29e62"),
               "Wycheproof ecdh_secp256r1_test, tcId 3, compressed") == "00" * 32
    for i in range(12):
        add("normal", key(i), compress(curve.multiply(key(100 + i), base)))
    numbers = [0, 1, PP256 - 1, PP256] + special_numbers(256, PP256)
    for i, x in enumerate(numbers):
        add("edge case public key", key(i), b"\2" + x.to_bytes(32, "big"))
        point = curve.lift(x) if x < PP256 else None
        if point is not None:
            add("edge case shared secret", key(i), compress(curve.multiply(pow(key(i), -1, NP256), point)))
    peer = curve.multiply(key(99), base)
    for private in [0, 1, 2, 3, 4, NP256 - 1, NP256 - 2, NP256 - 3, NP256, (NP256 - 1) // 2, (NP256 + 1) // 2] + \
            [1 << k for k in range(7, 256, 31)] + [int("55" * 32, 16), int("aa" * 32, 16), 2**255 - 1]:
        add("edge case private key", private, compress(peer))
    add("the identity", key(1), b"\0")
    add("the identity", key(1), bytes(33))
    add("not compressed", key(1), b"\4" + peer[0].to_bytes(32, "big") + peer[1].to_bytes(32, "big"))
    add("not compressed: hybrid", key(1), bytes([6 + (peer[1] & 1)]) + peer[0].to_bytes(32, "big") + peer[1].to_bytes(32, "big"))
    for first in (0, 1, 4, 5, 6, 7, 0x82, 0xff):
        add("invalid encoding", key(1), bytes([first]) + peer[0].to_bytes(32, "big"))
    add("invalid encoding: too long", key(1), compress(peer) + b"\0")
    add("invalid encoding: too short", key(1), compress(peer)[:-1])


def main():
    vectors = Vectors()
    published_xdh(vectors)
    xdh(vectors, X25519)
    xdh(vectors, X448)
    published_eddsa(vectors)
    verify(vectors, ED25519)
    verify(vectors, ED448)
    ecdh(vectors)
    document = {"source": "edge_vectors.py: RFC 7748, RFC 8032, and the facts of Project Wycheproof",
                "notes": ["verdict: what reading the public key, or agreeing with it, gives"], "vectors": vectors.rows}
    rows = ",\n".join(json.dumps(row) for row in vectors.rows)
    print('{"source": %s,\n"notes": %s,\n"vectors": [\n%s\n]}' % (
        json.dumps(document["source"]), json.dumps(document["notes"]), rows))


if __name__ == "__main__":
    main()
