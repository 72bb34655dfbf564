#pragma once
/// Sparse features in HDF5 files: a group of the arrays indptr, indices and values of a CSR matrix, with an attribute
/// `shape` of its rows and columns.

#include <cstdint>

#include "cauchy/data/reader.hpp"
#include "cauchy/data/shards.hpp"
#include "cauchy/data/source.hpp"
#include "cauchy/linear_algebra/sparse.hpp"
#include "cauchy/storage/file.hpp"

namespace cauchy::data {

/// Whether the features are a group with any of the three arrays.
bool is_csr(const storage::File& file, const Source& source);

struct CsrShape {
  std::uint64_t rows = 0;
  std::uint64_t columns = 0;
  std::uint64_t elements = 0;
};

/// Throws core::UserError, naming the array at fault, unless the arrays belong together.
CsrShape csr_shape(const storage::File& file, const Source& source);

/// Rows as Real, scaled unless there is nothing to do it with. Throws core::UserError with row and place if rows do not
/// follow each other, columns do not ascend within a row or lie beyond the matrix, at the first number that is not
/// finite or does not fit, and if the standardisation would shift zeros.
template <typename Real>
void read_csr(const storage::File& file, const Source& source, const CsrShape& shape, Range rows,
              const Standardization* standardization, linear_algebra::SparseMatrix<Real>& matrix);

/// As Reader::for_each_piece.
void for_each_csr_piece(const storage::File& file, const Source& source, const CsrShape& shape, Range rows,
                        const FeatureVisitor& visit);

}  // namespace cauchy::data
