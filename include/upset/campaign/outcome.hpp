// SPDX-License-Identifier: BSL-1.0
/// What faults did: the outcomes of one trial, counted over its pictures.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace upset {

/// Counts of pictures, for one trial or for many added up.
///
/// Every picture is `masked`, `changed` or `critical`; the other counts overlap with these.
struct Outcomes {
  std::uint64_t images = 0;
  std::uint64_t masked = 0;           ///< every output equal to the fault-free one; NaN equals NaN
  std::uint64_t changed = 0;          ///< outputs differ, the class is the same
  std::uint64_t critical = 0;         ///< another class than the fault-free one (in any pixel)
  std::uint64_t critical_top5 = 0;    ///< the fault-free class is not among the five highest
  std::uint64_t critical_pixels = 0;  ///< classes that changed; equals `critical` without pixels
  std::uint64_t nonfinite = 0;        ///< NaN or infinity among the outputs
  std::uint64_t detected = 0;         ///< a guard found an error and could not correct it
  std::uint64_t corrected = 0;        ///< a guard corrected an error
  std::uint64_t correct = 0;          ///< classified correctly, with the faults
  std::uint64_t beneficial = 0;       ///< wrong without the faults, right with them

  /// A count and its name, as columns of tables and journals have it.
  struct Field {
    std::string_view name;
    std::uint64_t Outcomes::*count;
  };
  [[nodiscard]] static constexpr std::array<Field, 11> fields() {
    return {{{"images", &Outcomes::images},
             {"masked", &Outcomes::masked},
             {"changed", &Outcomes::changed},
             {"critical", &Outcomes::critical},
             {"critical_top5", &Outcomes::critical_top5},
             {"critical_pixels", &Outcomes::critical_pixels},
             {"nonfinite", &Outcomes::nonfinite},
             {"detected", &Outcomes::detected},
             {"corrected", &Outcomes::corrected},
             {"correct", &Outcomes::correct},
             {"beneficial", &Outcomes::beneficial}}};
  }

  constexpr Outcomes& operator+=(const Outcomes& other) {
    for (const Field& field : fields()) {
      this->*field.count += other.*field.count;
    }
    return *this;
  }
  [[nodiscard]] friend constexpr bool operator==(const Outcomes&, const Outcomes&) = default;
};

/// "masked 1 against 0, changed 0 against 1": the counts in which `found` is not `expected`.
[[nodiscard]] inline std::string differences(const Outcomes& found, const Outcomes& expected) {
  std::string text;
  for (const Outcomes::Field& field : Outcomes::fields()) {
    if (found.*field.count != expected.*field.count) {
      text += (text.empty() ? "" : ", ") + std::string(field.name) + " " +
              std::to_string(found.*field.count) + " against " +
              std::to_string(expected.*field.count);
    }
  }
  return text;
}

}  // namespace upset
