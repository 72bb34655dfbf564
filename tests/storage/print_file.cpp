// Prints what storage::File finds in a file that a foreign writer made: one line for each dataset and attribute of the
// root.

#include <cstdint>
#include <exception>
#include <functional>
#include <iomanip>
#include <iostream>
#include <numeric>
#include <string>
#include <vector>

#include "cauchy/storage/file.hpp"

namespace {

using cauchy::storage::DatasetInfo;
using cauchy::storage::ElementType;
using cauchy::storage::File;

void print_dataset(const File& file, const std::string& name) {
  const DatasetInfo info = file.info(name);
  std::cout << name << " " << cauchy::storage::element_type_name(info.type);
  if (info.type == ElementType::other) {
    std::cout << " [" << file.read_text(name) << "]\n";
    return;
  }
  std::vector<double> values(
      std::accumulate(info.shape.begin(), info.shape.end(), std::uint64_t{1}, std::multiplies<>()));
  file.read<double>(name, values);
  for (const double value : values) {
    std::cout << " " << value;
  }
  std::cout << "\n";
}

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count != 2) {
    std::cerr << "usage: print_file FILE\n";
    return 2;
  }
  try {
    const File file = File::open(arguments[1]);
    std::cout << std::setprecision(17);
    for (const std::string& name : file.members("/")) {
      print_dataset(file, name);
    }
    for (const std::string& name : file.attributes("/")) {
      const bool is_text = name.starts_with("text");
      std::cout << name << " ";
      if (is_text) {
        std::cout << "[" << file.read_attribute<std::string>("/", name) << "]\n";
      } else {
        std::cout << file.read_attribute<double>("/", name) << "\n";
      }
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}
