#pragma once
/// All ranks of an MPI test.

#include "cauchy/communication/communicator.hpp"

namespace cauchy::test {

const communication::Communicator& world();

}  // namespace cauchy::test
