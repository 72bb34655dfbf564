#pragma once
/// Where the samples of text files are: counted by all ranks together, and then read by each where it needs them.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cauchy/communication/communicator.hpp"
#include "cauchy/core/timer.hpp"
#include "cauchy/data/reader.hpp"
#include "text_records.hpp"

namespace cauchy::data {

/// A place from which samples can be read.
struct Mark {
  std::uint64_t row = 0;  ///< the number of the first sample from here on
  std::uint64_t file = 0;
  std::uint64_t offset = 0;
  std::uint64_t line = 1;
};

struct OpenWalk;

struct TextIndex {
  std::vector<TextFile> files;
  Quotes quotes = Quotes::mean_nothing;
  std::vector<Mark> marks;  ///< ascending; at least one for each file
  std::uint64_t rows = 0;
  mutable std::shared_ptr<OpenWalk> walk = {};  ///< where the last one ended: the next one may go on from there
};

/// One record of a file. `is_first`: of its file.
struct Line {
  const TextFile& file;
  const Record& record;
  bool is_first = false;
};

/// Collective. Every record of the files once, on one rank; visit() says whether it is a sample. Counts samples and
/// makes the index. Throws an agreed error.
void build_index(const communication::Communicator& ranks, const Source& source, TextIndex& index,
                 const std::function<bool(const Line&)>& visit);

/// Calls visit for records, in order, from some place at or before sample `first` on. It says whether the record was a
/// sample, and is told the number that the sample would have. Ends behind the last sample of the range; throws
/// core::UserError if the files end before.
void walk(const Source& source, const TextIndex& index, Range rows,
          const std::function<bool(const Line&, std::uint64_t row)>& visit);

/// "mine.csv:17", file and line of a sample. is_sample() is asked as in walk().
std::string line_of_sample(const Source& source, const TextIndex& index, std::uint64_t row,
                           const std::function<bool(const Line&)>& is_sample);

/// Collective. What each rank has packed, in the order of ranks, on every rank.
std::vector<std::string> gather(const communication::Communicator& ranks, const std::string& text);

}  // namespace cauchy::data
