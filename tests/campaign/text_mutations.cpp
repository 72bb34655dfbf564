// Damages files of text, packed files and IDX files at random. Each must be refused with a message that names the file,
// or hold what a slow and plain reader finds in it: no crash, no other error, no endless loop, nothing made up.
//
// usage: text_mutations [--count N] [--seed S] [--only NUMBER]
//   --count N       damaged files of each kind (1000)
//   --seed S        of the random numbers (1)
//   --only NUMBER   this one alone, for a debugger

#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <limits>
#include <optional>
#include <random>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cauchy/communication/session.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/data/reader.hpp"
#include "cauchy/data/standardization.hpp"
#include "support/temporary_folder.hpp"

namespace cauchy::test {
namespace {

constexpr unsigned seconds_each = 20;  // a case takes a millisecond; a busy machine may need many
constexpr std::uint64_t rows = 40;

volatile std::sig_atomic_t current_case = 0;

void tell_case(int signal) {
  std::array<char, 64> text{};
  const int size =
      std::snprintf(text.data(), text.size(), "signal %d in case %d\n", signal, static_cast<int>(current_case));
  if (::write(STDERR_FILENO, text.data(), static_cast<std::size_t>(size)) < 0) {
    ::_exit(2);
  }
  ::_exit(1);
}

// ---- what a file holds ----

/// Rows of (column, value), the target first as column 0.
using Cell = std::pair<std::uint64_t, double>;
using Rows = std::vector<std::vector<Cell>>;

/// A finite decimal number and nothing else, read by the C library.
std::optional<double> plain_number(const std::string& text) {
  std::size_t i = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
  const auto digits = [&] {
    const std::size_t start = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') {
      ++i;
    }
    return i - start;
  };
  std::size_t count = digits();
  if (i < text.size() && text[i] == '.') {
    ++i;
    count += digits();
  }
  if (count == 0) {
    return std::nullopt;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    i += i < text.size() && (text[i] == '-' || text[i] == '+') ? 1 : 0;
    if (digits() == 0) {
      return std::nullopt;
    }
  }
  const double value = std::strtod(text.c_str(), nullptr);
  return i == text.size() && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::string stripped(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t");
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

/// RFC 4180, a character at a time. Nothing if it is no table of numbers.
std::optional<Rows> plain_csv(const std::string& text) {
  std::vector<std::vector<std::string>> records{{""}};
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string& field = records.back().back();
    if (inside && text[i] == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      field += text[i++];
    } else if (text[i] == '"') {
      inside = !inside;
    } else if (!inside && text[i] == ',') {
      records.back().emplace_back();
    } else if (!inside && text[i] == '\n') {
      records.push_back({""});
    } else if (inside || text[i] != '\r' || (i + 1 < text.size() && text[i + 1] != '\n')) {
      field += text[i];
    }
  }
  Rows result;
  std::size_t width = 0;
  for (std::vector<std::string>& record : records) {
    if (std::ranges::all_of(record, [](const std::string& field) { return stripped(field).empty(); })) {
      continue;
    }
    if (width == 0) {  // the header
      width = record.size();
      continue;
    }
    if (record.size() == width + 1 && stripped(record.back()).empty()) {
      record.pop_back();
    }
    if (record.size() != width) {
      return std::nullopt;
    }
    std::vector<Cell> row{{0, 0}};
    for (std::size_t column = 0; column < width; ++column) {
      const auto value = plain_number(stripped(record[column]));
      if (!value) {
        return std::nullopt;
      }
      column + 1 == width ? row[0] = {0, *value} : row.emplace_back(column + 1, *value);
    }
    result.push_back(row);
  }
  return result;
}

std::optional<Rows> plain_libsvm(const std::string& text) {
  Rows result;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::string words_text = line.substr(0, line.find('#'));
    std::ranges::replace(words_text, '\t', ' ');
    std::ranges::replace(words_text, '\r', ' ');
    std::vector<std::string> words{""};
    for (const char c : words_text) {
      if (c == ' ') {
        words.emplace_back();
      } else {
        words.back() += c;
      }
    }
    std::erase(words, "");
    if (words.empty()) {
      continue;
    }
    const auto label = plain_number(words[0]);
    if (!label) {
      return std::nullopt;
    }
    std::vector<Cell> row{{0, *label}};
    for (std::size_t i = words.size() > 1 && words[1].starts_with("qid:") ? 2 : 1; i < words.size(); ++i) {
      const std::size_t colon = words[i].find(':');
      const std::string index = words[i].substr(0, colon);
      const auto value = colon == std::string::npos ? std::nullopt : plain_number(words[i].substr(colon + 1));
      if (!value || index.empty() || index.find_first_not_of("0123456789") != std::string::npos) {
        return std::nullopt;
      }
      const std::uint64_t column = std::strtoull(index.c_str(), nullptr, 10) + 1;
      if (row.size() > 1 && column <= row.back().first) {
        return std::nullopt;
      }
      row.emplace_back(column, *value);
    }
    result.push_back(row);
  }
  return result;
}

/// What Cauchy finds; nothing if columns of text became categories.
std::optional<Rows> found_in(const data::Reader& reader) {
  const auto is_text = [](const data::EncodedColumn& column) { return !column.categories.empty(); };
  const auto samples = data::read_samples<double>(reader, {0, reader.shape().rows}, {});
  if (std::ranges::any_of(reader.encoding().features, is_text)) {
    return std::nullopt;
  }
  Rows result;
  for (std::uint64_t row = 0; row < reader.shape().rows; ++row) {
    std::vector<Cell> cells{{0, samples.targets[row]}};
    if (reader.shape().sparse) {
      const auto elements = samples.sparse_features.view().row(row);
      for (std::size_t i = 0; i < elements.columns.size(); ++i) {
        cells.emplace_back(elements.columns[i] + reader.encoding().index_base + 1, elements.values[i]);
      }
    } else {
      for (std::uint64_t column = 0; column < samples.inputs; ++column) {
        cells.emplace_back(column + 1, samples.features[row * samples.inputs + column]);
      }
    }
    result.push_back(cells);
  }
  return result;
}

// ---- samples and their damage ----

std::string number(std::mt19937_64& random) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(),
                random() % 4 == 0   ? "%.0f"
                : random() % 2 == 0 ? "%.4f"
                                    : "%.12e",
                static_cast<double>(static_cast<std::int64_t>(random() % 20000) - 10000) / 7);
  return text.data();
}

std::string csv(std::mt19937_64& random) {
  std::string text = "alpha,beta,gamma,delta\n";
  for (std::uint64_t row = 0; row < rows; ++row) {
    for (int column = 0; column < 4; ++column) {
      const bool is_quoted = random() % 8 == 0;
      text += (column > 0 ? "," : "") + std::string(is_quoted ? "\"" : "") + number(random) + (is_quoted ? "\"" : "");
    }
    text += random() % 5 == 0 ? "\r\n" : "\n";
  }
  return text;
}

std::string libsvm(std::mt19937_64& random) {
  std::string text;
  for (std::uint64_t row = 0; row < rows; ++row) {
    text += number(random);
    text += random() % 9 == 0 ? " qid:7" : "";
    for (std::uint64_t index = 1 + random() % 4; index < 30; index += 1 + random() % 9) {
      text += " " + std::to_string(index) + ":" + number(random);
    }
    text += random() % 9 == 0 ? " # 1:2\n" : "\n";
  }
  return text;
}

std::string idx(std::uint32_t count, std::uint32_t columns) {
  std::string text{'\0', '\0', '\x08', '\x02'};
  for (const std::uint32_t extent : {count, columns}) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      text += static_cast<char>(extent >> shift & 0xFF);
    }
  }
  return text + std::string(std::size_t{count} * columns, '\x05');
}

std::string packed(const std::string& text, const std::string& path) {
  const gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// Leaves the first `kept` bytes alone.
void damage(std::string& text, std::size_t kept, std::mt19937_64& random) {
  static const std::array<std::string, 26> words{
      ",", "\"",   "\"\"", "\n",  "\r", "\r\n", ":", " ",    "\t",  "#",     "-",    "+", ".",
      "e", "e999", "nan",  "inf", "NA", "0x1",  "?", "qid:", "0:1", "1e-99", "\xff", ";", std::string(1, '\0')};
  const auto place = [&] { return kept + random() % (text.size() - kept + 1); };
  for (std::uint64_t changes = 1 + random() % 3; changes > 0 && text.size() > kept + 1; --changes) {
    const std::size_t at = std::min(place(), text.size() - 1);
    const std::size_t length = std::min<std::size_t>(1 + random() % (random() % 4 == 0 ? 200 : 4), text.size() - at);
    switch (random() % 6) {
      case 0:
        text[at] = static_cast<char>(text[at] ^ 1 << random() % 8);
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(at, text.substr(at, length));
        break;
      case 3:
        text.resize(at);
        break;
      default:
        text.insert(at, words[random() % words.size()]);
    }
  }
}

struct Kind {
  std::string name;
  std::string file;
  std::uint64_t read = 0;
  std::uint64_t refused = 0;
};

/// Empty if all is well; otherwise what is wrong.
std::string check(const communication::Communicator& world, const TemporaryFolder& folder, Kind& kind,
                  std::mt19937_64& random) {
  const std::string path = folder / kind.file;
  const std::string whole = kind.name == "libsvm" ? libsvm(random) : kind.name == "idx" ? idx(rows, 3) : csv(random);
  std::string text = kind.name == "packed" ? packed(whole, path) : whole;
  const std::size_t header = kind.name == "csv" ? text.find('\n') + 1 : 0;
  damage(text, header, random);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  data::Source source{"data.train", path, "features", "targets"};
  source.reading.header = "true";
  source.reading.target_type = "number";
  try {
    const auto reader = data::open_reader(world, source);
    const std::optional<Rows> found = found_in(*reader);
    ++kind.read;
    if (!found || kind.name == "idx") {
      return "";
    }
    const std::optional<Rows> expected = kind.name == "libsvm" ? plain_libsvm(text)
                                         : kind.name == "csv"  ? plain_csv(text)
                                                               : plain_csv(whole);
    return !expected             ? "is read, though a plain reader refuses it"
           : *found != *expected ? "other numbers are read"
                                 : "";
  } catch (const core::Error& error) {
    ++kind.refused;
    const std::string message = error.what();
    return error.code() != core::ExitCode::user_error
               ? "refused with code " + std::to_string(static_cast<int>(error.code())) + ": " + message
           : message.find(kind.file) == std::string::npos ? "a message that does not name the file: " + message
                                                          : "";
  } catch (const std::exception& error) {
    return std::string("another error: ") + error.what();
  }
}

int run(const communication::Communicator& world, std::uint64_t count, std::uint64_t seed,
        std::optional<std::uint64_t> only) {
  for (const int signal : {SIGALRM, SIGSEGV, SIGABRT, SIGFPE, SIGBUS}) {
    std::signal(signal, tell_case);
  }
  const TemporaryFolder folder;
  std::ofstream(folder / "labels-idx1-ubyte", std::ios::binary) << idx(rows, 1);
  std::array<Kind, 4> kinds{
      {{"csv", "text.csv"}, {"libsvm", "text.libsvm"}, {"packed", "text.csv.gz"}, {"idx", "images-idx3-ubyte"}}};
  std::uint64_t failures = 0;
  const std::uint64_t first = only.value_or(0);
  const std::uint64_t last = only ? *only + 1 : count * kinds.size();
  for (std::uint64_t number = first; number < last; ++number) {
    current_case = static_cast<int>(number);
    ::alarm(seconds_each);
    std::mt19937_64 random(seed * 1'000'003 + number);
    const std::string fault = check(world, folder, kinds[number % kinds.size()], random);
    if (!fault.empty()) {
      ++failures;
      std::cout << "case " << number << " (" << kinds[number % kinds.size()].name << "): " << fault << "\n";
    }
  }
  for (const Kind& kind : kinds) {
    std::cout << kind.name << ": " << kind.read << " read, " << kind.refused << " refused\n";
    failures += !only && count >= 100 && (kind.read == 0 || kind.refused == 0) ? 1 : 0;
  }
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace cauchy::test

int main(int argc, char** argv) {
  const cauchy::communication::Session mpi(argc, argv);
  std::uint64_t count = 1000;
  std::uint64_t seed = 1;
  std::optional<std::uint64_t> only;
  const std::span<char*> arguments(argv, static_cast<std::size_t>(argc));
  for (std::size_t i = 1; i + 1 < arguments.size(); i += 2) {
    const std::string name = arguments[i];
    const std::uint64_t value = std::strtoull(arguments[i + 1], nullptr, 10);
    name == "--count" ? count = value : name == "--seed" ? seed = value : only.emplace(value);
  }
  return cauchy::test::run(mpi.world(), count, seed, only);
}
