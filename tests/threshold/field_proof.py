#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves the fields' operations for all operands within the bounds that their headers state.

Run: field_proof.py CLANG SOURCE_FOLDER

It takes what clang makes of threshold/field25519.c and field448.c (LLVM's intermediate form, straight-line code) and
executes it on polynomials: every value is an integer polynomial in the limbs of the operands and in quotients, each with
the range that it can have. Words wrap, so a sum may leave its word on the way; but where a value is shifted, masked,
widened or stored it must lie within its word for all operands, or the proof fails. A quotient floor(v / 2^i) is a new
symbol, and the bits that stay are v - 2^i floor(v / 2^i).

Shown of each operation: nothing overflows, the limbs of the result are below what the header says, and the result is the
sum, difference or product modulo p: all coefficients of the polynomial (result - wanted) are multiples of p, quotients
included.
"""

import re
import subprocess
import sys

FIELDS = {
    "25519": {"p": 2**255 - 19, "radix": 51, "limbs": 5, "reduced": 2**51 + 2**15},
    "448": {"p": 2**448 - 2**224 - 1, "radix": 56, "limbs": 8, "reduced": 2**56 + 2**15},
}


class Failure(Exception):
    pass


class Symbols:
    """Names with their ranges: limbs, and quotients by the polynomial and the shift that make them."""

    def __init__(self):
        self.top = {}
        self.quotients = {}
        self.source = {}  # a quotient's polynomial and shift

    def new(self, name, top):
        self.top[name] = top
        return {(name,): 1}

    def bounds(self, poly):
        """Lowest and highest value: symbols run from 0 to their top."""
        low = high = 0
        for names, factor in poly.items():
            largest = factor
            for name in names:
                largest *= self.top[name]
            if not names:
                low += factor
                high += factor
            elif factor > 0:
                high += largest
            else:
                low += largest
        return low, high

    def quotient(self, value, shift):
        """floor(value / 2^shift) of a Value that is within its word."""
        poly, top = value.poly, value.top
        if top >> shift == 0:
            return Value({}, 0, value.width)
        if value.cut:  # the low bits of another
            source, high = value.cut
            rest = multiply({(): 1 << (high - shift)}, self.quotient(source, high).poly)
            first = self.quotient(source, shift)
            return Value(add(first.poly, rest, -1), top >> shift, value.width)
        if len(poly) == 1:
            ((names, factor),) = poly.items()
            if factor == 1 and len(names) == 1 and names[0] in self.source:
                source, first = self.source[names[0]]  # of a quotient: one of the same source
                return self.quotient(source, first + shift).resized(value.width)
        key = (frozenset(poly.items()), shift)
        if key not in self.quotients:
            name = "q%d" % len(self.quotients)
            self.new(name, top >> shift)
            self.quotients[key] = name
            self.source[name] = (value, shift)
        return Value({(self.quotients[key],): 1}, top >> shift, value.width)


class Value:
    """
    A polynomial, the width of its word, and its top if it is known to lie within 0..top (else None). If it is the low bits of
    another value, cut is that value and how many.
    """

    def __init__(self, poly, top, width, cut=None):
        self.poly = {names: factor for names, factor in poly.items() if factor}
        self.top, self.width, self.cut = top, width, cut

    def resized(self, width):
        return Value(self.poly, self.top, width, self.cut)


def add(a, b, sign=1):
    out = dict(a)
    for names, factor in b.items():
        out[names] = out.get(names, 0) + sign * factor
    return out


def multiply(a, b):
    out = {}
    for x, f in a.items():
        for y, g in b.items():
            names = tuple(sorted(x + y))
            out[names] = out.get(names, 0) + f * g
    return out


class Machine:
    """Executes one function on polynomials."""

    def __init__(self, symbols, arguments):
        self.symbols = symbols
        self.arguments = arguments  # "%1" -> name of the operand
        self.values, self.pointers, self.stored = {}, {}, {}

    def settled(self, value):
        """The value, known to lie within its word."""
        low, high = self.symbols.bounds(value.poly)
        top = high if value.top is None else min(high, value.top)
        if value.top is None and low < 0:
            raise Failure("may go below zero: %d" % low)
        if top >= 1 << value.width:
            raise Failure("may reach 2^%d in a word of %d" % (top.bit_length() - 1, value.width))
        return Value(value.poly, top, value.width, value.cut)

    def operand(self, text, width):
        if text.startswith("%"):
            return self.values[text]
        return Value({(): int(text)}, None, width)

    def bits(self, value, low, high):
        """2^low times the number in bits low..high-1 of a settled value."""
        first = self.symbols.quotient(value, low) if low else value
        rest = self.symbols.quotient(value, high)
        poly = add(multiply({(): 1 << low}, first.poly), multiply({(): 1 << high}, rest.poly), -1)
        top = min((1 << high) - (1 << low), value.top)
        return Value(poly, top, value.width, (value, high) if low == 0 else None)

    def mask(self, value, mask):
        low = (mask & -mask).bit_length() - 1
        high = mask.bit_length()
        if mask != (1 << high) - (1 << low):
            raise Failure("a mask of several runs: %x" % mask)
        return self.bits(self.settled(value), low, high)

    def join(self, a, b):
        """An OR, which is a sum where no bit is in both."""
        a, b = self.settled(a), self.settled(b)
        for x, y in ((a, b), (b, a)):
            if all(factor % (1 << y.top.bit_length()) == 0 for factor in x.poly.values()):
                return Value(add(x.poly, y.poly), x.top + y.top, a.width)
        raise Failure("an OR of bits that may be in both")

    def funnel(self, high, low, shift):
        """The upper word of 2^shift times the double word (high, low): a shift of what was split in two."""
        high, low = self.settled(high), self.settled(low)
        kept = self.bits(high, 0, 64 - shift) if high.top >> (64 - shift) else high
        above = multiply({(): 1 << shift}, kept.poly)
        below = self.symbols.quotient(low, 64 - shift)
        return Value(add(above, below.poly), (kept.top << shift) + below.top, 64)

    def execute(self, line):
        line = re.sub(r", !\S+ !\d+.*|, align \d+.*", "", line.strip())
        store = re.match(r"store i64 (\S+), i64\* (%\S+)$", line)
        if store:
            self.stored[self.pointers[store[2]]] = self.settled(self.operand(store[1], 64))
            return
        if line == "ret void":
            return
        if " = " not in line:
            raise Failure("no rule for: " + line)
        target, operation = re.match(r"(%\S+) = (.*)$", line).groups()
        pointer = re.match(r"getelementptr inbounds %struct\S+ %struct\S+ (%\d+), (.*)$", operation)
        if pointer:
            index = int(pointer[2].split()[-1])
            self.pointers[target] = (self.arguments[pointer[1]], index)
            return
        load = re.match(r"load i64, i64\* (%\S+)$", operation)
        if load:
            operand, index = self.pointers[load[1]]
            if operand == "out" or ("out", index) in self.stored:
                raise Failure("reads what it wrote: the result may be an operand")
            name = "%s%d" % (operand, index)
            self.values[target] = Value({(name,): 1}, self.symbols.top[name], 64)
            return
        cast = re.match(r"(zext|trunc) i(\d+) (\S+) to i(\d+)$", operation)
        if cast:
            kind, width, text, to = cast[1], int(cast[2]), cast[3], int(cast[4])
            value = self.settled(self.operand(text, width))
            if kind == "trunc" and value.top >= 1 << to:
                value = self.bits(value, 0, to)
            self.values[target] = value.resized(to)
            return
        funnel = re.match(
            r"(?:tail )?call i64 @llvm\.fshl\.i64\(i64 (\S+), i64 (\S+), i64 (\d+)\)(?: #\d+)?$", operation)
        if funnel:
            self.values[target] = self.funnel(
                self.operand(funnel[1], 64), self.operand(funnel[2], 64), int(funnel[3]))
            return
        kind, width, x, y = re.match(
            r"(\w+)(?: nuw| nsw| exact)* i(\d+) (\S+), (\S+)$", operation).groups()
        width = int(width)
        a, b = self.operand(x, width), self.operand(y, width)
        if kind == "add":
            value = Value(add(a.poly, b.poly), None, width)
        elif kind == "sub":
            value = Value(add(a.poly, b.poly, -1), None, width)
        elif kind == "mul":
            value = Value(multiply(a.poly, b.poly), None, width)
        elif kind == "shl":
            value = Value(multiply(a.poly, {(): 1 << int(y)}), None, width)
        elif kind == "lshr":
            value = self.symbols.quotient(self.settled(a), int(y))
        elif kind == "and":
            value = self.mask(a, int(y))
        elif kind == "or":
            value = self.join(a, b)
        else:
            raise Failure("no rule for: " + line)
        if kind in ("add", "mul", "sub", "shl"):  # keep the tops that are known
            low, high = self.symbols.bounds(value.poly)
            tops = [operand.top if operand.top is not None else self.symbols.bounds(operand.poly)[1]
                    for operand in (a, b)]
            known = tops[0] + tops[1] if kind == "add" else high
            settled = [operand.top is not None or list(operand.poly) == [()] and operand.poly[()] > 0
                       for operand in (a, b)]
            if kind == "add" and all(settled) and known < 1 << width:
                value.top = min(known, high)
            elif low >= 0 and high < 1 << width:
                value.top = high
        self.values[target] = value


def function(text, name):
    """Its operands and its lines; where it only calls another with the same operands, those of that."""
    body = re.search(r"^define [^\n]*@%s\((.*?)\)[^\n]*\{\n(.*?)^\}" % name, text, re.M | re.S)
    if not body:
        raise Failure("no function " + name)
    pointers = re.findall(r"(%\d+)(?:,|$)", body[1])
    lines = [line for line in body[2].splitlines() if line.strip()]
    call = re.search(r"call .*void @(\w+)\(", lines[0 if len(lines) > 1 else -1])
    return function(text, call[1]) if call else (pointers, lines)


def prove(text, field, operation, units, limit, wanted):
    """units: how many units of 2^radix the limbs of each operand are below. limit: what those of the result are below."""
    radix, limbs, p = field["radix"], field["limbs"], field["p"]
    symbols, operands = Symbols(), []
    for name, count in zip("ab", units):
        whole = {}
        for i in range(limbs):
            symbol = symbols.new("%s%d" % (name, i), count - 1)
            whole = add(whole, multiply(symbol, {(): 1 << (radix * i)}))
        operands.append(whole)
    pointers, lines = function(text, "proof_" + operation)
    machine = Machine(symbols, dict(zip(pointers, ["out", "a", "b"])))
    for line in lines:
        machine.execute(line)
    result = {}
    for i in range(limbs):
        value = machine.stored[("out", i)]
        if value.top >= limit:
            raise Failure("limb %d may reach %#x" % (i, value.top))
        result = add(result, multiply(value.poly, {(): 1 << (radix * i)}))
    difference = add(result, wanted(*operands), -1)
    if any(factor % p for factor in difference.values()):
        raise Failure("not the wanted result modulo p")
    return max(machine.stored[("out", i)].top for i in range(limbs))


def main():
    clang, source = sys.argv[1:]
    for name, field in FIELDS.items():
        text = subprocess.run(
            [clang, "-O2", "-fno-vectorize", "-fno-slp-vectorize", "-std=gnu17", "-D_GNU_SOURCE",
             "-DPROOF_" + name, "-I" + source, "-S", "-emit-llvm", "-o", "-",
             source + "/tests/threshold/field_proof.c"],
            check=True, stdout=subprocess.PIPE, text=True).stdout
        unit, reduced = 1 << field["radix"], field["reduced"]
        most = 8 * unit + 1  # "up to 8 units" has 8 itself
        cases = [
            ("multiply", [most, most], reduced, multiply),
            ("square", [most], reduced, lambda a: multiply(a, a)),
            ("add", [most, most], 2 * most, add),
            ("subtract", [most, 3 * reduced], 12 * unit + 1, lambda a, b: add(a, b, -1)),
            ("negate", [3 * reduced], 4 * unit + 1, lambda a: add({}, a, -1)),
        ]
        for operation, units, limit, wanted in cases:
            try:
                top = prove(text, field, operation, units, limit, wanted)
            except Failure as failure:
                sys.exit("field%s, %s: %s" % (name, operation, failure))
            whole, rest = divmod(top, unit)
            print("field%s %-8s right, limbs at most %d u + %d" % (name, operation, whole, rest))
        try:  # a proof that finds no overflow where there is one would prove nothing
            prove(text, field, "multiply", [128 * unit, 128 * unit], reduced, multiply)
        except Failure:
            continue
        sys.exit("field%s: operands of 128 units should overflow" % name)


main()
