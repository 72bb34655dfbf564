#pragma once
/// The check behind every MPI call.

#include <mpi.h>

#include <string>

#include "cauchy/core/error.hpp"

namespace cauchy::communication {

/// Throws core::Error with MPI's own words if `code` is not success.
inline void check(int code, const char* call) {
  if (code == MPI_SUCCESS) {
    return;
  }
  char text[MPI_MAX_ERROR_STRING] = "unknown error";
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw core::Error(core::ExitCode::internal_error, std::string(call) + " failed: " + text);
}

}  // namespace cauchy::communication
