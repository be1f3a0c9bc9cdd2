// SPDX-License-Identifier: BSL-1.0
/// The processes that compute a campaign.
#pragma once

#include <memory>

#include <upset/campaign/run.hpp>

/// Those that mpirun started, or this one alone.
class Processes {
 public:
  /// Throws `upset::Error` where `with_mpi` is wanted of a program built without it.
  explicit Processes(bool with_mpi);
  Processes(const Processes&) = delete;
  Processes& operator=(const Processes&) = delete;
  ~Processes();

  /// Whether this one keeps the journal and reports.
  [[nodiscard]] bool leads() const;
  /// Of the one that leads: what hands trials to the others that have this plan; `local` where
  /// there are none.
  [[nodiscard]] upset::TrialRunner lead(upset::TrialRunner local,
                                        const upset::PlanText& plan) const;
  /// Of the others: computes until the campaign ends; nothing of one with another plan than this,
  /// if it is known.
  void serve(const upset::TrialRunner& compute, const upset::PlanText& plan = {}) const;

 private:
  struct Mpi;
  std::unique_ptr<Mpi> mpi_;
};
