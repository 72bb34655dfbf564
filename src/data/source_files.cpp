// From lists and patterns to files.

#include "cauchy/data/source_files.hpp"

#include <glob.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string_view>

#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/activity.hpp"
#include "cauchy/core/error.hpp"
#include "packing.hpp"
#include "text_number.hpp"

namespace cauchy::data {
namespace {

std::vector<std::string> matches(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> paths;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  ::globfree(&found);
  std::ranges::sort(paths);
  return paths;
}

bool exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

}  // namespace

std::vector<std::string> files_of(const Source& source) {
  if (exists(source.path)) {
    return {source.path};
  }
  std::vector<std::string> paths;
  std::string_view rest = source.path;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string name(trimmed(rest.substr(0, comma)));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    const std::vector<std::string> found = exists(name) ? std::vector{name} : matches(name);
    if (found.empty()) {
      const bool is_pattern = name.find_first_of("*?[") != std::string::npos;
      throw core::UserError(source.key + " = " + name + ": " + (is_pattern ? "fits no file" : "no such file"));
    }
    paths.insert(paths.end(), found.begin(), found.end());
  }
  return paths;
}

std::vector<Source> sources_of(const communication::Communicator& ranks, const Source& source) {
  std::string packed;
  communication::agree_on_root(ranks, [&] {
    const core::Doing doing("reading data");
    const std::vector<std::string> paths = files_of(source);
    Packer packer;
    packer.put(std::uint64_t{paths.size()});
    for (const std::string& path : paths) {
      packer.put(path);
    }
    packed = packer.take();
  });
  ranks.broadcast(packed);
  Unpacker unpacker(packed);
  std::vector<Source> sources(unpacker.get<std::uint64_t>(), source);
  for (Source& of_file : sources) {
    of_file.path = unpacker.get_text();
  }
  return sources;
}

}  // namespace cauchy::data
