// A library to preload before MPI and libc: calls that hang, end the process, throw or take their time, as CAUCHY_FAULT
// says in words such as "hang_read" or "exit_allreduce,hang_abort".
//   hang_allreduce, spin_allreduce, exit_allreduce, throw_allreduce   the call of the number CAUCHY_FAULT_AT, from 1
//   slow_allreduce  that call and all later ones, by CAUCHY_FAULT_MS milliseconds
//   hang_read       the read of the number CAUCHY_FAULT_AT from HDF5 files, and all later ones
//   slow_read       each read of 64 KiB or more from an HDF5 file, by CAUCHY_FAULT_MS milliseconds
//   slow_write      each write of 64 KiB or more to an HDF5 file, and each fsync of one, by as much
//   hang_abort, hang_finalize   MPI_Abort, MPI_Finalize
//   no_address      numeric network addresses are not understood
//   no_shared_memory   there is none

#include <dlfcn.h>
#include <mpi.h>
#include <netdb.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace {

bool has_fault(const char* name) {
  const char* faults = std::getenv("CAUCHY_FAULT");
  return faults != nullptr &&
         ("," + std::string(faults) + ",").find("," + std::string(name) + ",") != std::string::npos;
}

int number(const char* variable) {
  const char* text = std::getenv(variable);
  return text == nullptr ? 0 : std::atoi(text);
}

void delay() {
  ::usleep(1000 * static_cast<useconds_t>(number("CAUCHY_FAULT_MS")));
}

[[noreturn]] void hang() {
  for (;;) {
    ::pause();
  }
}

bool is_hdf5(int file) {
  std::array<char, 4096> name{};
  const ssize_t length = ::readlink(("/proc/self/fd/" + std::to_string(file)).c_str(), name.data(), name.size() - 1);
  return length > 0 && std::string(name.data()).find(".h5") != std::string::npos;
}

template <typename Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int MPI_Allreduce(const void* send, void* receive, int count, MPI_Datatype type, MPI_Op op, MPI_Comm ranks) {
  static int calls = 0;
  static const int faulty_call = number("CAUCHY_FAULT_AT");
  if (++calls >= faulty_call && has_fault("slow_allreduce")) {
    delay();
  }
  if (calls == faulty_call) {
    if (has_fault("hang_allreduce")) {
      hang();
    }
    if (has_fault("spin_allreduce")) {
      for (volatile bool forever = true; forever;) {
      }
    }
    if (has_fault("exit_allreduce")) {
      std::exit(0);
    }
    if (has_fault("throw_allreduce")) {
      throw std::runtime_error("a broken rank");
    }
  }
  return PMPI_Allreduce(send, receive, count, type, op, ranks);
}

int memfd_create(const char* name, unsigned flags) noexcept {
  if (has_fault("no_shared_memory")) {
    errno = ENOSYS;
    return -1;
  }
  return real<decltype(memfd_create)>("memfd_create")(name, flags);
}

int MPI_Abort(MPI_Comm ranks, int code) {
  if (has_fault("hang_abort")) {
    hang();
  }
  return PMPI_Abort(ranks, code);
}

int MPI_Finalize() {
  if (has_fault("hang_finalize")) {
    hang();
  }
  return PMPI_Finalize();
}

ssize_t pread(int file, void* bytes, size_t count, off_t offset) {
  static std::atomic<int> reads = 0;
  if (has_fault("hang_read") && is_hdf5(file) && ++reads >= number("CAUCHY_FAULT_AT")) {
    hang();
  }
  if (count >= 65536 && has_fault("slow_read") && is_hdf5(file)) {
    delay();
  }
  return real<decltype(pread)>("pread")(file, bytes, count, offset);
}

ssize_t pwrite(int file, const void* bytes, size_t count, off_t offset) {
  if (count >= 65536 && has_fault("slow_write") && is_hdf5(file)) {
    delay();
  }
  return real<decltype(pwrite)>("pwrite")(file, bytes, count, offset);
}

int fsync(int file) {
  if (has_fault("slow_write") && is_hdf5(file)) {
    delay();
  }
  return real<decltype(fsync)>("fsync")(file);
}

int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** result) {
  if (has_fault("no_address") && hints != nullptr && (hints->ai_flags & AI_NUMERICHOST) != 0) {
    return EAI_FAIL;
  }
  return real<decltype(getaddrinfo)>("getaddrinfo")(name, service, hints, result);
}

}  // extern "C"
