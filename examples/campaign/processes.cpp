// SPDX-License-Identifier: BSL-1.0
#include "processes.hpp"

#include <iostream>
#include <utility>

#include <upset/core/error.hpp>

using namespace upset;

#if __has_include(<mpi.h>)

#include <upset/interop/mpi.hpp>

struct Processes::Mpi {
  MpiTrials trials;
};

Processes::Processes(bool with_mpi) : mpi_(with_mpi ? std::make_unique<Mpi>() : nullptr) {}

bool Processes::leads() const { return mpi_ == nullptr || mpi_->trials.rank() == 0; }

TrialRunner Processes::lead(TrialRunner local, const PlanText& plan) const {
  return mpi_ == nullptr ? std::move(local)
                         : mpi_->trials.lead(std::move(local),
                                             {.plan = plan, .lost = [](const std::string& why) {
                                                std::cerr << "campaign: lost " << why << '\n';
                                              }});
}

void Processes::serve(const TrialRunner& compute, const PlanText& plan) const {
  mpi_->trials.serve(compute, plan);
}

#else

struct Processes::Mpi {};

Processes::Processes(bool with_mpi) {
  if (with_mpi) {
    throw Error("--mpi: this program was built without MPI; install it and build again");
  }
}

bool Processes::leads() const { return true; }

TrialRunner Processes::lead(TrialRunner local, const PlanText& /*plan*/) const { return local; }

void Processes::serve(const TrialRunner& /*compute*/, const PlanText& /*plan*/) const {}

#endif

Processes::~Processes() = default;
