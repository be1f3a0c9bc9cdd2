// SPDX-License-Identifier: BSL-1.0
/// What a campaign hits: a network in a format, and pictures.
#pragma once

#include <cstdint>
#include <vector>

#include "options.hpp"

#include <upset/campaign/journal.hpp>
#include <upset/campaign/sweep.hpp>
#include <upset/fault/fault_list.hpp>
#include <upset/nn/network.hpp>

struct CampaignSubject {
  upset::Network network;
  std::string format{};  ///< of its weights
  upset::LabelledImages test{};
  std::vector<upset::ListedFault> list{};  ///< in the order of the file
  std::vector<std::uint64_t> bits{};       ///< they hit, of all images of the network
  upset::CampaignPlan plan{};              ///< with all that its outcomes depend on
  upset::PlanText environment{};           ///< and what they do not: the machine, where files lie
};

/// Loads weights, pictures and lists, and brings the network into its format. Throws `upset::Error`
/// for whatever does not fit.
[[nodiscard]] CampaignSubject make_subject(const Options& options);
