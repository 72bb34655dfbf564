// A library to preload before MPI: the allreduce of integers with the number CAUCHY_BROKEN_SUM that adds (1: the first)
// comes back with one bit flipped, as from a fault of memory.

#include <mpi.h>

#include <cstdint>
#include <cstdlib>

extern "C" int MPI_Allreduce(const void* send, void* receive, int count, MPI_Datatype type, MPI_Op op, MPI_Comm ranks) {
  static int sums = 0;
  const int code = PMPI_Allreduce(send, receive, count, type, op, ranks);
  if (op == MPI_SUM && (type == MPI_INT64_T || type == MPI_INT32_T)) {
    const char* broken = std::getenv("CAUCHY_BROKEN_SUM");
    if (broken != nullptr && ++sums == std::atoi(broken)) {
      // Bit 45 of 64, or 21 of 32: high enough to outlive the rounding to float.
      static_cast<std::uint8_t*>(receive)[type == MPI_INT64_T ? 5 : 2] ^= 0x20;
    }
  }
  return code;
}
