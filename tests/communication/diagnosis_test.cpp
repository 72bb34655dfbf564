// The ranks at fault are named, and not too many of them.

#include "cauchy/communication/diagnosis.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/mentions.hpp"

namespace cauchy::communication {
namespace {

using test::mentions;

RankStatus waiting(int rank) {
  return {rank, "node" + std::to_string(rank), 17, 40, "MPI_Allreduce", true, 0.1};
}

RankStatus busy(int rank) {
  return {rank, "node" + std::to_string(rank), 17, 39, "computing gradients", false, 0.1};
}

TEST(Diagnosis, NamesTheDead) {
  EXPECT_EQ(
      death_text(std::vector{busy(2)}),
      "rank 2 (node2, at step 17, computing gradients) has died: killed, crashed, or cut off; go on with --resume");
  std::vector<RankStatus> host;
  for (int rank = 4; rank < 20; ++rank) {
    host.push_back(waiting(rank));
  }
  host.front().step = 0;
  const std::string text = death_text(host);
  EXPECT_TRUE(text.starts_with("rank 4 (node4, before the first step, waiting in MPI_Allreduce), rank 5 (")) << text;
  EXPECT_TRUE(mentions(text, {"rank 11 (node11, ", ") and 8 more have died"})) << text;
  EXPECT_FALSE(mentions(text, {"rank 12"})) << text;
}

TEST(Diagnosis, NamesWhoIsSilentAndWhatTheOthersWaitFor) {
  RankStatus stopped = busy(1);
  stopped.unheard_seconds = 600.2;
  EXPECT_EQ(silence_text(600.4, 600, std::vector{waiting(0), stopped, waiting(2), waiting(3)}),
            "no rank has made progress for 600 s; nothing was heard for 600 s of rank 1 (node1, at step 17, computing "
            "gradients): stopped, or cut off; the other 3 ranks wait in MPI_Allreduce at step 17; go on with --resume, "
            "or raise run.watchdog_seconds if that was work");
}

TEST(Diagnosis, NamesWhoIsBusyOrBehind) {
  RankStatus behind = waiting(2);
  behind.collectives = 39;
  behind.operation = "MPI_Bcast";
  std::string text = silence_text(600, 600, std::vector{waiting(0), busy(1), behind, busy(3)});
  EXPECT_TRUE(mentions(text, {"; rank 1 (node1, at step 17, computing gradients), rank 3 (node3, at step 17, computing "
                              "gradients) do not go on; the other 2 ranks wait in MPI_Allreduce at step 17;"}));
  text = silence_text(600, 600, std::vector{waiting(0), behind});
  EXPECT_TRUE(mentions(text, {"; rank 2 (node2, at step 17, waiting in MPI_Bcast) does not go on; rank 0 (node0) waits "
                              "in MPI_Allreduce at step 17;"}));
}

TEST(Diagnosis, SaysWhenNoRankIsAtFault) {
  const std::string text = silence_text(600, 600, std::vector{waiting(0), waiting(1)});
  EXPECT_TRUE(mentions(text, {"; all 2 ranks wait in MPI_Allreduce at step 17: the network between them or"})) << text;
  EXPECT_TRUE(mentions(silence_text(600, 600, std::vector{waiting(3)}), {"; rank 3 (node3) waits in MPI_Allreduce"}));
}

}  // namespace
}  // namespace cauchy::communication
