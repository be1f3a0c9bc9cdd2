// SPDX-License-Identifier: BSL-1.0
#include "study.hpp"

#include <utility>

using namespace upset;

Sweep::Sweep(std::vector<Trial> all, double fault_free) : trials(std::move(all)) {
  for (const Trial& trial : trials) {
    if (curve.empty() || curve.back().ber != trial.rate) {
      curve.push_back({trial.rate, {}});
    }
    curve.back().accuracies.push_back(trial.accuracy());
  }
  tolerated = tolerated_ber(curve, fault_free);
  if (curve.front().accuracies.size() > 1) {
    berzad = upset::berzad(curve, fault_free);
  }
  const std::vector<CurvePoint> whole = with_fault_free(curve, fault_free);
  auc = upset::auc(whole, {0, whole.back().ber});
}
