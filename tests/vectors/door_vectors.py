#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Prints door/signature-cases.json: what the test vectors of Project Wycheproof (C2SP/wycheproof, files ecdsa_secp256r1_*_p1363,
ecdsa_secp384r1_*_p1363, rsa_signature_2048_* and rsa_pss_2048_*) test, as facts computed here anew from the equations of
FIPS 186-5 and RFC 8017. All keys are made for it from fixed text; nobody uses them. Not part of the build.

Run: tests/vectors/door_vectors.py >tests/vectors/door/signature-cases.json

A `fact` is what a case is about, in the words of those files' flags. The verdict is this project's, and is theirs where theirs
is one of the two; where theirs is "acceptable" (other encodings of PKCS #1's DigestInfo) it is: not valid.
"""
import hashlib
import json

from edge_vectors import BP256, NP256, PP256, Weierstrass

PP384 = 2**384 - 2**128 - 2**96 + 2**32 - 1
NP384 = 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973
BP384 = 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef
GP256 = (0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
         0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5)
GP384 = (0xaa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7,
         0x3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f)

HASHES = {"SHA-224": hashlib.sha224, "SHA-256": hashlib.sha256, "SHA-384": hashlib.sha384, "SHA-512": hashlib.sha512}
vectors = []


def number(text, limit):
    """A fixed number below a limit, of a text."""
    octets = b"".join(hashlib.sha512(b"%s %d" % (text.encode(), i)).digest() for i in range(9))
    return int.from_bytes(octets, "big") % (limit - 1) + 1


def add(kind, fact, **fields):
    name = "%s-%d" % (kind, sum(v["type"] == kind for v in vectors) + 1)
    vectors.append({"id": name, "type": kind, "fact": fact, **fields})


# --- ECDSA ---


class Ecdsa:
    def __init__(self, name, p, b, n, g, size, digest):
        self.name, self.p, self.n, self.g, self.size, self.digest = name, p, n, g, size, digest
        self.curve = Weierstrass(p, p - 3, b)

    def hashed(self, message, digest):
        octets = HASHES[digest](message).digest()
        return int.from_bytes(octets[:self.size], "big")

    def sign(self, d, message, digest, k=None):
        k = k or number("nonce %d %s" % (d, message), self.n)
        r = self.curve.multiply(k, self.g)[0] % self.n
        return r, pow(k, -1, self.n) * (self.hashed(message, digest) + r * d) % self.n

    def put(self, fact, public, message, signature, valid, digest=None):
        octets = signature if isinstance(signature, bytes) else b"".join(
            (x % 256**self.size).to_bytes(self.size, "big") for x in signature)
        point = public if isinstance(public, bytes) else b"\4" + b"".join(
            x.to_bytes(self.size, "big") for x in public)
        add("ecdsa-verify", fact, alg=self.name, hash=digest or self.digest, public=point.hex(),
            message=message.hex(), signature=octets.hex(), valid=valid)

    def cases(self):
        n, d = self.n, number("key " + self.name, self.n)
        public, message = self.curve.multiply(d, self.g), b"message"
        r, s = self.sign(d, message, self.digest)
        for text in (b"", b"\0", message, b"x" * 300):
            self.put("ordinary", public, text, self.sign(d, text, self.digest), True)
        for digest in HASHES:
            self.put("another hash", public, message, self.sign(d, message, digest), True, digest)
            if digest != self.digest:
                self.put("hash of another signature", public, message, (r, s), False, digest)
        self.put("s replaced by n - s", public, message, (r, n - s), True)
        self.put("other message", public, message + b"x", (r, s), False)
        for fact, pair in (("r and s swapped", (s, r)), ("r negated", (n - r, s)), ("r plus 1", (r + 1, s)),
                           ("s plus 1", (r, s + 1)), ("s doubled", (r, 2 * s % n)), ("r inverted", (pow(r, -1, n), s)),
                           ("s inverted", (r, pow(s, -1, n)))):
            self.put(fact, public, message, pair, False)
        special = (0, 1, 2, n - 1, n, n + 1, self.p, self.p + 1, 256**self.size - 1)
        for one in special:
            for other in special:
                self.put("special r and s", public, message, (one, other), False)
            self.put("special r", public, message, (one, s), False)
            self.put("special s", public, message, (r, one), False)
        for fact, octets in (("an octet less", -1), ("an octet more", 1), ("empty", None), ("half", 0)):
            whole = r.to_bytes(self.size, "big") + s.to_bytes(self.size, "big")
            cut = b"" if octets is None else whole[:self.size] if octets == 0 else (whole + b"\0")[:len(whole) + octets]
            self.put("signature of another size: " + fact, public, message, cut, False)
        if r + n < 256**self.size:
            self.put("r plus n", public, message, (r + n, s), False)
        if s + n < 256**self.size:
            self.put("s plus n", public, message, (r, s + n), False)
        self.chosen(message)
        self.infinity(d, public)
        self.publics(message)

    def chosen(self, message):
        """Signatures with values that rarely occur, valid for a key that is computed for them."""
        n, e = self.n, self.hashed(message, self.digest)
        for k in (1, 2, 3, n - 1, n - 2):
            r = self.curve.multiply(k, self.g)[0] % n
            for s in (1, 2, 3, n - 1, n - 2, (n + 1) // 2, 2**(8 * self.size // 2), e, r, (e + r) % n, (e - r) % n):
                d = (s * k - e) * pow(r, -1, n) % n
                if s % n != 0 and d != 0:
                    self.put("small nonce, special s", self.curve.multiply(d, self.g), message, (r, s), True)
        for d in (1, 2, n - 1, n - 2):
            pair = self.sign(d, message, self.digest)
            self.put("public key near the generator", self.curve.multiply(d, self.g), message, pair, True)

    def infinity(self, d, public):
        """u1 G + u2 Q is the identity: r = -e / d."""
        for text in (b"a", b"b", b"c"):
            r = -self.hashed(text, self.digest) * pow(d, -1, self.n) % self.n
            for s in (1, 2, r):
                self.put("the sum is the point at infinity", public, text, (r, s), False)

    def publics(self, message):
        d = number("key " + self.name, self.n)
        x, y = self.curve.multiply(d, self.g)
        pair = self.sign(d, message, self.digest)
        for fact, point in (("not on the curve", (x, y ^ 1)), ("zero", (0, 0)), ("negated", (x, self.p - y)),
                            ("x is p", (self.p, y)), ("y is p", (x, self.p))):
            self.put("public key: " + fact, point, message, pair, False)
        body = x.to_bytes(self.size, "big") + y.to_bytes(self.size, "big")
        for fact, octets in (("infinity", b"\0"), ("an octet less", b"\4" + body[:-1]), ("an octet more", b"\4" + body + b"\0"),
                             ("hybrid", bytes([6 + (y & 1)]) + body), ("empty", b"")):
            self.put("public key: " + fact, octets, message, pair, False)


# --- RSA ---

INFO = {"SHA-224": "302d300d06096086480165030402040500041c", "SHA-256": "3031300d060960864801650304020105000420",
        "SHA-384": "3041300d060960864801650304020205000430", "SHA-512": "3051300d060960864801650304020305000440"}


def is_prime(n):
    if any(n % p == 0 for p in (3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)):
        return False
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for witness in (2, 3, 5, 7, 11, 13, 17, 19):
        x = pow(witness, odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def prime(text, bits, e):
    candidate = number(text, 2**bits) | 1 | 3 << bits - 2
    while not is_prime(candidate) or (candidate - 1) % e == 0:
        candidate += 2
    return candidate


class Rsa:
    def __init__(self, bits, e):
        p, q = prime("p %d %d" % (bits, e), bits // 2, e), prime("q %d %d" % (bits, e), bits // 2, e)
        self.n, self.e, self.size = p * q, e, bits // 8
        self.d = pow(e, -1, (p - 1) * (q - 1))

    def raw(self, block):
        return pow(int.from_bytes(block, "big"), self.d, self.n)

    def put(self, fact, scheme, digest, message, signature, valid, **more):
        octets = signature if isinstance(signature, bytes) else signature.to_bytes(self.size, "big")
        add("rsa-verify", fact, scheme=scheme, hash=digest, modulus=self.n.to_bytes(self.size, "big").hex(),
            exponent="%0*x" % (6 if self.e > 255 else 2, self.e), message=message.hex(), signature=octets.hex(), valid=valid, **more)

    def around(self, scheme, digest, message, s, **more):
        """What is not a signature, whatever the padding."""
        octets = s.to_bytes(self.size, "big")
        for fact, value in (("zero", 0), ("one", 1), ("n - 1", self.n - 1), ("n", self.n), ("n + 1", self.n + 1),
                            ("n - s", self.n - s), ("s + 1", s + 1), ("all ones", 256**self.size - 1)):
            self.put("signature is " + fact, scheme, digest, message, value, False, **more)
        if s + self.n < 256**self.size:
            self.put("signature plus n", scheme, digest, message, s + self.n, False, **more)
        for fact, value in (("an octet less", octets[:-1]), ("a zero behind", octets + b"\0"), ("a zero before", b"\0" + octets),
                            ("empty", b"")):
            self.put("signature of another size: " + fact, scheme, digest, message, value, False, **more)
        self.put("other message", scheme, digest, message + b"x", s, False, **more)

    def pkcs1(self):
        message = b"message"
        for digest in INFO:
            self.put("ordinary", "pkcs1", digest, message, self.raw(self.pad(bytes.fromhex(INFO[digest]), digest, message)), True)
        digest, info = "SHA-256", bytes.fromhex(INFO["SHA-256"])
        h = hashlib.sha256(message).digest()
        self.put("ordinary", "pkcs1", digest, b"", self.raw(self.pad(info, digest, b"")), True)
        self.around("pkcs1", digest, message, self.raw(self.pad(info, digest, message)))
        oid = bytes.fromhex("0609608648016503040201")
        null = bytes.fromhex("0500")

        def sequence(algorithm, octets, tag=0x30):
            body = b"\x30" + bytes([len(algorithm)]) + algorithm + octets
            return bytes([tag, len(body)]) + body
        value = b"\4\x20" + h
        infos = {
            "no parameters": sequence(oid, value), "parameters are not NULL": sequence(oid + b"\4\0", value),
            "parameters of more than NULL": sequence(oid + null + null, value),
            "length in long form": b"\x30\x81\x31" + info[2:] + h, "length of inner sequence in long form":
            b"\x30\x32\x30\x81\x0d" + info[4:] + h, "indefinite length": b"\x30\x80" + info[2:] + h + b"\0\0",
            "digest is a BIT STRING": sequence(oid + null, b"\3\x20" + h), "digest is cut off": sequence(oid + null, b"\4\x1f" + h[:-1]),
            "digest has an octet more": sequence(oid + null, b"\4\x21" + h + b"\0"), "something behind the digest":
            sequence(oid + null, value + b"\5\0"), "a set": sequence(oid + null, value, 0x31), "digest alone": h,
            "another hash's identifier": bytes.fromhex(INFO["SHA-512"])[:17] + value, "no digest": sequence(oid + null, b""),
        }
        for fact, octets in infos.items():
            self.put("DigestInfo: " + fact, "pkcs1", digest, message, self.raw(self.block(octets)), False)
        whole = info + h
        good = self.block(whole)
        blocks = {
            "block type 0": b"\0\0" + good[2:], "block type 2": b"\0\2" + good[2:], "first octet 1": b"\1" + good[1:],
            "padding of zeros": b"\0\1" + bytes(self.size - len(whole) - 3) + b"\0" + whole, "no end of padding":
            good.replace(b"\xff\0" + whole, b"\xff\xff" + whole), "an octet of padding differs": good[:9] + b"\xfe" + good[10:],
            "seven octets of padding, the rest behind": b"\0\1" + b"\xff" * 7 + b"\0" + whole + bytes(self.size - len(whole) - 10),
            "eight octets of padding, the rest behind": b"\0\1" + b"\xff" * 8 + b"\0" + whole + bytes(self.size - len(whole) - 11),
            "no padding": b"\0\1\0" + whole + bytes(self.size - len(whole) - 3), "digest first": (b"\0\1" + whole).ljust(self.size, b"\xff"),
        }
        for fact, octets in blocks.items():
            self.put("padding: " + fact, "pkcs1", digest, message, self.raw(octets), False)

    def block(self, info):
        return b"\0\1" + b"\xff" * (self.size - len(info) - 3) + b"\0" + info

    def pad(self, info, digest, message):
        return self.block(info + HASHES[digest](message).digest())

    def pss_block(self, digest, mgf, salt, message, trailer=0xbc, mark=1, fill=0, clear=True, wrong=0):
        """EMSA-PSS (RFC 8017, 9.1.1), with what can be wrong about it."""
        hashed, inner = HASHES[digest](message).digest(), HASHES[digest]
        h = inner(bytes(8) + hashed + salt).digest()
        h = bytes([h[0] ^ wrong]) + h[1:]
        db = bytes([fill]) * (self.size - len(salt) - len(h) - 2) + bytes([mark]) + salt
        mask = b"".join(HASHES[mgf](h + i.to_bytes(4, "big")).digest() for i in range(20))
        masked = bytes(a ^ b for a, b in zip(db, mask))
        if clear:
            masked = bytes([masked[0] & 0x7f]) + masked[1:]
        return masked + h + bytes([trailer])

    def pss(self):
        message, digest = b"message", "SHA-256"
        salt = hashlib.sha512(b"salt").digest()
        for one in INFO:
            size = HASHES[one]().digest_size
            for mgf in INFO:
                self.put("ordinary", "pss", one, message, self.raw(self.pss_block(one, mgf, salt[:size], message)), True,
                         mgf_hash=mgf, salt_size=size)
        most = self.size - 32 - 2
        for size in (0, 1, 20, 31, 33, 64, most):
            long = (salt * 4)[:size]
            s = self.raw(self.pss_block(digest, digest, long, message))
            self.put("salt of another size", "pss", digest, message, s, True, mgf_hash=digest, salt_size=size)
            for other in (size - 1, size + 1, 32):
                if 0 <= other <= most and other != size:
                    self.put("salt is not as long as said", "pss", digest, message, s, False, mgf_hash=digest, salt_size=other)
        right = self.raw(self.pss_block(digest, digest, salt[:32], message))
        self.around("pss", digest, message, right, mgf_hash=digest, salt_size=32)
        self.put("another mask", "pss", digest, message, right, False, mgf_hash="SHA-384", salt_size=32)
        self.put("another hash", "pss", "SHA-384", message, right, False, mgf_hash=digest, salt_size=32)
        for fact, wrong in (("trailer", {"trailer": 0xcc}), ("trailer is zero", {"trailer": 0}), ("no mark before the salt", {"mark": 0}),
                            ("another mark", {"mark": 2}), ("octets before the mark", {"fill": 1}), ("hash", {"wrong": 1}),
                            ("hash's first bit", {"wrong": 128})):
            block = self.pss_block(digest, digest, salt[:32], message, **wrong)
            self.put("padding: " + fact, "pss", digest, message, self.raw(block), False, mgf_hash=digest, salt_size=32)
        for turn in range(40):  # a block with its first bit set that is below n
            block = self.pss_block(digest, digest, hashlib.sha256(b"bit %d" % turn).digest(), message)
            block = bytes([block[0] | 0x80]) + block[1:]
            if int.from_bytes(block, "big") < self.n:
                self.put("padding: first bit is set", "pss", digest, message, self.raw(block), False, mgf_hash=digest, salt_size=32)
                break
        zeros = bytes(32)
        self.put("salt of zeros", "pss", digest, message, self.raw(self.pss_block(digest, digest, zeros, message)), True,
                 mgf_hash=digest, salt_size=32)


def main():
    Ecdsa("P-256", PP256, BP256, NP256, GP256, 32, "SHA-256").cases()
    Ecdsa("P-384", PP384, BP384, NP384, GP384, 48, "SHA-384").cases()
    key, small = Rsa(2048, 65537), Rsa(2048, 3)
    key.pkcs1()
    key.pss()
    padded = small.pad(bytes.fromhex(INFO["SHA-256"]), "SHA-256", b"message")
    small.put("public key: exponent 3, below 2^16 (FIPS 186-5, A.1.1)", "pkcs1", "SHA-256", b"message", small.raw(padded), False)
    document = {
        "source": "door_vectors.py: FIPS 186-5 and RFC 8017; the facts are those of Project Wycheproof",
        "notes": ["octets in lower-case hex; an ECDSA signature is r and s one behind the other"],
        "vectors": vectors,
    }
    rows = ",\n".join(json.dumps(v) for v in document.pop("vectors"))
    print('%s,\n"vectors": [\n%s\n]}' % (json.dumps(document)[:-1], rows))


if __name__ == "__main__":
    main()
