#pragma once
/// Files of bytes, such as a text, as data of a model of the next byte.

#include <memory>

#include "cauchy/communication/communicator.hpp"
#include "cauchy/data/reader.hpp"

namespace cauchy::data {

/// Collective. With k = source.reading.context, sample i of a file of n bytes has the features b_i, ..., b_(i+k-1) and
/// the class b_(i+k): n - k samples. k = 2:
///
///     a b r a c     features  a b   target  r
///                             b r           a
///                             r a           c
///
/// Memory has each byte once. Throws an agreed core::UserError if the file is missing or has no more than k bytes, or
/// if the source names what bytes do not have, such as weights.
std::unique_ptr<const Reader> open_bytes(const communication::Communicator& ranks, const Source& source);

}  // namespace cauchy::data
