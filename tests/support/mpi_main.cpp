// Runs the tests of an executable on every rank of a job; the job fails if any rank's test does.

#include <gtest/gtest.h>

#include <iostream>

#include "cauchy/communication/session.hpp"
#include "support/world.hpp"

namespace {

const cauchy::communication::Session* session = nullptr;

}  // namespace

namespace cauchy::test {

const communication::Communicator& world() {
  return session->world();
}

}  // namespace cauchy::test

int main(int argc, char** argv) {
  const cauchy::communication::Session mpi(argc, argv);
  session = &mpi;
  testing::InitGoogleTest(&argc, argv);
  // One voice is enough: the others speak when something fails.
  auto& listeners = testing::UnitTest::GetInstance()->listeners();
  if (!mpi.world().is_root()) {
    class FailuresOnly : public testing::EmptyTestEventListener {
      void OnTestPartResult(const testing::TestPartResult& result) override {
        if (result.failed()) {
          std::cerr << result.file_name() << ":" << result.line_number() << ": " << result.message() << std::endl;
        }
      }
    };
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(new FailuresOnly);
  }
  const int result = RUN_ALL_TESTS();
  if (result != 0) {
    cauchy::communication::abort(1);  // a rank that failed may have left the others in a collective
  }
  return 0;
}
