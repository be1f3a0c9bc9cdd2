// SPDX-License-Identifier: BSL-1.0
/// Plans as text, so that they can be kept and compared.
#pragma once

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace upset {

/// Names and values, in the order in which they are shown: what defines a campaign, or describes
/// what it runs on.
using PlanText = std::vector<std::pair<std::string, std::string>>;

/// "seed is 1 there and 2 here; ...": all in which two plans differ, where `here` is what the
/// second is called.
[[nodiscard]] inline std::string plan_differences(const PlanText& there, const PlanText& second,
                                                  const std::string& here) {
  const auto value_in = [](const PlanText& plan, const std::string& name) {
    const auto at = std::ranges::find(plan, name, &PlanText::value_type::first);
    return at == plan.end() ? std::nullopt : std::optional(at->second);
  };
  PlanText names = second;
  std::ranges::copy_if(there, std::back_inserter(names),
                       [&](const auto& entry) { return !value_in(second, entry.first); });
  std::string differences;
  for (const auto& [name, ignored] : names) {
    const auto found = value_in(there, name);
    const auto wanted = value_in(second, name);
    if (found != wanted) {
      differences += (differences.empty() ? "" : "; ") + name + " is " + found.value_or("absent") +
                     " there and " + wanted.value_or("absent") + " " + here;
    }
  }
  return differences;
}

}  // namespace upset
