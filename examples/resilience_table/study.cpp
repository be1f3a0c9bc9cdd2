// SPDX-License-Identifier: BSL-1.0
#include "study.hpp"

#include <utility>

using namespace upset;

Sweep::Sweep(std::vector<Trial> all, const Count& fault_free) : trials(std::move(all)) {
  for (const Trial& trial : trials) {
    if (curve.empty() || curve.back().ber != trial.rate) {
      curve.push_back({trial.rate, {}});
    }
    curve.back().accuracies.push_back(trial.accuracy());
  }
  tolerated = tolerated_ber(curve, fault_free.rate());
  if (curve.front().accuracies.size() > 1) {
    berzad = upset::berzad(curve, fault_free.rate(), 0.95, fault_free.total);
  }
  const std::vector<CurvePoint> whole = with_fault_free(curve, fault_free.rate());
  auc = upset::auc(whole, {0, whole.back().ber});
}
