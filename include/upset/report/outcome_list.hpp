// SPDX-License-Identifier: BSL-1.0
/// What each fault of a list did, as a table beside the list.
#pragma once

#include <charconv>
#include <cmath>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <upset/campaign/outcome.hpp>
#include <upset/fault/fault_list.hpp>
#include <upset/report/csv.hpp>

namespace upset {

/// What one listed fault did.
struct ListedOutcome {
  float old_value = 0;  ///< of the element, as read from memory
  float new_value = 0;  ///< the same under the fault
  Outcomes outcomes;
};

/// The shortest text that reads back as exactly `x`; "nan", "inf" and "-inf" without payload.
[[nodiscard]] inline std::string float_text(float x) {
  char text[32];
  const char* const end = std::to_chars(text, text + sizeof text, x).ptr;
  return std::isnan(x) ? "nan" : std::string(static_cast<const char*>(text), end);
}

/// Writes one row for each fault, in the order of the list; `read_fault_list` reads it again.
///
/// - errors: another number of outcomes than of faults, or a file that cannot be written: `Error`
inline void write_outcomes(std::filesystem::path path, std::span<const ListedFault> faults,
                           std::span<const ListedOutcome> outcomes) {
  if (faults.size() != outcomes.size()) {
    throw Error("There are " + std::to_string(outcomes.size()) + " outcomes for a list of " +
                std::to_string(faults.size()) + " faults; give one for each");
  }
  CsvWriter csv(std::move(path),
                {"layer", "parameter", "index", "bit", "old_value", "new_value", "images", "masked",
                 "changed", "critical", "nonfinite", "critical_top5"});
  for (std::size_t i = 0; i < faults.size(); ++i) {
    const ListedFault& fault = faults[i];
    const Outcomes& did = outcomes[i].outcomes;
    csv.row({fault.layer, fault.parameter, fault.index, fault.bit,
             float_text(outcomes[i].old_value), float_text(outcomes[i].new_value), did.images,
             did.masked, did.changed, did.critical, did.nonfinite, did.critical_top5});
  }
  csv.close();
}

}  // namespace upset
