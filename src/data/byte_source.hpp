#pragma once
/// The bytes of a file from front to end, gzipped or not.

#include <zlib.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cauchy/storage/descriptor.hpp"

namespace cauchy::data {

using storage::FileStamp;

/// A file that is read from front to end. What is gzipped is unpacked on the way, all members of it; one that is cut
/// off, damaged, or followed by anything else is an error. Every function throws core::UserError, which begins with the
/// label.
class ByteSource {
 public:
  /// `label` names the file in messages.
  ByteSource(const std::string& path, std::string label);
  ~ByteSource();
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  const std::string& label() const { return label_; }
  bool is_gzipped() const { return inflater_ != nullptr; }
  FileStamp stamp() const;
  /// Bytes handed out so far, unpacked.
  std::uint64_t position() const { return position_; }

  /// Goes on at a later position, in no time if the file is plain.
  void skip_to(std::uint64_t position);

  /// Fills the span; less only at the end of the file. The bytes read.
  std::size_t read_some(std::span<char> bytes);

 private:
  struct Inflater;

  [[noreturn]] void fail(const std::string& what) const;
  std::size_t read_file(std::span<char> bytes);
  std::size_t inflate_some(std::span<char> bytes);

  std::string label_;
  int number_ = -1;
  std::uint64_t file_position_ = 0;
  std::uint64_t position_ = 0;
  std::unique_ptr<Inflater> inflater_;  ///< none where the file is plain
};

}  // namespace cauchy::data
