// What format a data file has.

#include "format.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "byte_source.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/data/source_files.hpp"
#include "cauchy/storage/file.hpp"
#include "text_number.hpp"

namespace cauchy::data {
namespace {

constexpr std::size_t looked_at_bytes = std::size_t{1} << 16;

constexpr std::array<std::pair<std::string_view, std::string_view>, 10> extensions{{{".h5", "hdf5"},
                                                                                    {".hdf5", "hdf5"},
                                                                                    {".hdf", "hdf5"},
                                                                                    {".csv", "csv"},
                                                                                    {".tsv", "tsv"},
                                                                                    {".tab", "tsv"},
                                                                                    {".libsvm", "libsvm"},
                                                                                    {".svmlight", "libsvm"},
                                                                                    {".svm", "libsvm"},
                                                                                    {".idx", "idx"}}};

std::optional<std::string> format_by_name(const std::string& path) {
  std::filesystem::path name = std::filesystem::path(path).filename();
  if (name.extension() == ".gz") {
    name = name.stem();
  }
  std::string extension = name.extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  for (const auto& [known, format] : extensions) {
    if (extension == known) {
      return std::string(format);
    }
  }
  return std::nullopt;
}

bool begins_like_idx(std::string_view bytes) {
  constexpr std::string_view types = "\x08\x09\x0B\x0C\x0D\x0E";
  return bytes.size() >= 4 && bytes[0] == '\0' && bytes[1] == '\0' && types.find(bytes[2]) != std::string_view::npos &&
         bytes[3] > 0;
}

/// "12:0.5", "qid:3".
bool is_pair(std::string_view word) {
  const std::size_t colon = word.find(':');
  return colon != std::string_view::npos && colon > 0 &&
         (word.starts_with("qid:") || std::ranges::all_of(word.substr(0, colon), [](char c) {
            return std::isdigit(static_cast<unsigned char>(c)) != 0;
          }));
}

/// Of the first line that tells: a line of one number could be anything.
std::optional<std::string> format_of_text(std::string_view text) {
  bool has_lines = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    line = trimmed(line.substr(0, line.ends_with('\r') ? line.size() - 1 : line.size()));
    if (line.empty() || line.starts_with('#')) {
      continue;
    }
    has_lines = true;
    const std::size_t blank = std::min(line.find_first_of(" \t"), line.size());
    const std::string_view rest = trimmed(line.substr(blank));
    if (read_number(line.substr(0, blank)).fault == nullptr &&
        is_pair(rest.substr(0, std::min(rest.find_first_of(" \t"), rest.size())))) {
      return "libsvm";
    }
    if (line.find_first_of(",;") != std::string_view::npos) {
      return "csv";
    }
    if (!rest.empty()) {
      return "table";
    }
  }
  return has_lines ? std::optional<std::string>("table") : std::nullopt;
}

bool is_binary(std::string_view bytes) {
  return bytes.find('\0') != std::string_view::npos;
}

}  // namespace

std::string format_of(const Source& source) {
  const std::string path = files_of(source).front();
  if (std::filesystem::is_directory(path)) {
    throw core::UserError(source.key + " = " + path + ": is a folder, not a data file");
  }
  const std::string& asked = source.reading.format;
  if (asked != "auto") {
    return asked;
  }
  if (storage::is_hdf5(path)) {
    return "hdf5";
  }
  if (const auto format = format_by_name(path)) {
    return *format;
  }
  ByteSource file(path, source.key + " = " + path);
  std::vector<char> buffer(looked_at_bytes);
  const std::string_view bytes(buffer.data(), file.read_some(buffer));
  if (begins_like_idx(bytes)) {
    return "idx";
  }
  const auto format = is_binary(bytes) ? std::nullopt : format_of_text(bytes);
  if (!format) {
    throw core::UserError(source.key + " = " + path + ": " +
                          (bytes.empty() ? "is empty"
                                         : "is of no known format: neither an HDF5 file nor IDX nor text; data.format "
                                           "says how to read it"));
  }
  return *format;
}

}  // namespace cauchy::data
