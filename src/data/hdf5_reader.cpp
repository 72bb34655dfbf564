// Data sets in HDF5 files.

#include "cauchy/data/hdf5_reader.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/activity.hpp"
#include "cauchy/core/crash_message.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/data/standardization.hpp"
#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/linear_algebra/matrix_view.hpp"
#include "cauchy/storage/file.hpp"
#include "conversion.hpp"
#include "hdf5_columns.hpp"
#include "hdf5_csr.hpp"
#include "text_number.hpp"

namespace cauchy::data {

using linear_algebra::MatrixView;

namespace {

void require_file(const Source& source) {
  std::error_code error;
  if (!std::filesystem::exists(source.path, error)) {
    throw core::UserError(at(source) + (error ? error.message() : "no such file"));
  }
  if (std::filesystem::is_directory(source.path, error)) {
    throw core::UserError(at(source) + "is a folder, not an HDF5 file");
  }
}

template <typename Work>
void with_hint_to_convert(Work work) {
  try {
    work();
  } catch (const storage::StorageError& error) {
    throw storage::StorageError(std::string(error.what()) + " (hint: make the file anew with `cauchy convert`)");
  }
}

storage::File open(const Source& source) {
  require_file(source);
  if (!storage::is_hdf5(source.path)) {
    throw core::UserError(at(source) + "is not an HDF5 file; `cauchy convert` makes one from other formats");
  }
  storage::File file = storage::File::open(source.path);
  if (!storage::is_sealed(source.path, sealed_data)) {
    with_hint_to_convert([&] { storage::require_unsealed(file); });
  }
  return file;
}

/// work(file), with words for all that may go wrong.
template <typename Work>
auto with_file(const Source& source, Work work) {
  return with_user_errors(source, [&] {
    const core::CrashMessage message(at(source) + "is damaged: HDF5 crashed on it");
    const storage::File file = open(source);
    return work(file);
  });
}

/// A dataset of one number a row, if there is one of that name.
void require_one_each(const storage::File& file, const Source& source, const std::string& name,
                      const std::string& option, std::uint64_t rows) {
  if (name.empty()) {
    return;
  }
  const Hdf5Columns column(file, source, name, option);
  column.require_whole();
  if (column.rows() != rows || column.columns() != 1) {
    throw core::UserError(at(source) + option + ": " + column.shapes() + "; one number for each of the " +
                          std::to_string(rows) + " samples is needed");
  }
}

}  // namespace

void verify(const communication::Communicator& ranks, const Source& source) {
  const core::Doing doing("reading data");
  std::optional<storage::SealedFile> file;
  std::vector<std::uint64_t> sums(static_cast<std::size_t>(ranks.size()), 0);
  communication::agree(ranks, [&] {
    with_user_errors(source, [&] {
      require_file(source);
      if (storage::is_sealed(source.path, sealed_data)) {
        with_hint_to_convert([&] { file.emplace(source.path, sealed_data); });
        const auto rank = static_cast<std::uint64_t>(ranks.rank());
        sums[rank] = file->sum_of_part(rank, sums.size());
      }
    });
  });
  ranks.sum<std::uint64_t>(sums);
  communication::agree_on_root(ranks, [&] {
    with_user_errors(source, [&] {
      if (file) {
        with_hint_to_convert([&] { file->require_sums(sums); });
      }
    });
  });
}

SourceShape hdf5_shape(const Source& source) {
  return with_file(source, [&](const storage::File& file) {
    SourceShape shape;
    std::string shapes;
    if (is_csr(file, source)) {
      const CsrShape features = csr_shape(file, source);
      shape = {features.rows, features.columns, 0, true, features.elements};
      shapes = "/" + source.features + " is (" + storage::shape_text({shape.rows, shape.inputs}) + ")";
    } else {
      const Hdf5Columns features(file, source, source.features, "data.features");
      features.require_whole();
      shape = {features.rows(), features.columns()};
      shapes = features.shapes();
    }
    if (!source.features_alone) {
      const Hdf5Columns targets(file, source, source.targets, "data.targets");
      targets.require_whole();
      shape.target_columns = targets.columns();
      shapes += ", " + targets.shapes();
      if (shape.rows != targets.rows()) {
        throw core::UserError(at(source) + "row counts differ: " + shapes);
      }
    }
    const auto rows = static_cast<double>(shape.rows);
    const double features =
        shape.sparse ? static_cast<double>(shape.elements) : rows * static_cast<double>(shape.inputs);
    if ((features + rows * static_cast<double>(shape.target_columns)) * sizeof(double) > 0x1p62) {
      throw core::UserError(at(source) + "claims to be larger than any memory: " + shapes);
    }
    if (shape.rows == 0 || shape.inputs == 0 || (shape.target_columns == 0 && !source.features_alone)) {
      throw core::UserError(at(source) + "is empty: " + shapes);
    }
    require_one_each(file, source, source.weights, "data.weights", shape.rows);
    require_one_each(file, source, source.exposure, "data.exposure", shape.rows);
    return shape;
  });
}

Hdf5Datasets hdf5_datasets(const Source& source) {
  return with_user_errors(source, [&] {
    const storage::File file = open(source);
    Hdf5Datasets datasets;
    const auto add = [&](const std::string& name, const std::string& columns, storage::ElementType type) {
      const std::string start = datasets.types.empty() ? "/" : ", /";
      datasets.columns += start + name + " with " + columns;
      datasets.types += start + name + " of " + storage::element_type_name(type);
    };
    const auto add_each = [&](const std::string& list, const std::string& option) {
      for (const std::string& name : split_list(list)) {
        add(name, std::to_string(Hdf5Columns(file, source, name, option).columns()), file.info(name).type);
      }
    };
    if (is_csr(file, source)) {
      add(source.features, std::to_string(csr_shape(file, source).columns),
          file.info(source.features + "/values").type);
    } else {
      add_each(source.features, "data.features");
    }
    if (!source.features_alone) {
      add_each(source.targets, "data.targets");
    }
    return datasets;
  });
}

namespace {

class Hdf5Reader final : public Reader {
 public:
  using Reader::Reader;

  std::string name(Part part) const override {
    switch (part) {
      case Part::features:
        return dataset_paths(source().features);
      case Part::targets:
        return dataset_paths(source().targets);
      case Part::weights:
        return "/" + source().weights;
      case Part::exposure:
        return "/" + source().exposure;
    }
    return {};
  }

  std::string place(Part part, std::uint64_t row) const override {
    return name(part) + " at row " + std::to_string(row) + " (counted from 0)";
  }

  std::vector<std::string> input_names() const override {
    const bool are_several = split_list(source().features).size() > 1;
    if (encoding().active() || !are_several) {
      return Reader::input_names();
    }
    return with_file(source(), [&](const storage::File& file) {
      return Hdf5Columns(file, source(), source().features, "data.features").names();
    });
  }

  std::vector<std::filesystem::path> files() const override { return {source().path}; }

  void read(const Standardization& standardization, Samples<float>& samples) const override {
    read_as(standardization, samples);
  }
  void read(const Standardization& standardization, Samples<double>& samples) const override {
    read_as(standardization, samples);
  }

  void for_each_piece(Range rows, const FeatureVisitor& visit) const override {
    with_file(source(), [&](const storage::File& file) {
      if (shape().sparse) {
        return for_each_csr_piece(file, source(), csr(), rows, visit);
      }
      Hdf5Columns(file, source(), source().features, "data.features")
          .for_each_piece(rows, [&](std::uint64_t first, MatrixView<const double> values) { visit(first, values); });
    });
  }

 private:
  CsrShape csr() const { return {shape().rows, shape().inputs, shape().elements}; }

  template <typename Real>
  void read_as(const Standardization& standardization, Samples<Real>& samples) const {
    with_file(source(), [&](const storage::File& file) {
      const Standardization* const of_features = standardization.active() ? &standardization : nullptr;
      samples.targets.resize(samples.rows.size() * samples.target_columns);
      const auto read = [&](const std::string& list, const std::string& option, const Standardization* scaling,
                            Real* target) {
        Hdf5Columns(file, source(), list, option).read(samples.rows, scaling, target);
      };
      if (shape().sparse && !samples.without_features) {
        read_csr(file, source(), csr(), samples.rows, of_features, samples.sparse_features);
      } else if (!samples.without_features) {
        samples.features.resize(samples.rows.size() * samples.inputs);
        read(source().features, "data.features", of_features, samples.features.data());
      }
      if (samples.target_columns > 0) {
        read(source().targets, "data.targets", nullptr, samples.targets.data());
      }
      const auto read_one_each = [&](const std::string& dataset, const std::string& option,
                                     linear_algebra::UnsetVector<Real>& values) {
        if (!dataset.empty()) {
          values.resize(samples.rows.size());
          read(dataset, option, nullptr, values.data());
        }
      };
      read_one_each(source().weights, "data.weights", samples.weights);
      read_one_each(source().exposure, "data.exposure", samples.exposure);
    });
  }
};

}  // namespace

std::unique_ptr<const Reader> make_hdf5_reader(const Source& source, const SourceShape& shape, Encoding encoding) {
  return std::make_unique<Hdf5Reader>(source, shape, std::move(encoding));
}

Encoding hdf5_encoding(const Source& source) {
  return with_file(source, [&](const storage::File& file) {
    return storage::is_sealed(source.path, sealed_data) && file.has(encoding_dataset)
               ? parse_encoding(file.read_text(encoding_dataset), source.path)
               : Encoding{};
  });
}

}  // namespace cauchy::data
