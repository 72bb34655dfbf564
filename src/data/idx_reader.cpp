// IDX files as data.

#include "cauchy/data/idx_reader.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/activity.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/data/source_files.hpp"
#include "conversion.hpp"
#include "idx_file.hpp"
#include "joined_reader.hpp"
#include "packing.hpp"

namespace cauchy::data {
namespace {

using linear_algebra::MatrixView;

constexpr std::uint64_t piece_numbers = std::uint64_t{1} << 18;

/// One of the files, all of its numbers: (rows × columns).
struct IdxPart {
  std::string path;
  std::string label;
  FileStamp stamp;
  std::uint8_t type = 0;
  std::uint64_t start = 0;  ///< of the numbers
  std::uint64_t rows = 0;
  std::uint64_t columns = 0;

  std::string place(std::uint64_t row) const { return "row " + std::to_string(row) + " (counted from 0) of " + path; }
};

IdxPart look_at(const std::string& path, const std::string& label) {
  ByteSource source(path, label);
  const IdxHeader header = read_idx_header(source);
  const std::uint64_t element_bytes = with_idx_type(header.type, []<typename Stored>() { return sizeof(Stored); });
  const FileStamp stamp = source.stamp();
  if (!source.is_gzipped() &&
      static_cast<double>(stamp.bytes) != static_cast<double>(header.bytes) + static_cast<double>(header.numbers) *
                                                                                  static_cast<double>(element_bytes)) {
    throw core::UserError(label + ": is " + std::to_string(stamp.bytes) + " bytes long, and its header claims " +
                          std::to_string(header.numbers) + " numbers of " + std::to_string(element_bytes) +
                          " bytes behind " + std::to_string(header.bytes) + "; the file is truncated, or no IDX file");
  }
  return {path, label, stamp, header.type, header.bytes, header.shape[0], header.numbers / header.shape[0]};
}

void require_unchanged(const ByteSource& source, const IdxPart& part) {
  if (source.stamp() != part.stamp) {
    throw core::UserError(part.label + ": has changed while it was read");
  }
}

/// Rows of a file, piece by piece: visit(first row, values).
template <typename Stored, typename Visit>
void read_pieces(const IdxPart& part, Range rows, Visit visit) {
  ByteSource source(part.path, part.label);
  require_unchanged(source, part);
  source.skip_to(part.start + rows.first * part.columns * sizeof(Stored));
  const std::uint64_t piece_rows = std::max<std::uint64_t>(1, piece_numbers / part.columns);
  std::vector<char> bytes;
  std::vector<Stored> values;
  for (std::uint64_t first = rows.first; first < rows.last; first += piece_rows) {
    const std::uint64_t count = std::min(piece_rows, rows.last - first);
    bytes.resize(count * part.columns * sizeof(Stored));
    read_exactly(source, bytes, "data");
    values.resize(count * part.columns);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = big_endian<Stored>(bytes.data() + i * sizeof(Stored));
      if (!std::isfinite(static_cast<double>(values[i]))) {
        throw core::UserError(part.label + ": holds a number that is not finite in " +
                              part.place(first + i / part.columns));
      }
    }
    visit(first, MatrixView<const Stored>{values.data(), count, part.columns});
  }
  if (rows.last == part.rows) {
    expect_end(source);  // what is packed is compared with its check sum there
  }
  require_unchanged(source, part);
}

class IdxReader final : public Reader {
 public:
  IdxReader(const Source& source, IdxPart images, IdxPart labels)
      : Reader(source, {images.rows, images.columns, source.features_alone ? 0U : 1U}),
        images_(std::move(images)),
        labels_(std::move(labels)) {}

  std::string name(Part part) const override { return part == Part::features ? "the images" : labels_.path; }

  std::string place(Part part, std::uint64_t row) const override {
    return (part == Part::features ? images_ : labels_).place(row);
  }

  void read(const Standardization& standardization, Samples<float>& samples) const override {
    read_as(standardization, samples);
  }
  void read(const Standardization& standardization, Samples<double>& samples) const override {
    read_as(standardization, samples);
  }

  void for_each_piece(Range rows, const FeatureVisitor& visit) const override {
    with_user_errors(source(), [&] {
      with_idx_type(images_.type, [&]<typename Stored>() {
        std::vector<double> converted;
        read_pieces<Stored>(images_, rows, [&](std::uint64_t first, MatrixView<const Stored> values) {
          converted.assign(values.data, values.data + values.size());
          visit(first, MatrixView<const double>{converted.data(), values.rows, values.columns});
        });
      });
    });
  }

 private:
  template <typename Real>
  void read_as(const Standardization& standardization, Samples<Real>& samples) const {
    with_user_errors(source(), [&] {
      samples.features.resize(samples.rows.size() * samples.inputs);
      samples.targets.resize(samples.rows.size() * samples.target_columns);
      read_part(images_, samples.rows, standardization.active() ? &standardization : nullptr, samples.features.data());
      if (samples.target_columns > 0) {
        read_part(labels_, samples.rows, nullptr, samples.targets.data());
      }
    });
  }

  template <typename Real>
  static void read_part(const IdxPart& part, Range rows, const Standardization* standardization, Real* target) {
    with_idx_type(part.type, [&]<typename Stored>() {
      read_pieces<Stored>(part, rows, [&](std::uint64_t first, MatrixView<const Stored> values) {
        convert(values, standardization, target + (first - rows.first) * part.columns,
                [&](std::uint64_t row, std::uint64_t /*column*/, const std::string& what) {
                  throw core::UserError(part.label + ": holds " + what + " in " + part.place(first + row));
                });
      });
    });
  }

  IdxPart images_;
  IdxPart labels_;
};

/// Of the images; `given` is empty where no labels are named.
IdxPart labels_of(const Source& source, const IdxPart& images, const std::string& given) {
  const std::string path = given.empty() ? labels_beside(images.path) : given;
  if (path.empty()) {
    throw core::UserError(images.label + ": is an IDX file without labels beside it; " + source.key +
                          "_labels names theirs");
  }
  IdxPart labels = look_at(path, source.key + "_labels = " + path);
  if (labels.columns != 1) {
    throw core::UserError(labels.label + ": has " + std::to_string(labels.columns) +
                          " numbers a row; one label a sample is needed");
  }
  if (labels.rows != images.rows) {
    throw core::UserError("row counts differ: " + images.path + " has " + std::to_string(images.rows) + ", " +
                          labels.path + " has " + std::to_string(labels.rows));
  }
  return labels;
}

}  // namespace

std::string labels_beside(const std::string& images) {
  const std::filesystem::path path(images);
  std::string name = path.filename().string();
  const auto replace = [&](const std::string& from, const std::string& to) {
    const std::size_t place = name.find(from);
    if (place == std::string::npos) {
      return false;
    }
    name.replace(place, from.size(), to);
    return true;
  };
  if (!replace("images", "labels")) {
    return "";
  }
  replace("idx3", "idx1");
  const std::string plain = name.ends_with(".gz") ? name.substr(0, name.size() - 3) : name;
  for (const std::string& candidate : {name, plain, plain + ".gz"}) {
    if (std::filesystem::exists(path.parent_path() / candidate)) {
      return (path.parent_path() / candidate).string();
    }
  }
  return "";
}

namespace {

/// The files of the labels that a source names, one for each of its images; empty names where it names none.
std::vector<std::string> named_labels(const Source& source, std::size_t images) {
  if (source.features_alone || source.labels.empty()) {
    return std::vector<std::string>(images);
  }
  Source of_labels = source;
  of_labels.key += "_labels";
  of_labels.path = source.labels;
  std::vector<std::string> files = files_of(of_labels);
  if (files.size() != images) {
    throw core::UserError(at(of_labels) + "names " + std::to_string(files.size()) + " files of labels, and " +
                          source.key + " " + std::to_string(images) + " of images");
  }
  return files;
}

void pack(const IdxPart& part, Packer& packer) {
  packer.put(part.path);
  packer.put(part.label);
  packer.put(part.stamp);
  packer.put(part.type);
  packer.put(part.start);
  packer.put(part.rows);
  packer.put(part.columns);
}

IdxPart unpack(Unpacker& unpacker) {
  IdxPart part;
  part.path = unpacker.get_text();
  part.label = unpacker.get_text();
  part.stamp = unpacker.get<FileStamp>();
  part.type = unpacker.get<std::uint8_t>();
  part.start = unpacker.get<std::uint64_t>();
  part.rows = unpacker.get<std::uint64_t>();
  part.columns = unpacker.get<std::uint64_t>();
  return part;
}

void tell_types(const Source& source, const IdxPart& part, const IdxPart& first) {
  if (source.tell && part.type != first.type) {
    source.tell(part.label + ": holds numbers of another type than " + first.path);
  }
}

}  // namespace

std::unique_ptr<const Reader> open_idx(const communication::Communicator& ranks, const Source& source) {
  refuse_one_each(source);
  const std::vector<Source> sources = sources_of(ranks, source);
  std::string packed;
  communication::agree_on_root(ranks, [&] {
    const core::Doing doing("reading data");
    const std::vector<std::string> labels = named_labels(source, sources.size());
    Packer packer;
    std::optional<IdxPart> first;
    for (std::size_t i = 0; i < sources.size(); ++i) {
      const IdxPart images = look_at(sources[i].path, source.key + " = " + sources[i].path);
      first = first.value_or(images);
      tell_types(source, images, *first);
      pack(images, packer);
      pack(source.features_alone ? images : labels_of(source, images, labels[i]), packer);
    }
    packed = packer.take();
  });
  ranks.broadcast(packed);
  Unpacker unpacker(packed);
  std::vector<std::unique_ptr<const Reader>> parts;
  for (const Source& of_file : sources) {
    IdxPart images = unpack(unpacker);
    IdxPart labels = unpack(unpacker);
    parts.push_back(std::make_unique<IdxReader>(of_file, std::move(images), std::move(labels)));
  }
  return join(source, std::move(parts));
}

}  // namespace cauchy::data
