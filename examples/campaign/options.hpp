// SPDX-License-Identifier: BSL-1.0
/// The command line of a campaign.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "common/subject.hpp"

#include <upset/campaign/plan.hpp>
#include <upset/campaign/run.hpp>

struct Options {
  SubjectOptions subject{.network = "lenet5"};
  std::size_t images = 100;
  std::size_t per_class = 0;     ///< pictures of each class, instead of the first `images`
  std::filesystem::path list{};  ///< of faults
  upset::CampaignPlan plan{};    ///< without its subject

  std::string engine = "O3";
  double verify = 0;
  std::size_t threads = 0;
  std::filesystem::path out = "results/campaign";
  std::filesystem::path journal{};  ///< empty: in `out`
  bool resume = false;
  upset::JournalShard shard{};
  std::vector<std::filesystem::path> merge{};
  std::string command{};  ///< as it was called, for the report

  [[nodiscard]] std::filesystem::path journal_file() const {
    return journal.empty() ? out / "campaign.journal" : journal;
  }
  [[nodiscard]] upset::EngineLevel level() const {
    return static_cast<upset::EngineLevel>(engine[1] - '0');
  }
};

/// Reads the command line, and with --merge what the journals say; prints the help and exits where
/// it is asked for. Throws `upset::Error`.
[[nodiscard]] Options read_options(int argc, char** argv);
