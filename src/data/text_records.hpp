#pragma once
/// Text files as records: lines, or what stands between line ends that no quotes enclose.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "byte_source.hpp"
#include "cauchy/communication/communicator.hpp"
#include "cauchy/data/source.hpp"

namespace cauchy::data {

/// One of the files of a source.
struct TextFile {
  std::string path;
  std::string label;  ///< for messages: "data.train = part-1.csv"
  FileStamp stamp;
  bool gzipped = false;
};

/// Collective. The files that a source names, as the root sees them.
std::vector<TextFile> open_text_files(const communication::Communicator& ranks, const Source& source);

/// A part of a file that starts with a record. Records belong to it that begin before `end`.
struct Segment {
  std::size_t file = 0;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t line = 1;  ///< at its begin
};

struct Record {
  std::string_view text;     ///< without the end of its last line
  std::uint64_t offset = 0;  ///< in the file, unpacked
  std::uint64_t line = 1;    ///< where it begins, counted from 1
};

/// Whether an end of line between double quotes belongs to a record, as in CSV (RFC 4180).
enum class Quotes { enclose, mean_nothing };

/// The records of a segment, in order. Lines end with LF or CRLF; a byte order mark of UTF-8 in front is passed over.
/// Throws core::UserError if the file is damaged or not the one that was opened.
class RecordStream {
 public:
  RecordStream(const TextFile& file, const Segment& segment, Quotes quotes);

  /// False at the end. The record lives until the next call.
  bool next(Record& record);

  /// Throws core::UserError if the file is not any more the one that it was.
  void require_unchanged() const;

 private:
  bool refill();
  std::string place(std::uint64_t line) const;

  const TextFile& file_;
  Segment segment_;
  Quotes quotes_;
  ByteSource source_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  ///< of what is left in the buffer
  std::size_t end_ = 0;
  std::uint64_t offset_ = 0;  ///< of begin_, in the file
  std::uint64_t line_ = 1;    ///< at begin_
  bool at_end_ = false;       ///< of the file
};

/// Collective. All of the files, cut in about even parts for the ranks: those of this rank. A packed file stays whole.
std::vector<Segment> own_segments(const communication::Communicator& ranks, std::span<const TextFile> files,
                                  Quotes quotes);

/// Where a record stands: "data.train = mine.csv:17:24".
std::string place_in(const TextFile& file, const Record& record, const char* position);

}  // namespace cauchy::data
