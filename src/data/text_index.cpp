// Where the samples of text files are.

#include "text_index.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/activity.hpp"
#include "cauchy/core/error.hpp"
#include "packing.hpp"

namespace cauchy::data {
namespace {

constexpr std::uint64_t mark_bytes = std::uint64_t{1} << 18;

std::uint64_t end_of(const TextFile& file) {
  return file.gzipped ? ~std::uint64_t{0} : file.stamp.bytes;
}

/// Tells now and then how far reading has come, if it takes long.
class ReadingProgress {
 public:
  explicit ReadingProgress(const Source& source) : source_(source) {}

  void at(std::uint64_t bytes) {
    if (!source_.tell || bytes < next_bytes_) {
      return;
    }
    next_bytes_ = bytes + mark_bytes;
    if (timer_.seconds() - told_ >= line_seconds) {
      told_ = timer_.seconds();
      const double megabytes = static_cast<double>(bytes) / 1e6;
      source_.tell(source_.key + " = " + source_.path + ": read " + std::to_string(std::llround(megabytes)) +
                   " MB of text by this rank, " + std::to_string(std::llround(megabytes / told_)) + " MB/s");
    }
  }

 private:
  static constexpr double line_seconds = 5;

  const Source& source_;
  core::Timer timer_;
  double told_ = 0;
  std::uint64_t next_bytes_ = mark_bytes;
};

}  // namespace

std::vector<std::string> gather(const communication::Communicator& ranks, const std::string& text) {
  std::vector<std::string> texts(static_cast<std::size_t>(ranks.size()));
  texts[static_cast<std::size_t>(ranks.rank())] = text;
  for (int rank = 0; rank < ranks.size(); ++rank) {
    ranks.broadcast(texts[static_cast<std::size_t>(rank)], rank);
  }
  return texts;
}

void build_index(const communication::Communicator& ranks, const Source& source, TextIndex& index,
                 const std::function<bool(const Line&)>& visit) {
  const std::vector<Segment> segments = own_segments(ranks, index.files, index.quotes);
  std::vector<Mark> marks;
  std::uint64_t rows = 0;
  communication::agree(ranks, [&] {
    const core::Doing doing("reading data");
    ReadingProgress progress(source);
    std::uint64_t bytes = 0;
    for (const Segment& segment : segments) {
      RecordStream stream(index.files[segment.file], segment, index.quotes);
      Record record{.text = {}, .offset = segment.begin};
      std::uint64_t next_mark = 0;
      for (bool is_first = segment.begin == 0; stream.next(record); is_first = false) {
        if (record.offset >= next_mark) {
          marks.push_back({rows, segment.file, is_first ? 0 : record.offset, record.line});
          next_mark = record.offset + mark_bytes;
        }
        rows += visit({index.files[segment.file], record, is_first}) ? 1 : 0;
        progress.at(bytes + record.offset - segment.begin);
      }
      bytes += record.offset - segment.begin;
    }
  });
  Packer packer;
  packer.put(rows);
  packer.put(std::uint64_t{marks.size()});
  for (const Mark& mark : marks) {
    packer.put(mark);
  }
  index.marks.clear();
  index.rows = 0;
  for (const std::string& packed : gather(ranks, packer.take())) {
    Unpacker unpacker(packed);
    const auto rows_of_rank = unpacker.get<std::uint64_t>();
    for (auto count = unpacker.get<std::uint64_t>(); count > 0; --count) {
      index.marks.push_back(unpacker.get<Mark>());
      index.marks.back().row += index.rows;
    }
    index.rows += rows_of_rank;
  }
}

/// A walk between two records.
struct OpenWalk {
  std::uint64_t row = 0;
  std::uint64_t file = 0;
  std::unique_ptr<RecordStream> stream;
  bool is_first = false;  ///< whether the next record is the first of its file
};

namespace {

std::shared_ptr<OpenWalk> start_walk(const TextIndex& index, std::uint64_t row) {
  if (index.walk != nullptr && index.walk->row == row) {
    return std::move(index.walk);
  }
  const auto after = std::ranges::upper_bound(index.marks, row, {}, &Mark::row);
  const Mark mark = after == index.marks.begin() ? Mark{} : *std::prev(after);
  const TextFile& text = index.files[mark.file];
  const Segment segment{mark.file, mark.offset, end_of(text), mark.line};
  return std::make_shared<OpenWalk>(
      OpenWalk{mark.row, mark.file, std::make_unique<RecordStream>(text, segment, index.quotes), mark.offset == 0});
}

}  // namespace

void walk(const Source& source, const TextIndex& index, Range rows,
          const std::function<bool(const Line&, std::uint64_t row)>& visit) {
  const std::shared_ptr<OpenWalk> open = start_walk(index, rows.first);
  index.walk.reset();  // until this one has ended well
  ReadingProgress progress(source);
  std::uint64_t bytes = 0;
  while (open->row < rows.last) {
    Record record;
    if (open->stream->next(record)) {
      open->row += visit({index.files[open->file], record, open->is_first}, open->row) ? 1 : 0;
      open->is_first = false;
      bytes += record.text.size();
      progress.at(bytes);
    } else if (++open->file < index.files.size()) {
      const TextFile& text = index.files[open->file];
      open->stream = std::make_unique<RecordStream>(text, Segment{open->file, 0, end_of(text), 1}, index.quotes);
      open->is_first = true;
    } else {
      throw core::UserError(at(source) + "has changed while it was read: it ends at row " + std::to_string(open->row) +
                            " of " + std::to_string(rows.last));
    }
  }
  open->stream->require_unchanged();
  if (open->row < index.rows) {
    index.walk = open;
  }
}

std::string line_of_sample(const Source& source, const TextIndex& index, std::uint64_t row,
                           const std::function<bool(const Line&)>& is_sample) {
  std::string place;
  walk(source, index, {row, row + 1}, [&](const Line& line, std::uint64_t number) {
    const bool is_row = is_sample(line);
    if (is_row && number == row) {
      place = line.file.path + ":" + std::to_string(line.record.line);
    }
    return is_row;
  });
  return place;
}

}  // namespace cauchy::data
