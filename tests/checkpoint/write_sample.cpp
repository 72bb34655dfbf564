// Writes the example state as <folder>/sample.h5 for a foreign reader, and prints the digest of its parameters.

#include <exception>
#include <filesystem>
#include <iostream>

#include "cauchy/checkpoint/checkpoint_file.hpp"
#include "checkpoint/example_state.hpp"

int main(int argument_count, char** arguments) {
  if (argument_count != 2) {
    std::cerr << "usage: write_sample FOLDER\n";
    return 2;
  }
  try {
    const auto state = cauchy::test::example_state<float>();
    const auto description = cauchy::test::example_description();
    cauchy::checkpoint::save(std::filesystem::path(arguments[1]) / "sample.h5", description, state);
    std::cout << cauchy::checkpoint::parameters_digest<float>(description.layout, state.method.x) << "\n";
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}
