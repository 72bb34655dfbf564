// Damages data files that other programs have written, without Cauchy's check sums: their bytes at random, and what
// their datasets and attributes hold. Each must be refused with a message that names the file, or read as what it now
// holds: no crash, no other error, no number that is not finite, no endless loop, no runaway allocation. Where HDF5's
// own check sums cover every byte, nothing else may be read than before.
//
// usage: hdf5_mutations [--count N] [--seed S] [--only NUMBER]
//   --count N       damaged files of each of the two kinds (1000)
//   --seed S        of the random numbers (1)
//   --only NUMBER   this one alone, in this process, for a debugger

#include <hdf5.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <iostream>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "campaign/campaign.hpp"
#include "cauchy/data/hdf5_reader.hpp"
#include "cauchy/data/standardization.hpp"
#include "cauchy/storage/seal.hpp"
#include "support/temporary_folder.hpp"

namespace cauchy::test {
namespace {

constexpr std::uint64_t rows = 40;
constexpr std::uint64_t columns = 9;
constexpr double most_columns = 0x1p32;

// ---- what a file holds ----

enum class Type { float64, float32, int64, int32, uint8, text };
enum class Form { whole, chunks, packed, checked };

hid_t file_type(Type type) {
  switch (type) {
    case Type::float64:
      return H5T_IEEE_F64LE;
    case Type::float32:
      return H5T_IEEE_F32BE;
    case Type::int64:
      return H5T_STD_I64LE;
    case Type::int32:
      return H5T_STD_I32LE;
    case Type::uint8:
      return H5T_STD_U8LE;
    default:
      return H5T_C_S1;
  }
}

bool is_integer(Type type) {
  return type == Type::int64 || type == Type::int32 || type == Type::uint8;
}

struct Array {
  std::vector<std::uint64_t> shape;
  std::vector<double> values;
  Type type = Type::float64;
  Form form = Form::whole;
  std::uint64_t unwritten_rows = 0;  ///< at its end
};

/// Datasets by their paths, and the attribute shape of /features.
struct Contents {
  std::map<std::string, Array> arrays;
  std::optional<Array> shape;
};

std::uint64_t product(const std::vector<std::uint64_t>& shape) {
  std::uint64_t result = 1;
  for (const std::uint64_t extent : shape) {
    result *= extent;
  }
  return result;
}

/// Throws unless HDF5 did what it was asked for.
hid_t done(hid_t result, const char* what) {
  if (result < 0) {
    throw std::runtime_error(std::string("the campaign cannot ") + what);
  }
  return result;
}

hid_t space_of(const std::vector<hsize_t>& shape) {
  return done(
      shape.empty() ? H5Screate(H5S_SCALAR) : H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr),
      "make a space");
}

void write_array(hid_t file, const std::string& name, const Array& array) {
  const std::vector<hsize_t> shape(array.shape.begin(), array.shape.end());
  const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
  const bool can_have_chunks = !shape.empty() && std::ranges::find(shape, hsize_t{0}) == shape.end();
  if (array.form != Form::whole && can_have_chunks) {
    std::vector<hsize_t> chunk(shape);
    chunk[0] = std::min<hsize_t>(shape[0], 7);
    done(H5Pset_chunk(properties, static_cast<int>(chunk.size()), chunk.data()), "set chunks");
    if (array.form == Form::packed) {
      done(H5Pset_deflate(properties, 3), "pack");
    } else if (array.form == Form::checked) {
      done(H5Pset_fletcher32(properties), "set check sums");
    }
  }
  const hid_t links = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(links, 1);
  const hid_t space = space_of(shape);
  const hid_t dataset = done(
      H5Dcreate2(file, name.c_str(), file_type(array.type), space, links, properties, H5P_DEFAULT), "create a dataset");
  const std::uint64_t written = shape.empty() ? 1 : shape[0] - std::min<std::uint64_t>(shape[0], array.unwritten_rows);
  if (array.type != Type::text && written > 0 && !array.values.empty()) {
    std::vector<hsize_t> part(shape);
    if (!shape.empty()) {
      part[0] = written;
      const std::vector<hsize_t> start(shape.size(), 0);
      done(H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, part.data(), nullptr), "choose rows");
    }
    const hid_t memory = space_of(part);
    done(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, array.values.data()), "write");
    H5Sclose(memory);
  }
  H5Dclose(dataset);
  H5Sclose(space);
  H5Pclose(links);
  H5Pclose(properties);
}

/// As old programs write it, or with check sums on its metadata.
void write_file(const std::filesystem::path& path, const Contents& contents, bool has_check_sums) {
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  if (has_check_sums) {
    done(H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110), "choose a version");
  }
  const hid_t file = done(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access), "create a file");
  for (const auto& [name, array] : contents.arrays) {
    write_array(file, name, array);
  }
  if (contents.shape && H5Lexists(file, "/features", H5P_DEFAULT) > 0) {
    const hid_t space = space_of({contents.shape->shape.begin(), contents.shape->shape.end()});
    const hid_t attribute = done(H5Acreate_by_name(file, "/features", "shape", file_type(contents.shape->type), space,
                                                   H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                                 "create an attribute");
    if (contents.shape->type != Type::text) {
      done(H5Awrite(attribute, H5T_NATIVE_DOUBLE, contents.shape->values.data()), "write an attribute");
    }
    H5Aclose(attribute);
    H5Sclose(space);
  }
  done(H5Fclose(file), "close a file");
  H5Pclose(access);
}

// ---- what a plain reader finds in it ----

/// What training would see: (rows × inputs) without zeros of sparse rows, and targets.
struct Found {
  std::uint64_t inputs = 0;
  std::vector<std::vector<std::pair<std::uint64_t, double>>> features;
  std::vector<double> targets;
  bool operator==(const Found&) const = default;
};

bool are_finite(const std::vector<double>& values) {
  return std::ranges::all_of(values, [](double value) { return std::isfinite(value); });
}

bool is_numeric(const Array* array) {
  return array != nullptr && array->type != Type::text && array->unwritten_rows == 0 && are_finite(array->values);
}

const Array* array_of(const Contents& contents, const std::string& name) {
  const auto found = contents.arrays.find(name);
  return found == contents.arrays.end() ? nullptr : &found->second;
}

std::optional<Found> plain_sparse(const Contents& contents) {
  const Array* const starts = array_of(contents, "/features/indptr");
  const Array* const indices = array_of(contents, "/features/indices");
  const Array* const values = array_of(contents, "/features/values");
  const auto is_list = [](const Array* array) { return is_numeric(array) && array->shape.size() == 1; };
  if (!is_list(starts) || !is_list(indices) || !is_list(values) || !is_integer(starts->type) ||
      !is_integer(indices->type) || indices->shape != values->shape || !contents.shape ||
      contents.shape->type == Type::text || contents.shape->shape != std::vector<std::uint64_t>{2}) {
    return std::nullopt;
  }
  const double row_count = contents.shape->values[0];
  const double width = contents.shape->values[1];
  if (row_count < 1 || row_count != std::floor(row_count) || width < 1 || width > most_columns ||
      width != std::floor(width) || static_cast<double>(starts->values.size()) != row_count + 1 ||
      starts->values.front() != 0 || starts->values.back() != static_cast<double>(values->values.size()) ||
      !std::ranges::is_sorted(starts->values)) {
    return std::nullopt;
  }
  Found found{static_cast<std::uint64_t>(width), {}, {}};
  for (std::size_t row = 0; row + 1 < starts->values.size(); ++row) {
    found.features.emplace_back();
    for (auto i = static_cast<std::size_t>(starts->values[row]); i < static_cast<std::size_t>(starts->values[row + 1]);
         ++i) {
      const double column = indices->values[i];
      if (column < 0 || column >= width ||
          (!found.features[row].empty() && column <= static_cast<double>(found.features[row].back().first))) {
        return std::nullopt;
      }
      found.features[row].emplace_back(static_cast<std::uint64_t>(column), values->values[i]);
    }
  }
  return found;
}

std::optional<Found> plain_dense(const Array* features) {
  if (!is_numeric(features) || features->shape.empty() || product(features->shape) == 0) {
    return std::nullopt;
  }
  Found found{product(features->shape) / features->shape[0], {}, {}};
  for (std::uint64_t row = 0; row < features->shape[0]; ++row) {
    found.features.emplace_back();
    for (std::uint64_t column = 0; column < found.inputs; ++column) {
      found.features[row].emplace_back(column, features->values[row * found.inputs + column]);
    }
  }
  return found;
}

/// Nothing if the contents are at fault.
std::optional<Found> plain(const Contents& contents) {
  const Array* const dense = array_of(contents, "/features");
  const Array* const targets = array_of(contents, "/targets");
  std::optional<Found> found = dense != nullptr ? plain_dense(dense) : plain_sparse(contents);
  if (!found || !is_numeric(targets) || targets->shape.empty() || product(targets->shape) == 0 ||
      targets->shape[0] != found->features.size()) {
    return std::nullopt;
  }
  found->targets = targets->values;
  return found;
}

// ---- what Cauchy finds ----

/// What a run does with a file of data, with one rank. Throws std::logic_error if the rows are not what a reader
/// promises.
Found read(const data::Source& source) {
  if (storage::is_sealed(source.path, data::sealed_data)) {
    storage::verify_seal(source.path, data::sealed_data);
  }
  const data::SourceShape shape = data::hdf5_shape(source);
  const auto samples = data::read_samples<double>(*data::make_hdf5_reader(source, shape), {0, shape.rows}, {});
  Found found{shape.inputs, {}, {samples.targets.begin(), samples.targets.end()}};
  if (!are_finite(found.targets) || found.targets.size() != shape.rows * shape.target_columns) {
    throw std::logic_error("targets that are none");
  }
  for (std::uint64_t row = 0; row < shape.rows; ++row) {
    found.features.emplace_back();
    const auto note = [&](std::uint64_t column, double value) {
      if (!std::isfinite(value) || column >= shape.inputs ||
          (!found.features[row].empty() && column <= found.features[row].back().first)) {
        throw std::logic_error("features that are none");
      }
      found.features[row].emplace_back(column, value);
    };
    if (shape.sparse) {
      const auto elements = samples.sparse_features.view().row(row);
      for (std::size_t i = 0; i < elements.columns.size(); ++i) {
        note(elements.columns[i], elements.values[i]);
      }
    } else {
      for (std::uint64_t column = 0; column < shape.inputs; ++column) {
        note(column, samples.features[row * shape.inputs + column]);
      }
    }
  }
  return found;
}

// ---- samples and their damage ----

double small_number(Dice& dice) {
  return static_cast<double>(dice.below(200)) - 100;
}

Type some_type(Dice& dice, std::initializer_list<Type> types) {
  return types.begin()[dice.below(types.size())];
}

Contents some_contents(Dice& dice) {
  const auto form = static_cast<Form>(dice.below(4));
  Contents contents;
  Array targets{{rows}, {}, some_type(dice, {Type::float64, Type::float32, Type::int32, Type::int64}), form};
  for (std::uint64_t row = 0; row < rows; ++row) {
    targets.values.push_back(small_number(dice));
  }
  contents.arrays["/targets"] = targets;
  if (dice.below(3) == 0) {
    Array features{{rows, columns}, {}, some_type(dice, {Type::float64, Type::float32, Type::int32}), form};
    for (std::uint64_t i = 0; i < rows * columns; ++i) {
      features.values.push_back(small_number(dice));
    }
    contents.arrays["/features"] = features;
    return contents;
  }
  Array starts{{rows + 1}, {0}, some_type(dice, {Type::int32, Type::int64}), form};
  Array indices{{}, {}, some_type(dice, {Type::int32, Type::int64, Type::uint8}), form};
  Array values{{}, {}, some_type(dice, {Type::float64, Type::float32, Type::int32}), form};
  for (std::uint64_t row = 0; row < rows; ++row) {
    for (std::uint64_t column = dice.below(4); column < columns; column += 1 + dice.below(4)) {
      indices.values.push_back(static_cast<double>(column));
      values.values.push_back(small_number(dice));
    }
    starts.values.push_back(static_cast<double>(values.values.size()));
  }
  indices.shape = values.shape = {values.values.size()};
  contents.arrays["/features/indptr"] = starts;
  contents.arrays["/features/indices"] = indices;
  contents.arrays["/features/values"] = values;
  contents.shape = Array{{2}, {rows, columns}, some_type(dice, {Type::int64, Type::int32, Type::uint8})};
  return contents;
}

/// Another number, one of those at which readers stumble.
double strange_number(Type type, Dice& dice) {
  const std::array<double, 12> whole = {-1,           0,      1,      7, 8, 9, 255, 2147483647, -2147483648.0,
                                        4294967296.0, 0x1p52, -0x1p52};
  const std::array<double, 4> others = {std::numeric_limits<double>::quiet_NaN(),
                                        std::numeric_limits<double>::infinity(),
                                        -std::numeric_limits<double>::infinity(), 0.5};
  if (is_integer(type)) {
    const double number = whole[dice.below(whole.size())];
    return type == Type::uint8   ? std::clamp(number, 0.0, 255.0)
           : type == Type::int32 ? std::clamp(number, -2147483648.0, 2147483647.0)
                                 : number;
  }
  return others[dice.below(others.size())];
}

/// Gives the array another length, with zeros at its end.
void resize(Array& array, std::uint64_t length) {
  const std::uint64_t row = product(array.shape) / std::max<std::uint64_t>(1, array.shape[0]);
  array.shape[0] = length;
  array.values.resize(length * row);
}

void damage_array(Contents& contents, const std::string& name, Dice& dice) {
  Array& array = contents.arrays.at(name);
  const std::uint64_t length = array.shape[0];
  const auto place = [&] { return dice.below(array.values.size()); };
  switch (dice.below(12)) {
    case 0:
    case 1:
      array.values[place()] = strange_number(array.type, dice);
      break;
    case 2:
      std::swap(array.values[place()], array.values[place()]);
      break;
    case 3: {
      const std::size_t at = place();
      array.values[at] = array.values[at == 0 ? 0 : at - 1];
      break;
    }
    case 4:
      resize(array, length - 1 - dice.below(std::min<std::uint64_t>(3, length)));
      break;
    case 5:
      resize(array, length + 1 + dice.below(3));
      break;
    case 6:
      resize(array, 0);
      break;
    case 7:
      contents.arrays.erase(name);
      break;
    case 8:
      array.type = some_type(dice, {Type::text, Type::float64});
      break;
    case 9:
      array.shape = dice.below(2) == 0 ? std::vector<std::uint64_t>{} : std::vector<std::uint64_t>{length, 1, 1};
      array.values.resize(std::max<std::uint64_t>(1, product(array.shape)));
      break;
    case 10:  // space for it was never taken, or only for some of it
      array.unwritten_rows = array.form == Form::whole ? length : std::min(length, 8 + dice.below(length));
      break;
    default:  // much larger than the file, and than any memory
      array.shape[0] = std::uint64_t{1} << (30 + dice.below(26));
      array.unwritten_rows = array.shape[0];
      array.values.clear();
  }
}

void damage_shape(Contents& contents, Dice& dice) {
  Array& shape = *contents.shape;
  switch (dice.below(6)) {
    case 0:
      contents.shape.reset();
      break;
    case 1:
      shape.type = Type::text;
      break;
    case 2:
      shape.shape = {dice.below(4)};
      shape.values.resize(shape.shape[0]);
      break;
    case 3:
      shape.type = some_type(dice, {Type::float64, Type::int64});
      shape.values[dice.below(2)] = strange_number(shape.type, dice);
      break;
    default:
      shape.values[dice.below(2)] += static_cast<double>(dice.below(5)) - 2;
  }
}

void damage(Contents& contents, Dice& dice) {
  if (contents.shape && dice.below(5) == 0) {
    damage_shape(contents, dice);
  } else {
    auto name = contents.arrays.begin();
    std::advance(name, static_cast<std::ptrdiff_t>(dice.below(contents.arrays.size())));
    damage_array(contents, std::string(name->first), dice);
  }
}

// ---- cases ----

/// Other contents, in a sound file.
Result run_structure(const data::Source& source, Dice& dice) {
  Contents contents = some_contents(dice);
  if (dice.below(16) != 0) {
    damage(contents, dice);
  }
  write_file(source.path, contents, dice.below(2) == 0);
  const std::optional<Found> expected = plain(contents);
  Result result = judge(source.path, [&]() -> std::string {
    const Found found = read(source);
    return !expected ? "is read, though its contents are at fault" : found == *expected ? "" : "loads other data";
  });
  if (result.verdict == Verdict::refused && expected) {
    result = {Verdict::wrong, "refused, though nothing is wrong: " + result.words};
  }
  return result;
}

/// A chunk may become zeros, whose sum is zero, or another chunk with its sum: HDF5 sees neither. A number that stood
/// nowhere must not appear.
bool is_made_of(const Found& found, const Found& good) {
  std::set<double> numbers{0};
  const auto for_each = [](const Found& data, const auto& visit) {
    std::ranges::for_each(data.targets, visit);
    for (const auto& row : data.features) {
      std::ranges::for_each(row, [&](const auto& cell) { visit(cell.second); });
    }
  };
  for_each(good, [&](double number) { numbers.insert(number); });
  bool is = found.inputs == good.inputs && found.features.size() == good.features.size();
  for_each(found, [&](double number) { is = is && numbers.contains(number); });
  return is;
}

/// Other bytes.
Result run_bytes(const data::Source& source, Dice& dice) {
  Contents contents = some_contents(dice);
  const bool has_check_sums = dice.below(2) == 0;
  if (has_check_sums) {
    for (auto& [name, array] : contents.arrays) {
      array.form = Form::checked;
    }
  }
  write_file(source.path, contents, has_check_sums);
  const Found good = read(source);
  std::string bytes = test::contents(source.path);
  const std::string other = bytes;
  for (std::uint64_t i = 1 + (dice.below(2) == 0 ? 0 : dice.below(5)); i > 0; --i) {
    mutate(bytes, other, dice);
  }
  overwrite(source.path, bytes);
  return judge(source.path, [&]() -> std::string {
    const Found found = read(source);
    return has_check_sums && !is_made_of(found, good) ? "loads other numbers, in spite of check sums" : "";
  });
}

Result run_case(const data::Source& source, std::uint64_t seed, std::uint64_t number) {
  Dice dice(seed, number);
  Result result = number % 2 == 0 ? run_structure(source, dice) : run_bytes(source, dice);
  result.words = (number % 2 == 0 ? "contents: " : "bytes: ") + result.words;
  return result;
}

}  // namespace
}  // namespace cauchy::test

int main(int argument_count, char** arguments) {
  using namespace cauchy;
  try {
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    const test::TemporaryFolder folder;
    const data::Source source{"data.train", folder / "foreign.h5", "features", "targets"};
    return test::run({arguments + 1, arguments + argument_count}, 2,
                     [&](std::uint64_t seed, std::uint64_t number) { return test::run_case(source, seed, number); });
  } catch (const std::exception& error) {
    std::cerr << "hdf5_mutations: " << error.what() << "\n";
    return 2;
  }
}
