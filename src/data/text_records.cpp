// Text files as records.

#include "text_records.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/activity.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/data/source_files.hpp"
#include "packing.hpp"
#include "text_number.hpp"

namespace cauchy::data {
namespace {

constexpr std::size_t buffer_bytes = std::size_t{1} << 18;
constexpr std::size_t longest_record = std::size_t{1} << 30;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

std::uint64_t count(std::string_view text, char what) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), what));
}

/// What a rank has seen in its even share of a file.
struct Counted {
  std::uint64_t lines = 0;
  std::uint64_t quotes = 0;
};

Counted count_in(const TextFile& file, std::uint64_t begin, std::uint64_t end) {
  Counted counted;
  ByteSource source(file.path, file.label);
  source.skip_to(begin);
  std::vector<char> buffer(buffer_bytes);
  while (source.position() < end) {
    const std::size_t wanted = std::min<std::uint64_t>(buffer.size(), end - source.position());
    const std::size_t size = source.read_some(std::span(buffer).first(wanted));
    counted.lines += count({buffer.data(), size}, '\n');
    counted.quotes += count({buffer.data(), size}, '"');
    if (size < wanted) {
      throw core::UserError(file.label + ": has changed while it was read");
    }
  }
  return counted;
}

/// The segment of the records that begin in [begin, end), where what is before `begin` has been counted.
std::optional<Segment> align(const TextFile& file, std::size_t number, std::uint64_t begin, std::uint64_t end,
                             const Counted& before, Quotes quotes) {
  if (begin == 0) {
    return Segment{number, 0, end, 1};
  }
  ByteSource source(file.path, file.label);
  source.skip_to(begin - 1);  // a record may begin right at `begin`, behind an end of line
  char last = 0;
  bool is_inside = quotes == Quotes::enclose && before.quotes % 2 == 1;
  std::uint64_t line = before.lines + 1;
  std::vector<char> buffer(std::size_t{1} << 12);
  for (std::uint64_t offset = begin - 1; offset < end;) {
    const std::size_t size = source.read_some(buffer);
    for (std::size_t i = 0; i < size; ++i, ++offset) {
      if (offset >= begin && last == '\n' && !is_inside) {
        return offset < end ? std::optional(Segment{number, offset, end, line}) : std::nullopt;
      }
      last = buffer[i];
      if (offset >= begin) {
        is_inside ^= quotes == Quotes::enclose && last == '"';
        line += last == '\n' ? 1 : 0;
      }
    }
    if (size < buffer.size()) {
      break;
    }
  }
  return std::nullopt;
}

/// Bytes of a source that are cut evenly: those of plain files; a packed one counts by its packed bytes and stays
/// whole.
struct Share {
  std::size_t file = 0;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

std::vector<Share> shares_of(std::span<const TextFile> files, std::uint64_t rank, std::uint64_t ranks) {
  std::uint64_t total = 0;
  for (const TextFile& file : files) {
    total += file.stamp.bytes;
  }
  const auto cut = [&](std::uint64_t part) {
    return static_cast<std::uint64_t>(static_cast<unsigned __int128>(total) * part / ranks);
  };
  const std::uint64_t first = cut(rank);
  const std::uint64_t last = cut(rank + 1);
  std::vector<Share> shares;
  std::uint64_t start = 0;
  for (std::size_t number = 0; number < files.size(); ++number) {
    const std::uint64_t bytes = files[number].stamp.bytes;
    const std::uint64_t begin = std::clamp(first, start, start + bytes) - start;
    const std::uint64_t end = std::clamp(last, start, start + bytes) - start;
    if (files[number].gzipped && begin < end) {
      if (begin == 0) {
        shares.push_back({number, 0, ~std::uint64_t{0}});
      }
    } else if (begin < end) {
      shares.push_back({number, begin, end});
    }
    start += bytes;
  }
  return shares;
}

}  // namespace

std::vector<TextFile> open_text_files(const communication::Communicator& ranks, const Source& source) {
  std::string packed;
  communication::agree_on_root(ranks, [&] {
    const core::Doing doing("reading data");
    Packer packer;
    const std::vector<std::string> paths = files_of(source);
    packer.put(std::uint64_t{paths.size()});
    for (const std::string& path : paths) {
      const ByteSource file(path, source.key + " = " + path);
      packer.put(path);
      packer.put(file.stamp());
      packer.put(std::uint64_t{file.is_gzipped()});
    }
    packed = packer.take();
  });
  ranks.broadcast(packed);
  Unpacker unpacker(packed);
  std::vector<TextFile> files(unpacker.get<std::uint64_t>());
  for (TextFile& file : files) {
    file.path = unpacker.get_text();
    file.label = source.key + " = " + file.path;
    file.stamp = unpacker.get<FileStamp>();
    file.gzipped = unpacker.get<std::uint64_t>() != 0;
  }
  return files;
}

RecordStream::RecordStream(const TextFile& file, const Segment& segment, Quotes quotes)
    : file_(file),
      segment_(segment),
      quotes_(quotes),
      source_(file.path, file.label),
      buffer_(buffer_bytes),
      offset_(segment.begin),
      line_(segment.line) {
  require_unchanged();
  source_.skip_to(segment.begin);
  if (segment.begin == 0) {
    refill();
    const std::string_view start(buffer_.data(), end_);
    if (start.starts_with(byte_order_mark)) {
      begin_ = offset_ = byte_order_mark.size();
    } else if (start.starts_with("\xFF\xFE") || start.starts_with("\xFE\xFF")) {
      throw core::UserError(file.label + ": is text in UTF-16; save it as UTF-8");
    }
  }
}

void RecordStream::require_unchanged() const {
  if (source_.stamp() != file_.stamp) {
    throw core::UserError(file_.label + ": has changed while it was read");
  }
}

std::string RecordStream::place(std::uint64_t line) const {
  return file_.label + ":" + std::to_string(line);
}

/// Reads more behind what is left in the buffer. False at the end of the file.
bool RecordStream::refill() {
  if (at_end_) {
    return false;
  }
  std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_), buffer_.begin() + static_cast<std::ptrdiff_t>(end_),
            buffer_.begin());
  end_ -= begin_;
  begin_ = 0;
  if (end_ == buffer_.size()) {
    if (buffer_.size() >= longest_record) {
      throw core::UserError(place(line_) + ": a record of more than 1 GiB begins here; is a quote not closed?");
    }
    buffer_.resize(2 * buffer_.size());
  }
  const std::size_t wanted = buffer_.size() - end_;
  const std::size_t size = source_.read_some(std::span(buffer_).subspan(end_));
  end_ += size;
  at_end_ = size < wanted;
  if (at_end_) {
    require_unchanged();
  }
  return size > 0;
}

bool RecordStream::next(Record& record) {
  if (offset_ >= segment_.end) {
    require_unchanged();
    return false;
  }
  std::size_t searched = 0;  // bytes behind begin_
  std::uint64_t quotes = 0;
  std::uint64_t lines = 0;
  for (;;) {
    const std::size_t left = end_ - begin_;
    const void* const found = std::memchr(buffer_.data() + begin_ + searched, '\n', left - searched);
    if (found == nullptr && refill()) {
      continue;
    }
    const char* const start = buffer_.data() + begin_;  // which refill() moves
    if (found == nullptr && left == 0) {
      return false;
    }
    const std::size_t length =
        found == nullptr ? left : static_cast<std::size_t>(static_cast<const char*>(found) - start);
    if (quotes_ == Quotes::enclose) {
      const std::string_view line(start + searched, length - searched);
      quotes += std::memchr(line.data(), '"', line.size()) == nullptr ? 0 : count(line, '"');
      if (quotes % 2 == 1) {
        if (found == nullptr) {
          throw core::UserError(place(line_) + ": a quote that is opened in this line is never closed");
        }
        searched = length + 1;
        ++lines;
        continue;
      }
    }
    record.offset = offset_;
    record.line = line_;
    record.text = {start, length};
    if (record.text.ends_with('\r')) {
      record.text.remove_suffix(1);
    }
    const std::size_t taken = length + (found == nullptr ? 0 : 1);
    begin_ += taken;
    offset_ += taken;
    line_ += lines + 1;
    return true;
  }
}

std::vector<Segment> own_segments(const communication::Communicator& ranks, std::span<const TextFile> files,
                                  Quotes quotes) {
  const auto size = static_cast<std::uint64_t>(ranks.size());
  const auto rank = static_cast<std::uint64_t>(ranks.rank());
  const std::vector<Share> shares = shares_of(files, rank, size);
  std::vector<std::uint64_t> counts(2 * size * files.size(), 0);
  communication::agree(ranks, [&] {
    const core::Doing doing("reading data");
    for (const Share& share : shares) {
      if (!files[share.file].gzipped && size > 1) {
        const Counted counted = count_in(files[share.file], share.begin, share.end);
        counts[2 * (share.file * size + rank)] = counted.lines;
        counts[2 * (share.file * size + rank) + 1] = counted.quotes;
      }
    }
  });
  ranks.sum<std::uint64_t>(counts);
  std::vector<Segment> segments;
  communication::agree(ranks, [&] {
    for (const Share& share : shares) {
      Counted before;
      for (std::uint64_t other = 0; other < rank; ++other) {
        before.lines += counts[2 * (share.file * size + other)];
        before.quotes += counts[2 * (share.file * size + other) + 1];
      }
      const auto segment = align(files[share.file], share.file, share.begin, share.end, before, quotes);
      if (segment) {
        segments.push_back(*segment);
      }
    }
  });
  return segments;
}

std::string place_in(const TextFile& file, const Record& record, const char* position) {
  const std::string_view before(record.text.data(), static_cast<std::size_t>(position - record.text.data()));
  const std::size_t line_start = before.rfind('\n') + 1;  // 0 where there is none
  return file.label + ":" + std::to_string(record.line + count(before, '\n')) + ":" +
         std::to_string(before.size() - line_start + 1);
}

}  // namespace cauchy::data
