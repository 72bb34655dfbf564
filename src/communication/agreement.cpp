// Local work that may fail on some ranks only.

#include "cauchy/communication/agreement.hpp"

#include <exception>
#include <new>
#include <optional>
#include <string>

#include "cauchy/core/error.hpp"

namespace cauchy::communication {
namespace {

std::optional<core::Error> failure_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const core::Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return core::Error(core::ExitCode::internal_error, "out of memory");
  } catch (const std::exception& error) {
    return core::Error(core::ExitCode::internal_error, error.what());
  }
  return std::nullopt;
}

}  // namespace

void agree(const Communicator& ranks, const std::function<void()>& work) {
  const std::optional<core::Error> failure = failure_of(work);
  // The lowest rank that failed is the largest of these numbers; 0: none did.
  std::int64_t failed = failure ? ranks.size() - ranks.rank() : 0;
  ranks.maximum<std::int64_t>({&failed, 1});
  if (failed == 0) {
    return;
  }
  const int source = static_cast<int>(ranks.size() - failed);
  std::string message = failure ? failure->what() : "";
  std::int32_t code = failure ? static_cast<std::int32_t>(failure->code()) : 0;
  ranks.broadcast(message, source);
  ranks.broadcast<std::int32_t>({&code, 1}, source);
  if (source != 0) {
    message += " (found by rank " + std::to_string(source) + ")";
  }
  throw core::Error(static_cast<core::ExitCode>(code), message).as_agreed();
}

void agree_on_root(const Communicator& ranks, const std::function<void()>& work) {
  agree(ranks, [&] {
    if (ranks.is_root()) {
      work();
    }
  });
}

}  // namespace cauchy::communication
