// The lines in front of a file, and the table behind it.

#include "cauchy/storage/seal.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <optional>
#include <span>
#include <sstream>
#include <string_view>
#include <vector>

#include "cauchy/core/crc64.hpp"

namespace cauchy::storage {
namespace {

constexpr std::size_t user_block_bytes = 512;  // in front of HDF5: two lines
constexpr std::size_t line_bytes = 256;
constexpr std::size_t piece_bytes = std::size_t{1} << 20;
constexpr std::size_t dropped_bytes = std::size_t{1} << 23;  // pages may be as large as that, and go as a whole only
constexpr const char* sealed_attribute = "sealed";
constexpr std::string_view table_end = "crc64-xz ";
using UserBlock = std::array<char, user_block_bytes>;

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what) {
  throw StorageError(path.string() + ": " + what);
}

std::string magic(const SealKind& kind) {
  return std::string("cauchy ") + kind.name + ", format ";
}

/// What the lines state.
struct Statement {
  std::uint64_t length = 0;
  std::uint64_t table = 0;
  std::uint64_t sum = 0;
};

UserBlock user_block(const SealKind& kind, const Statement& statement) {
  UserBlock block{};
  for (std::size_t place = 0; place < block.size(); place += line_bytes) {
    std::snprintf(block.data() + place, line_bytes,
                  "%s%" PRIu64 ", length %020" PRIu64 ", table at %020" PRIu64 ", crc64-xz %016" PRIx64 "\n",
                  magic(kind).c_str(), kind.format, statement.length, statement.table, statement.sum);
  }
  return block;
}

/// The first (0) or second (1) line, with what follows it.
std::string_view line_of(const UserBlock& block, std::size_t number) {
  return std::string_view(block.data(), block.size()).substr(number * line_bytes, line_bytes);
}

/// The number that follows `key`.
std::optional<std::uint64_t> number_after(std::string_view line, std::string_view key, int base) {
  const std::size_t place = line.find(key);
  if (place == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view rest = line.substr(place + key.size());
  std::uint64_t value = 0;
  const auto result = std::from_chars(rest.data(), rest.data() + rest.size(), value, base);
  return result.ec == std::errc{} ? std::optional(value) : std::nullopt;
}

bool calls_itself(const UserBlock& block, const SealKind& kind) {
  return line_of(block, 0).starts_with(magic(kind)) || line_of(block, 1).starts_with(magic(kind));
}

/// Throws if the first line states another format and the second does not contradict it.
void require_format(const std::filesystem::path& path, const UserBlock& block, const SealKind& kind) {
  const std::optional<std::uint64_t> first = number_after(line_of(block, 0), magic(kind), 10);
  const std::optional<std::uint64_t> second = number_after(line_of(block, 1), magic(kind), 10);
  if (first && first != kind.format && second != kind.format) {
    fail(path, std::string("a ") + kind.name + " of format " + std::to_string(*first) +
                   "; this version of Cauchy reads format " + std::to_string(kind.format));
  }
}

/// What both lines state, or none if they are not just as they were written.
std::optional<Statement> statement_of(const UserBlock& block, const SealKind& kind) {
  const std::string_view line = line_of(block, 0);
  const Statement statement{number_after(line, ", length ", 10).value_or(0),
                            number_after(line, ", table at ", 10).value_or(0),
                            number_after(line, ", crc64-xz ", 16).value_or(0)};
  return user_block(kind, statement) == block ? std::optional(statement) : std::nullopt;
}

std::uint64_t sum_of(const Descriptor& file, std::uint64_t first, std::uint64_t last, Pages pages = Pages::stay) {
  core::Crc64 sum;
  std::vector<std::byte> piece;
  for (std::uint64_t offset = first; offset < last;) {
    piece.resize(std::min<std::uint64_t>(piece_bytes - offset % piece_bytes, last - offset));
    file.read_at(offset, piece);
    sum.update(piece);
    offset += piece.size();
    if (pages == Pages::go && (offset % dropped_bytes == 0 || offset == last)) {
      file.drop_from_cache((offset - 1) / dropped_bytes * dropped_bytes, dropped_bytes);
    }
  }
  return sum.value();
}

core::Crc64 sum_of(const std::string& text) {
  core::Crc64 sum;
  sum.update(std::as_bytes(std::span(text)));
  return sum;
}

std::string hex(std::uint64_t value) {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016" PRIx64, value);
  return digits;
}

std::string row_of(const Piece& piece, std::uint64_t sum) {
  return std::to_string(piece.offset) + " " + std::to_string(piece.bytes) + " " + hex(sum) + " " + piece.dataset + "\n";
}

/// Appends the table and writes the lines of a file that is otherwise complete. The sum of the whole is made of those
/// of the pieces, which are known from writing or read from the file, and of what lies between them. Gives the length.
std::uint64_t seal(const std::filesystem::path& path, const SealKind& kind, const std::vector<Piece>& pieces) {
  Descriptor file = Descriptor::open_to_change(path);
  const std::uint64_t end = file.size();
  core::Crc64 sum;
  std::string table;
  std::uint64_t place = user_block_bytes;
  for (const Piece& piece : pieces) {
    sum.append(sum_of(file, place, piece.offset), piece.offset - place);
    place = piece.offset + piece.bytes;
    const std::uint64_t part = piece.sum ? *piece.sum : sum_of(file, piece.offset, place);
    sum.append(part, piece.bytes);
    table += row_of(piece, part);
  }
  sum.append(sum_of(file, place, end), end - place);
  table += std::string(table_end) + hex(sum_of(table).value()) + "\n";
  sum.update(std::as_bytes(std::span(table)));
  file.write_at(end, std::as_bytes(std::span(table)));
  const std::uint64_t length = end + table.size();
  const UserBlock block = user_block(kind, {length, end, sum.value()});
  file.write_at(0, std::as_bytes(std::span(block)));
  file.close();
  return length;
}

/// The rows of a table, if it is what was written.
std::optional<std::string> rows_of(const std::string& table) {
  const std::size_t place = table.rfind(table_end);
  if (place == std::string::npos) {
    return std::nullopt;
  }
  std::string rows = table.substr(0, place);
  const bool intact = rows + std::string(table_end) + hex(sum_of(rows).value()) + "\n" == table;
  return intact ? std::optional(std::move(rows)) : std::nullopt;
}

}  // namespace

void WritingCost::add(const WritingCost& other) {
  bytes += other.bytes;
  writing_seconds += other.writing_seconds;
  reading_back_seconds += other.reading_back_seconds;
}

SealedWriter::SealedWriter(const std::filesystem::path& path, const SealKind& kind)
    : kind_(kind), target_(path), file_(File::create(target_.temporary_path(), user_block_bytes)) {
  file_.write_attribute("/", sealed_attribute, kind.format);
}

WritingCost SealedWriter::commit() {
  WritingCost cost;
  const std::vector<Piece> pieces = file_.pieces();
  file_.close();
  cost.bytes = seal(target_.temporary_path(), kind_, pieces);
  target_.commit([&] {
    const core::Timer reading;
    verify_seal(target_.temporary_path(), kind_, Pages::go);
    cost.reading_back_seconds = reading.seconds();
  });
  cost.writing_seconds = timer_.seconds() - cost.reading_back_seconds;
  return cost;
}

WritingCost write_sealed(const std::filesystem::path& path, const SealKind& kind,
                         const std::function<void(File&)>& fill) {
  SealedWriter writer(path, kind);
  fill(writer.file());
  return writer.commit();
}

bool is_sealed(const std::filesystem::path& path, const SealKind& kind) {
  const Descriptor file = Descriptor::open_to_read(path);
  UserBlock block{};
  file.read_at(0, std::as_writable_bytes(std::span(block).first(std::min<std::uint64_t>(file.size(), block.size()))));
  return calls_itself(block, kind);
}

SealedFile::SealedFile(const std::filesystem::path& path, const SealKind& kind)
    : path_(path), file_(Descriptor::open_to_read(path)) {
  const std::uint64_t length = file_.size();
  if (length < user_block_bytes) {
    fail(path, std::string("too short for a ") + kind.name + ": " + std::to_string(length) + " bytes");
  }
  UserBlock block{};
  file_.read_at(0, std::as_writable_bytes(std::span(block)));
  if (!calls_itself(block, kind)) {
    fail(path, std::string("not a ") + kind.name + " of Cauchy");
  }
  require_format(path, block, kind);
  const std::optional<Statement> statement = statement_of(block, kind);
  if (!statement) {
    fail(path, "damaged: the check lines in its first 512 bytes are not intact");
  }
  if (statement->length != length) {
    fail(path, "damaged: " + std::to_string(length) + " bytes long, should be " + std::to_string(statement->length));
  }
  length_ = length;
  table_ = statement->table;
  sum_ = statement->sum;
}

std::uint64_t SealedFile::start_of_part(std::uint64_t part, std::uint64_t parts) const {
  return user_block_bytes + (length_ - user_block_bytes) * part / parts;
}

std::uint64_t SealedFile::sum_of_part(std::uint64_t part, std::uint64_t parts, Pages pages) const {
  return sum_of(file_, start_of_part(part, parts), start_of_part(part + 1, parts), pages);
}

void SealedFile::require_sums(std::span<const std::uint64_t> sums) const {
  core::Crc64 whole;
  for (std::uint64_t part = 0; part < sums.size(); ++part) {
    whole.append(sums[part], start_of_part(part + 1, sums.size()) - start_of_part(part, sums.size()));
  }
  if (whole.value() != sum_) {
    fail(path_, "damaged: its check sum differs" + place_of_damage());
  }
}

/// In words, as far as the table tells it.
std::string SealedFile::place_of_damage() const {
  std::string table(length_ - std::min(length_, table_), '\0');
  file_.read_at(length_ - table.size(), std::as_writable_bytes(std::span(table)));
  const std::optional<std::string> rows = rows_of(table);
  if (!rows) {
    return "";
  }
  std::vector<std::string> damaged;
  std::istringstream stream(*rows);
  Piece piece;
  std::string sum;
  while (stream >> piece.offset >> piece.bytes >> sum && std::getline(stream >> std::ws, piece.dataset)) {
    if (hex(sum_of(file_, piece.offset, piece.offset + piece.bytes)) != sum &&
        std::ranges::find(damaged, piece.dataset) == damaged.end()) {
      damaged.push_back(piece.dataset);
    }
  }
  if (damaged.empty()) {
    return "; the damage is outside of the datasets, in the structure of the file";
  }
  std::string names;
  for (const std::string& dataset : damaged) {
    names += (names.empty() ? "" : ", ") + dataset;
  }
  return "; the damage is in " + names;
}

void verify_seal(const std::filesystem::path& path, const SealKind& kind, Pages pages) {
  const SealedFile file(path, kind);
  const std::uint64_t sum = file.sum_of_part(0, 1, pages);
  file.require_sums({&sum, 1});
}

void require_unsealed(const File& file) {
  const std::vector<std::string> names = file.attributes("/");
  if (std::ranges::find(names, sealed_attribute) != names.end()) {
    fail(file.path(), "damaged: the check lines in its first 512 bytes are gone");
  }
}

}  // namespace cauchy::storage
