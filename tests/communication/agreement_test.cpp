// Work that fails on some ranks fails on all of them in the same words.

#include "cauchy/communication/agreement.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "cauchy/core/error.hpp"
#include "support/world.hpp"

namespace cauchy::communication {
namespace {

using test::world;

core::Error error_of(const std::function<void()>& work) {
  try {
    agree(world(), work);
  } catch (const core::Error& error) {
    return error;
  }
  return {core::ExitCode::done, "no error"};
}

TEST(Agreement, PassesWhenAllPass) {
  int calls = 0;
  agree(world(), [&] { ++calls; });
  EXPECT_EQ(calls, 1);
}

TEST(Agreement, TellsTheLowestFailureEverywhere) {
  for (int failing = 0; failing < world().size(); ++failing) {
    const core::Error error = error_of([&] {
      if (world().rank() >= failing) {
        throw core::UserError("fault of rank " + std::to_string(world().rank()));
      }
    });
    const std::string number = std::to_string(failing);
    EXPECT_EQ(std::string(error.what()),
              "fault of rank " + number + (failing == 0 ? "" : " (found by rank " + number + ")"));
    EXPECT_EQ(error.code(), core::ExitCode::user_error);
    EXPECT_TRUE(error.agreed());
  }
}

TEST(Agreement, TurnsOtherExceptionsIntoInternalErrors) {
  const core::Error error = error_of([] {
    if (world().rank() == world().size() - 1) {
      throw std::logic_error("broken");
    }
  });
  EXPECT_TRUE(std::string(error.what()).starts_with("broken")) << error.what();
  EXPECT_EQ(error.code(), core::ExitCode::internal_error);
}

TEST(Agreement, OnRootRunsThereOnly) {
  int calls = 0;
  agree_on_root(world(), [&] { ++calls; });
  EXPECT_EQ(calls, world().is_root() ? 1 : 0);
}

}  // namespace
}  // namespace cauchy::communication
