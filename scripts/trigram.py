#!/usr/bin/env python3
"""What a count-based trigram makes of a text: the bits that it needs for a byte, to compare a model of bytes with.

The probability of a byte c after a, b is interpolated with those of shorter contexts (Witten and Bell, IEEE Trans.
Information Theory 37, 1991, doi:10.1109/18.87000):

    p(c | a b) = (n(abc) + t(ab)·p(c | b)) / (n(ab) + t(ab))

with counts n in the training part, and t(ab) the number of different bytes that follow ab there; p(c | b) and p(c)
alike, and below them 1/256 for each byte. So every byte has a probability, and nothing is tuned.

The parts are those of `cauchy train --data.format=bytes --data.split=position`: of the n - k bytes that have a context
of k bytes, the last ⌈fraction·(n - k)⌉ are the test part.
"""

import argparse
import collections
import math


class Interpolated:
    """Counts for contexts of 0, 1, ..., `order` bytes."""

    def __init__(self, text, order):
        self.order = order
        self.counts = collections.Counter()  # of a context with the byte behind it
        self.totals = collections.Counter()  # of a context
        self.kinds = collections.Counter()  # different bytes behind a context
        for length in range(order + 1):
            for end in range(length, len(text)):
                context, whole = text[end - length:end], text[end - length:end + 1]
                self.kinds[(length, context)] += self.counts[whole] == 0
                self.counts[whole] += 1
                self.totals[(length, context)] += 1

    def probability(self, context, byte):
        """`context`: the bytes before, of which the last ones count."""
        result = 1 / 256
        for length in range(self.order + 1):
            known = context[len(context) - length:]
            total, kinds = self.totals[(length, known)], self.kinds[(length, known)]
            if total > 0:
                result = (self.counts[known + bytes([byte])] + kinds * result) / (total + kinds)
        return result


def bits_a_byte(text, fraction, context, order=2):
    samples = len(text) - context
    first = len(text) - math.ceil(fraction * samples)
    model = Interpolated(text[:first], order)
    bits = [-math.log2(model.probability(text[end - order:end], text[end])) for end in range(first, len(text))]
    return math.fsum(bits) / len(bits)


def main():
    parser = argparse.ArgumentParser(description="Bits a byte of a count-based trigram on the last part of a text.")
    parser.add_argument("text", help="a file")
    parser.add_argument("--fraction", type=float, default=0.1,
                        help="of the bytes for the test, data.validation_fraction")
    parser.add_argument("--context", type=int, default=16, help="data.context, which decides where the test begins")
    parser.add_argument("--order", type=int, default=2, help="bytes of context that are counted; 2: a trigram")
    arguments = parser.parse_args()
    with open(arguments.text, "rb") as file:
        text = file.read()
    print(f"{bits_a_byte(text, arguments.fraction, arguments.context, arguments.order):.4f} bits a byte")


if __name__ == "__main__":
    main()
