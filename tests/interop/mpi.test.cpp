// SPDX-License-Identifier: BSL-1.0
// Run by mpirun; with UPSET_MPI_TROUBLE set, rank 1 throws and rank 2 falls silent; with "plan",
// rank 1 runs another campaign.
#include <doctest/doctest.h>

#if __has_include(<mpi.h>)

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "../campaign/subjects.hpp"

#include <upset/campaign/engine.hpp>
#include <upset/interop/mpi.hpp>

namespace upset {
namespace {

TEST_CASE("mpi: outcomes of many processes are those of one, whoever is lost") {
  if (std::getenv("OMPI_COMM_WORLD_SIZE") == nullptr && std::getenv("PMI_SIZE") == nullptr) {
    MESSAGE("skipped: not run by mpirun");
    return;
  }
  const char* const asked = std::getenv("UPSET_MPI_TROUBLE");
  const bool has_other_plan = asked != nullptr && asked == std::string("plan");
  const bool trouble = asked != nullptr && !has_other_plan;
  MpiTrials mpi;
  Network net = test::small_network();
  const TrialSource source({.trials = 500}, net);
  Engine engine(net, test::random_pictures(Shape{12}, 6), {.threads = 1});
  const TrialRunner local = run_on(engine, source);
  CampaignPlan plan = source.plan();
  plan.subject = {{"network", "a small one; \xc3\xbc"}};
  plan.seed = has_other_plan && mpi.rank() == 1 ? 9 : 1;
  if (mpi.rank() > 0) {
    int calls = 0;
    mpi.serve(
        [&](std::span<const std::uint64_t> trials, const auto& finished) {
          ++calls;
          if (trouble && mpi.rank() == 1 && calls == 3) {
            throw std::runtime_error("out of paper");
          }
          if (trouble && mpi.rank() == 2 && calls == 4) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1500));
          }
          CHECK_FALSE((has_other_plan && mpi.rank() == 1));
          return local(trials, finished);
        },
        plan_text(plan));
    return;
  }
  std::vector<std::string> lost;
  const TrialRunner runner = mpi.lead(
      local, {.patience = 0.5, .plan = plan_text(plan), .lost = [&](const std::string& why) {
                lost.push_back(why);
              }});
  std::vector<std::uint64_t> trials;
  for (std::uint64_t trial = 0; trial < source.size(); ++trial) {
    trials.push_back(trial);
  }
  std::uint64_t pairs = 0;
  const auto count = [&](std::uint64_t n) { pairs += n; };
  const std::vector<Outcomes> expected = local(trials, [](std::uint64_t) {});
  for (int again = 0; again < 3; ++again) {
    CHECK(runner(trials, count) == expected);
    CHECK(pairs == 500 * 6);
    pairs = 0;
  }
  CHECK(runner(std::span(trials).first(1), count) == std::vector{expected[0]});
  CHECK(runner({}, count).empty());
  const auto expected_losses = static_cast<std::size_t>(has_other_plan ? 1
                                                        : trouble      ? std::min(mpi.size() - 1, 2)
                                                                       : 0);
  CHECK(lost.size() == expected_losses);
  if (has_other_plan) {
    CHECK(lost == std::vector<std::string>{
                      "process 1: it runs another campaign: seed is 9 there and 1 in process 0"});
  }
  if (trouble && mpi.size() == 2) {
    CHECK(lost == std::vector<std::string>{"process 1: out of paper"});
  }
  // given up while others compute: they are waited for, and let go
  CHECK_THROWS_AS(static_cast<void>(runner(trials, [](std::uint64_t) { throw 1; })), int);
}

}  // namespace
}  // namespace upset

#endif
