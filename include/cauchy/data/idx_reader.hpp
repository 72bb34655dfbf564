#pragma once
/// IDX files as data: images and labels in two files, plain or gzipped.

#include <memory>
#include <string>

#include "cauchy/communication/communicator.hpp"
#include "cauchy/data/reader.hpp"

namespace cauchy::data {

/// The usual name of the labels of images: train-labels-idx1-ubyte of train-images-idx3-ubyte, packed or not, whichever
/// is there. Empty: none is.
std::string labels_beside(const std::string& images);

/// Collective. Looks at the headers. The labels are in the file that the source names or that lies beside the images.
/// Throws an agreed core::UserError.
std::unique_ptr<const Reader> open_idx(const communication::Communicator& ranks, const Source& source);

}  // namespace cauchy::data
