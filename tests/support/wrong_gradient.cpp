// A library to preload before MPI: in sums of CAUCHY_WRONG_SUM = COUNT:FIRST:LAST integers of 64 bits, which is what
// gradients are summed in, elements FIRST to LAST - 1 come back larger by 1 %.

#include <mpi.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" int MPI_Allreduce(const void* send, void* receive, int count, MPI_Datatype type, MPI_Op op, MPI_Comm ranks) {
  const int code = PMPI_Allreduce(send, receive, count, type, op, ranks);
  const char* wrong = std::getenv("CAUCHY_WRONG_SUM");
  int length = 0;
  int first = 0;
  int last = 0;
  if (op == MPI_SUM && type == MPI_INT64_T && wrong != nullptr &&
      std::sscanf(wrong, "%d:%d:%d", &length, &first, &last) == 3 && count == length) {
    for (int i = first; i < last; ++i) {
      static_cast<std::int64_t*>(receive)[i] += static_cast<std::int64_t*>(receive)[i] / 100;
    }
  }
  return code;
}
